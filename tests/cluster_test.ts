import { assertEquals } from "@std/assert";
import type { ChatOptions } from "../server.ts";
import { until } from "./chaos/setting.ts";
import type { RawSocket, TestChat } from "./fixtures.ts";
import { NatsServer, NEEDS_NATS } from "./nats_server.ts";
import { startNode } from "./node.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;

function test(
  name: string,
  run: (a: TestChat, b: TestChat) => Promise<void>,
  options?: ChatOptions,
): void {
  Deno.test({
    name: `two nodes: ${name}`,
    ...NEEDS_NATS,
    fn: async () => {
      const cluster = { hosts: nats?.host ?? "", name: `cluster${++names}` };
      await using a = startNode(cluster, options);
      await using b = startNode(cluster, options);
      await run(a, b);
      assertEquals([...a.errors, ...b.errors], []);
    },
  });
}

/** The next entries, of which only what tells them apart is kept. */
async function heard(socket: RawSocket, count: number): Promise<string[]> {
  const entries = await socket.entries(count);
  return entries.map((entry) => `${entry.from} ${"body" in entry ? entry.body : entry.event}`);
}

test("what is said at one is heard at the other, at the same place", async (a, b) => {
  const { host: ana, roomId, made } = await a.host1("Lobby", { name: "Ana" });
  await using ben = await b.v1({ name: "Ben" });
  const joined = await ben.ask({ action: "join", body: { room_id: roomId, last: 10 } });
  assertEquals([joined.room_name, joined.epoch], ["Lobby", made.epoch]);
  assertEquals(joined.members, [
    { client_id: ana.id, name: "Ana" },
    { client_id: ben.id, name: "Ben" },
  ]);
  assertEquals(await heard(ben, 2), [`${ana.id} join`, `${ben.id} join`]);
  assertEquals(await heard(ana, 1), [`${ben.id} join`]);
  ana.send({ action: "message", room_id: roomId, n: 1, body: "hello" });
  ben.send({ action: "message", room_id: roomId, n: 1, body: "hi" });
  const [there, here] = [await ana.entries(2), await ben.entries(2)];
  assertEquals(there, here);
  assertEquals(there.map(({ from }) => from).sort(), [ana.id, ben.id].sort());
  await ana.close();
});

test("somebody whose connection ends is away at the other, and comes back there", async (a, b) => {
  const { host: ana, roomId, made } = await a.host1();
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  assertEquals(await heard(ben, 1), [`${ben.id} join`]);
  ana.send({ action: "message", room_id: roomId, n: 1, body: "one" });
  const [one] = await ben.entries(1);
  await ana.close();
  assertEquals(await heard(ben, 1), [`${ana.id} away`]);
  ben.send({ action: "message", room_id: roomId, n: 1, body: "two" });
  assertEquals(await heard(ben, 1), [`${ben.id} two`]);

  await using again = await b.v1({ session: String(ana.welcome.session) });
  assertEquals([again.welcome.client_id, again.welcome.resumed], [ana.id, true]);
  const body = { room_id: roomId, epoch: made.epoch, after: one?.seq };
  const joined = await again.ask({ action: "join", body });
  assertEquals(joined.recovered, true);
  assertEquals(await heard(again, 3), [`${ana.id} away`, `${ben.id} two`, `${ana.id} back`]);
  assertEquals(await heard(ben, 1), [`${ana.id} back`]);
  // A message that was stored there is a repeat here, and the next one is the next one.
  const repeat = await again.ask({ action: "message", room_id: roomId, n: 1, body: "one" });
  assertEquals(repeat, { status: "success", n: 1, duplicate: true, seq: one?.seq });
  again.send({ action: "message", room_id: roomId, n: 2, body: "three" });
  assertEquals(await heard(ben, 1), [`${ana.id} three`]);
  await again.close(1000);
  assertEquals(await heard(ben, 1), [`${ana.id} leave`]);
});

test("a newer connection at the other takes over, and nobody is away", async (a, b) => {
  const { host: ana, roomId, made } = await a.host1();
  await using ben = await a.v1();
  await ben.ask({ action: "join", body: roomId });
  await heard(ben, 1);
  await using again = await b.v1({ session: String(ana.welcome.session) });
  assertEquals((await ana.closed()).code, 4500);
  const body = { room_id: roomId, epoch: made.epoch, after: 0 };
  const joined = await again.ask({ action: "join", body });
  assertEquals((joined.members as unknown[]).length, 2);
  assertEquals(await heard(ben, 1), [`${ana.id} back`]);
  again.send({ action: "message", room_id: roomId, n: 1, body: "here" });
  assertEquals(await heard(ben, 1), [`${ana.id} here`]);
  await ben.silence();
  // And back again: the place it left behind there is nobody's.
  await using third = await a.v1({ session: String(ana.welcome.session) });
  assertEquals((await again.closed()).code, 4500);
  assertEquals(third.welcome.resumed, true);
  await third.ask({ action: "join", body: { ...body, after: made.seq } });
  assertEquals(await heard(ben, 1), [`${ana.id} back`]);
  third.send({ action: "message", room_id: roomId, n: 2, body: "there" });
  assertEquals(await heard(ben, 1), [`${ana.id} there`]);
});

test(
  "a client that went to the other leaves the rooms that it does not take up there",
  async (a, b) => {
    const { host: ana, roomId } = await a.host1();
    await using ben = await a.v1();
    await ben.ask({ action: "join", body: roomId });
    await heard(ben, 1);
    await using _again = await b.v1({ session: String(ana.welcome.session) });
    await ana.closed();
    assertEquals(await heard(ben, 1), [`${ana.id} leave`]);
  },
  { graceMs: 400 },
);

test("a message that is sent three times at both is stored once", async (a, b) => {
  const { host: ana, roomId, made } = await a.host1();
  const bodies = Array.from({ length: 100 }, (_, i) => `${i + 1}`);
  const all = { action: "messages", room_id: roomId, n: 1, body: bodies };
  ana.send(all);
  const first = await ana.entries(100);
  ana.send(all);
  for (let n = 1; n <= 100; n++) {
    assertEquals(await ana.next(), {
      status: "success",
      n,
      duplicate: true,
      seq: first[n - 1]?.seq,
    });
  }
  await using again = await b.v1({ session: String(ana.welcome.session) });
  await again.ask({ action: "join", body: { room_id: roomId, epoch: made.epoch, after: 0 } });
  assertEquals((await again.entries(102)).slice(1, 101), first);
  again.send(all);
  for (let n = 1; n <= 100; n++) {
    assertEquals(await again.next(), {
      status: "success",
      n,
      duplicate: true,
      seq: first[n - 1]?.seq,
    });
  }
  await again.silence();
});

test("a room that is deleted at one is gone at the other", async (a, b) => {
  const { host: ana, roomId } = await a.host1();
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  await heard(ben, 1);
  await heard(ana, 1);
  b.chat.deleteRoom(roomId);
  await until(() => a.chat.size.rooms === 0, "the room stays");
  const error = await ana.ask({ action: "message", room_id: roomId, n: 1, body: "x" });
  assertEquals(error.code, "room_gone");
  await using cat = await a.v1();
  assertEquals((await cat.ask({ action: "join", body: roomId })).code, "room_not_found");
  await ana.close();
});

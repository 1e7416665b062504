import { assert, assertEquals } from "@std/assert";
import type { MemberInfo } from "../../src/protocol/frames.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import type { RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";

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
      await using a = await workingNode(cluster, options);
      await using b = await workingNode(cluster, options);
      await run(a, b);
      assertEquals([...a.errors, ...b.errors], []);
    },
  });
}

/** The next entries, of which only what tells them apart is kept. */
async function heard(socket: RawSocket, count: number): Promise<string[]> {
  const entries = await socket.entries(count);
  return entries.map((entry) =>
    `${entry.from} ${"body" in entry ? entry.body : "event" in entry ? entry.event : "change"}`
  );
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
  // Within a second of its coming back nobody knows which of the two is newer.
  assert([4004, 4500].includes((await again.closed()).code));
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

test("that somebody types at one is seen at the other", async (a, b) => {
  const { host: ana, roomId } = await a.host1("Lobby", { name: "Ana" });
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  await heard(ben, 1);
  await heard(ana, 1);
  ana.send({ action: "typing", room_id: roomId });
  const typing = { event: "typing", room_id: roomId, from: ana.id, name: "Ana" };
  assertEquals(await ben.next(), typing);
  await ana.silence();
  await ana.close();
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

Deno.test(
  "the members of a node that is cut off leave once when its lease is over, and come back",
  {
    ...NEEDS_NATS,
  },
  async () => {
    const name = `cluster${++names}`;
    await using proxy = await FaultProxy.to(nats?.host ?? "");
    await using lost = await workingNode({ hosts: proxy.host, name });
    await using a = await workingNode({ hosts: nats?.host ?? "", name });
    await using b = await workingNode({ hosts: nats?.host ?? "", name });
    await using ana = await lost.v1({ name: "Ana" });
    const made = await ana.ask({ action: "create", body: "Lobby" });
    const body = made.room_id;
    assertEquals(await heard(ana, 1), [`${ana.id} join`]);
    await using ben = await a.v1();
    await ben.ask({ action: "join", body });
    await using cleo = await b.v1();
    await cleo.ask({ action: "join", body });
    assertEquals(await heard(ben, 2), [`${ben.id} join`, `${cleo.id} join`]);
    assertEquals(await heard(ana, 2), [`${ben.id} join`, `${cleo.id} join`]);

    proxy.blackhole();
    assertEquals(await heard(ben, 1), [`${ana.id} leave`]);
    await using late = await b.v1();
    const joined = await late.ask({ action: "join", body });
    const members = joined.members as MemberInfo[];
    assertEquals(
      members.map(({ client_id }) => client_id).sort(),
      [ben.id, cleo.id, late.id].sort(),
    );
    proxy.heal();
    // The leave that it is told is its own: it is still here, and says so.
    const expected = [`${ana.id} leave`, `${late.id} join`, `${ana.id} join`];
    assertEquals(await heard(ana, 3), expected);
    assertEquals(await heard(ben, 2), expected.slice(1));
    ana.send({ action: "message", room_id: body, n: 1, body: "still here" });
    assertEquals(await heard(ana, 1), [`${ana.id} still here`]);
    assertEquals(await heard(ben, 1), [`${ana.id} still here`]);
    await Promise.all([ana, ben].map((socket) => socket.silence()));
  },
);

Deno.test("who was elsewhere while its node was cut off stays with that node, and goes on", {
  ...NEEDS_NATS,
}, async () => {
  const name = `cluster${++names}`;
  await using proxy = await FaultProxy.to(nats?.host ?? "");
  await using lost = await workingNode({ hosts: proxy.host, name });
  await using b = await workingNode({ hosts: nats?.host ?? "", name }, { leaseMs: 60_000 });
  const { host: ana, roomId } = await lost.host1("Lobby", { name: "Ana" });
  ana.send({ action: "message", room_id: roomId, n: 1, body: "one" });
  await ana.entries(1);
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  await heard(ben, 1);
  proxy.blackhole();
  await until(() => lost.log.some(({ event }) => event === "store cannot write"), "not cut off");
  const session = String(ana.welcome.session);
  await ana.close();
  // Nobody can ask its node what is stored: it has to say so itself.
  await using there = await b.v1({ session, n: 1 });
  await there.ask({ action: "join", body: roomId });
  there.send({ action: "message", room_id: roomId, n: 2, body: "two" });
  assertEquals(await heard(ben, 2), [`${ana.id} back`, `${ana.id} two`]);
  await there.close();
  assertEquals(await heard(ben, 1), [`${ana.id} away`]);
  await using again = await lost.v1({ session, n: 2 });
  assertEquals([again.welcome.resumed, again.welcome.n], [true, 2]);
  await again.ask({ action: "join", body: roomId });
  proxy.heal();
  assertEquals(await heard(ben, 1), [`${ana.id} back`]);
  again.send({ action: "message", room_id: roomId, n: 3, body: "three" });
  assertEquals(await heard(ben, 1), [`${ana.id} three`]);
});

Deno.test("who has gone on elsewhere comes back from a node that did not see it go", {
  ...NEEDS_NATS,
}, async () => {
  const name = `cluster${++names}`;
  await using proxy = await FaultProxy.to(nats?.host ?? "");
  await using lost = await workingNode({ hosts: proxy.host, name });
  await using b = await workingNode({ hosts: nats?.host ?? "", name }, { leaseMs: 60_000 });
  const { host: ana } = await lost.host1();
  const hello = { session: String(ana.welcome.session), n: 0, sent: 0 };
  proxy.blackhole();
  await until(() => lost.log.some(({ event }) => event === "store cannot write"), "not cut off");
  await ana.close();
  await using open = await lost.v1(hello);
  await using there = await b.v1(hello);
  assertEquals([open.welcome.resumed, there.welcome.resumed], [true, true]);
  proxy.heal();
  assertEquals((await there.closed()).code, 4004);
  await using again = await b.v1(hello);
  assertEquals(again.welcome.resumed, true);
  assert([4004, 4500].includes((await open.closed()).code));
});

Deno.test("who comes to a room later finds its members, however long ago they came", {
  ...NEEDS_NATS,
}, async () => {
  const cluster = { hosts: nats?.host ?? "", name: `cluster${++names}` };
  const options = { logEntries: 8 };
  await using a = await workingNode(cluster, options);
  await using b = await workingNode(cluster, options);
  const { host: ana, roomId } = await a.host1("Lobby", { name: "Ana" });
  for (let n = 1; n <= 40; n++) ana.send({ action: "message", room_id: roomId, n, body: `${n}` });
  await ana.entries(40);
  await using ben = await b.v1();
  const join = () => ben.ask({ action: "join", body: { room_id: roomId, last: 8 } });
  let joined = await join();
  // A store far away may want to be asked again.
  for (let tries = 0; joined.code === "unavailable" && tries < 10; tries++) joined = await join();
  assertEquals([joined.code, joined.members], [
    undefined,
    [{ client_id: ana.id, name: "Ana" }, { client_id: ben.id }],
  ]);
  assertEquals((await ben.entries(8)).at(-1)?.from, ana.id);
  await ana.close(1000);
});

Deno.test("a node in a room that nobody there is in hears nothing of it", {
  ...NEEDS_NATS,
}, async () => {
  const name = `cluster${++names}`;
  await using proxy = await FaultProxy.to(nats?.host ?? "");
  await using a = await workingNode({ hosts: nats?.host ?? "", name });
  await using b = await workingNode({ hosts: proxy.host, name }, { emptyRoomMs: 0 });
  const { host: ana, roomId } = await a.host1();
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  await ben.ask({ action: "leave", body: { room_id: roomId } });
  await until(() => b.chat.size.rooms === 0, "the room stays open");
  await heard(ana, 2);
  // An answer of NATS: it has read before that that this node listens no more.
  ben.send({ action: "join", body: "0000-0000-0000-0000" });
  await ben.until(({ code }) => code === "room_not_found");
  const before = proxy.passed.down;
  ana.send({ action: "message", room_id: roomId, n: 1, body: "x".repeat(50_000) });
  await heard(ana, 1);
  assert(proxy.passed.down - before < 50_000, `${proxy.passed.down - before} bytes`);
  await ana.close(1000);
});

test("how far somebody has read at one is known at the other", async (a, b) => {
  const { host: ana, roomId } = await a.host1();
  await using ben = await b.v1();
  await ben.ask({ action: "join", body: roomId });
  assertEquals(await heard(ben, 1), [`${ben.id} join`]);
  ben.send({ action: "message", room_id: roomId, n: 1, body: "hi" });
  const [, { seq }] = await ana.entries(2) as [unknown, { seq: number }];
  const read = await ana.ask({ action: "read", body: { room_id: roomId, seq }, ref: 1 });
  assertEquals(read, { status: "success", room_id: roomId, seq, ref: 1 });
  await ana.close();
  await using again = await b.v1({ session: String(ana.welcome.session) });
  assertEquals(again.welcome.resumed, true);
  assertEquals((await again.ask({ action: "join", body: roomId })).read, seq);
});

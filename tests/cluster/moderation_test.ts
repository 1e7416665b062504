import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import type { RawSocket, TestChat } from "../support/fixtures.ts";
import { workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;

function test(name: string, run: (nodes: () => Promise<TestChat>) => Promise<void>): void {
  Deno.test({
    name: `moderation on several nodes: ${name}`,
    ...NEEDS_NATS,
    fn: () => {
      const cluster = { hosts: nats?.host ?? "", name: `moderation${++names}` };
      return run(() => workingNode(cluster));
    },
  });
}

/** Asks for moderation of a room; returns the answer. */
async function ask(
  socket: RawSocket,
  action: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  socket.send({ action, body, ref: "moderation" });
  return await socket.until(({ ref }) => ref === "moderation");
}

/** Joins, also where the node has not heard yet that it may. */
async function join(
  socket: RawSocket,
  room_id: string,
  last = 0,
): Promise<Record<string, unknown>> {
  return await ask(socket, "join", { room_id, last });
}

test("who is banned at one is removed at the other, and nowhere let in", async (node) => {
  await using a = await node();
  await using b = await node();
  const { host: ana, roomId } = await a.host1();
  await using _ana = ana;
  await using ben = await b.v1();
  assertEquals((await join(ben, roomId)).you, { role: "member" });
  const to = ben.id;
  const given = await ask(ana, "role", { room_id: roomId, to, role: "none", reason: "Spam" });
  assertEquals(given.status, "success");
  const removed = await ben.until(({ event }) => event === "removed");
  assertEquals([removed.seq, removed.reason], [given.seq, "Spam"]);
  await using again = await a.v1({ session: String(ben.welcome.session) });
  assertEquals(again.id, to);
  assertEquals((await join(again, roomId)).code, "room_not_found");
  await ask(ana, "role", { room_id: roomId, to, role: "member" });
  assertEquals((await join(again, roomId)).you, { role: "member" });
});

test("requests of who may not moderate are refused at every node", async (node) => {
  await using a = await node();
  await using b = await node();
  const { host: ana, roomId } = await a.host1();
  await using _ana = ana;
  await using ben = await b.v1();
  await join(ben, roomId);
  const kick = await ask(ben, "kick", { room_id: roomId, to: ana.id });
  assertEquals([kick.status, kick.code], ["error", "forbidden"]);
  await ask(ana, "role", { room_id: roomId, to: ben.id, role: "moderator" });
  await ben.until(({ entries }) => (entries as Entry[] ?? []).some((entry) => "role" in entry));
  const topic = await ask(ben, "room", { room_id: roomId, topic: "Cats" });
  assertEquals(topic.status, "success");
  assertEquals((await ask(ben, "kick", { room_id: roomId, to: ana.id })).code, "forbidden");
  assertEquals((await ask(ben, "delete", { room_id: roomId })).code, "forbidden");
});

test("roles and settings are there when all nodes have ended and begun again", async (node) => {
  let roomId = "";
  let banned = { id: "", session: "" };
  let owner = "";
  {
    await using a = await node();
    const { host: ana, roomId: id } = await a.host1();
    await using _ana = ana;
    roomId = id;
    owner = String(ana.welcome.session);
    await using ben = await a.v1();
    banned = { id: ben.id, session: String(ben.welcome.session) };
    await ask(ana, "role", { room_id: roomId, to: ben.id, role: "none" });
    await ask(ana, "room", { room_id: roomId, default: "reader", topic: "Cats" });
  }
  await using b = await node();
  await using ben = await b.v1({ session: banned.session });
  assertEquals(ben.id, banned.id);
  assertEquals((await join(ben, roomId)).code, "room_not_found");
  await using cid = await b.v1();
  const joined = await join(cid, roomId);
  assertEquals([joined.you, joined.settings], [{ role: "reader" }, {
    default: "reader",
    topic: "Cats",
  }]);
  cid.send({ action: "message", room_id: roomId, n: 1, body: "x" });
  assertEquals((await cid.until(({ n }) => n === 1)).code, "forbidden");
  await using ana = await b.v1({ session: owner });
  assertEquals((await join(ana, roomId)).you, { role: "owner" });
});

test("roles outlast the entries that gave them, for a node that opens the room later too", async (node) => {
  await using a = await node();
  const { host: ana, roomId } = await a.host1();
  await using _ana = ana;
  await ask(ana, "role", { room_id: roomId, to: "mallory", role: "none" });
  for (let n = 1; n <= 1_100; n++) {
    ana.send({ action: "message", room_id: roomId, n, body: "x" });
  }
  await until(async () => {
    const [last] = (await ana.next()).entries as Entry[] ?? [];
    return last !== undefined && "n" in last && last.n > 1_000;
  }, "not all is said");
  await using b = await node();
  await using ben = await b.v1();
  await join(ben, roomId);
  await ask(ana, "role", { room_id: roomId, to: ben.id, role: "moderator" });
  await using cid = await b.v1({ session: String(ben.welcome.session) });
  const joined = await join(cid, roomId);
  const roles = joined.roles as { to: string; role: string }[];
  assert(roles.some(({ to, role }) => to === "mallory" && role === "none"), JSON.stringify(joined));
});

import { assert, assertEquals } from "@std/assert";
import { MAX_FRAME_CHARS } from "../../src/protocol/frames.ts";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import type { Frame, RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;

/** The ways of refusing message 4, each with what makes the same number welcome again. */
const REFUSALS: Record<string, (socket: RawSocket, roomId: string) => void> = {
  "a body that is too large": (socket, room_id) =>
    socket.send({ action: "message", room_id, n: 4, body: "x".repeat(70_000) }),
  "a frame that is too long to be read": (socket, room_id) =>
    socket.send({ action: "message", room_id, n: 4, body: "x".repeat(MAX_FRAME_CHARS) }),
  "a body that is no text": (socket, room_id) =>
    socket.send({ action: "message", room_id, n: 4, body: 4 }),
  "no JSON": (socket) => socket.sendRaw('{"action":"message","n":4'),
  "a binary frame": (socket) => socket.sendRaw(new Uint8Array(9)),
  "an action that is none": (socket, room_id) => socket.send({ action: "say", room_id, n: 4 }),
  "a room it is not in": (socket) =>
    socket.send({ action: "message", room_id: "0000-0000-0000-0000", n: 4, body: "x" }),
};

/** Somebody who said three things at one node and comes back at the other, to its room. */
async function moved(one: TestChat, other: TestChat): Promise<{ socket: RawSocket; room: string }> {
  const { host: ana, roomId: room, made } = await one.host1();
  ana.send({ action: "messages", room_id: room, n: 1, body: ["1", "2", "3"] });
  const last = (await ana.entries(3)).at(-1)?.seq;
  await ana.close();
  const socket = await other.v1({ session: String(ana.welcome.session) });
  assertEquals([socket.id, socket.welcome.resumed, socket.welcome.n], [ana.id, true, 3]);
  await socket.ask({ action: "join", body: { room_id: room, epoch: made.epoch, after: last } });
  await socket.entries(2);
  return { socket, room };
}

for (const [what, refuse] of Object.entries(REFUSALS)) {
  Deno.test({
    name: `nothing behind a refused number is taken at another node: ${what}`,
    ...NEEDS_NATS,
    fn: async () => {
      const cluster = { hosts: nats?.host ?? "", name: `numbers${++names}` };
      await using a = await workingNode(cluster);
      await using b = await workingNode(cluster);
      const { socket, room } = await moved(a, b);
      await using _socket = socket;
      refuse(socket, room);
      assertEquals((await socket.next()).status, "error");
      const say = (n: number): Frame => ({ action: "message", room_id: room, n, body: `${n}` });
      const behind = await socket.ask(say(5));
      assertEquals([behind.code, behind.n], ["out_of_order", 5]);
      socket.send(say(4));
      socket.send(say(5));
      const entries = await socket.entries(2);
      assertEquals(entries.map((entry) => "body" in entry && entry.body), ["4", "5"]);
      await socket.silence();
    },
  });
}

Deno.test({
  name: "who goes to another node while its messages are on their way is told which are stored",
  ...NEEDS_NATS,
  fn: async () => {
    const name = `numbers${++names}`;
    await using slow = await FaultProxy.to(nats?.host ?? "");
    await using a = await workingNode({ hosts: slow.host, name });
    await using b = await workingNode({ hosts: nats?.host ?? "", name });
    const { host: ana, roomId, made } = await a.host1();
    slow.delay(20);
    const say = (from: number) => {
      const body = Array.from({ length: 41 - from }, (_, i) => `${from + i}`);
      return { action: "messages", room_id: roomId, n: from, body };
    };
    ana.send(say(1));
    await ana.entries(2);
    await using there = await b.v1({ session: String(ana.welcome.session) });
    const { resumed, n } = there.welcome;
    assertEquals(resumed, true);
    // One was on its way; what waited behind it never will be.
    assert(Number(n) >= 2 && Number(n) < 40, `${n}`);
    await there.ask({ action: "join", body: { room_id: roomId, epoch: made.epoch, after: 0 } });
    there.send(say(Number(n) + 1));
    const bodies: string[] = [];
    while (bodies.length < 40) {
      const entry = await there.entry();
      if ("body" in entry) bodies.push(entry.body);
    }
    assertEquals(bodies, Array.from({ length: 40 }, (_, i) => `${i + 1}`));
    await there.silence();
  },
});

Deno.test({
  name: "whose node cannot be asked what is stored goes on by its own word, or as another client",
  ...NEEDS_NATS,
  fn: async () => {
    const name = `numbers${++names}`;
    await using line = await FaultProxy.to(nats?.host ?? "");
    await using a = await workingNode({ hosts: line.host, name });
    await using b = await workingNode({ hosts: nats?.host ?? "", name });
    const { host: ana, roomId, made } = await a.host1();
    const session = String(ana.welcome.session);
    ana.send({ action: "message", room_id: roomId, n: 1, body: "1" });
    await ana.entries(1);
    line.blackhole();
    ana.send({ action: "message", room_id: roomId, n: 2, body: "2" });
    await ana.close();
    await using there = await b.v1({ session, n: 1 });
    assertEquals([there.welcome.resumed, there.welcome.n], [true, 1]);
    await there.ask({ action: "join", body: { room_id: roomId, epoch: made.epoch, after: 0 } });
    assertEquals((await there.entries(3)).length, 3);
    // Its number 2 may be stored yet: where it is refused for good, no other message may have it.
    const elsewhere = { action: "message", room_id: "0000-0000-0000-0000", n: 2, body: "2" };
    const goodbye = await there.ask(elsewhere);
    assertEquals([goodbye.event, goodbye.code], ["goodbye", 4004]);
    assertEquals((await there.closed()).code, 4004);
    await using another = await b.dial();
    let welcome: Frame = {};
    // While the record of the client is being removed, the answer is "not now".
    await until(async () => {
      welcome = await another.ask({ action: "hello", body: { session, n: 1 } });
      return welcome.code !== "unavailable";
    }, "nobody is let in");
    assertEquals([welcome.resumed, welcome.n], [false, 0], JSON.stringify(welcome));
    line.heal();
    await until(() => a.log.some(({ event }) => event === "store works again"), "not healed");
  },
});

Deno.test({
  name: "a node that ends leaves behind up to where the messages of its clients are stored",
  ...NEEDS_NATS,
  fn: async () => {
    const cluster = { hosts: nats?.host ?? "", name: `numbers${++names}` };
    await using b = await workingNode(cluster);
    let session = "";
    let roomId = "";
    {
      await using a = await workingNode(cluster);
      const { host: ana, roomId: made } = await a.host1();
      [session, roomId] = [String(ana.welcome.session), made];
      ana.send({ action: "messages", room_id: roomId, n: 1, body: ["1", "2", "3"] });
      await ana.entries(3);
    }
    await using there = await b.v1({ session });
    assertEquals([there.welcome.resumed, there.welcome.n], [true, 3]);
    await there.ask({ action: "join", body: roomId });
  },
});

Deno.test({
  name: "a hello that waited until its connection had gone takes nobody over",
  ...NEEDS_NATS,
  fn: async () => {
    const name = `numbers${++names}`;
    await using line = await FaultProxy.to(nats?.host ?? "");
    await using a = await workingNode({ hosts: nats?.host ?? "", name });
    await using b = await workingNode({ hosts: line.host, name });
    const { host: ana, roomId } = await a.host1();
    const session = String(ana.welcome.session);
    await until(() => b.chat.failure === undefined, "b does not work");
    line.blackhole();
    await until(() => b.chat.failure !== undefined, "b is not cut off");
    const impatient = await b.dial();
    impatient.send({ action: "hello", body: { session, n: 0, sent: 0 } });
    await until(() => b.chat.size.connections === 1, "b takes no connection");
    await impatient.close();
    line.heal();
    await until(() => b.chat.failure === undefined, "b does not work again");
    ana.send({ action: "message", room_id: roomId, n: 1, body: "still here" });
    assertEquals((await ana.entry()).from, ana.id);
    await ana.close();
  },
});

Deno.test({
  name: "what is in doubt ends with what the client has sent elsewhere",
  ...NEEDS_NATS,
  fn: async () => {
    const name = `numbers${++names}`;
    await using line = await FaultProxy.to(nats?.host ?? "");
    await using a = await workingNode({ hosts: line.host, name });
    await using b = await workingNode({ hosts: nats?.host ?? "", name });
    const { host: ana, roomId } = await a.host1();
    const session = String(ana.welcome.session);
    line.blackhole();
    ana.send({ action: "message", room_id: roomId, n: 1, body: "1" });
    await ana.close();
    await using there = await b.v1({ session, n: 0, sent: 1 });
    assertEquals(there.welcome.resumed, true);
    await there.ask({ action: "join", body: roomId });
    await there.entry();
    there.send({ action: "message", room_id: roomId, n: 1, body: "1" });
    await there.entry();
    // The next one was never said elsewhere: it is refused, and nothing follows from that.
    const outside = { action: "message", room_id: "0000-0000-0000-0000", n: 2, body: "2" };
    assertEquals((await there.ask(outside)).code, "not_in_room");
    await using again = await b.v1({ session });
    assertEquals([again.welcome.resumed, again.welcome.n], [true, 1]);
    line.heal();
    await until(() => a.chat.failure === undefined, "not healed");
  },
});

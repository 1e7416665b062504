import { assert, assertEquals } from "@std/assert";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
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

/** The scene when Ben was cut off, having read up to the third message. */
interface Scene {
  name: string;
  roomId: string;
  /** The client id of Ana, who speaks. */
  ana: string;
  /** The cursor that Ben comes back with. */
  cursor: { epoch: unknown; after: number };
  /** Says so many messages more, at the node where Ben was. */
  say(count: number): Promise<void>;
  /** Ends the node where Ben was. */
  end(): Promise<void>;
  streams: JetStreamManager["streams"];
}

/** Somebody comes back to a node of its own: `recovered`, and the messages that come then. */
async function comeBack({ name, roomId, cursor }: Scene, options: ChatOptions = {}) {
  await using node = await workingNode({ hosts: nats?.host ?? "", name }, options);
  await using ben = await node.v1();
  const joined = await ben.ask({ action: "join", body: { room_id: roomId, ...cursor } });
  return { recovered: joined.recovered, bodies: await bodies(ben) };
}

/** The messages that have come so far. */
async function bodies(socket: RawSocket): Promise<string[]> {
  const seen: string[] = [];
  socket.send({ action: "ping", ref: "almost" });
  socket.send({ action: "ping", ref: "end" });
  for (;;) {
    const { ref, entries } = await socket.next();
    if (ref === "end") return seen;
    for (const { body } of (entries ?? []) as { body?: string }[]) if (body) seen.push(body);
  }
}

function test(name: string, options: ChatOptions, run: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name: `recovery: ${name}`,
    ...NEEDS_NATS,
    async fn() {
      const cluster = { hosts: nats?.host ?? "", name: `recovery${++names}` };
      const node: TestChat = await workingNode(cluster, options);
      const { host: ana, roomId, made } = await node.host1();
      let n = 0;
      const say = async (count: number) => {
        for (let i = 0; i < count; i++) {
          ana.send({ action: "message", room_id: roomId, n: ++n, body: `m${n}` });
          await ana.entry();
        }
      };
      await say(2);
      ana.send({ action: "message", room_id: roomId, n: ++n, body: "m3" });
      const { seq } = await ana.entry();
      const nc = await connect({ servers: nats?.host ?? "" });
      const { streams } = await jetstreamManager(nc);
      let ended = false;
      const end = async () => {
        if (!ended) await node[Symbol.asyncDispose]();
        ended = true;
      };
      try {
        const cursor = { epoch: made.epoch, after: seq };
        await run({ name: cluster.name, roomId, ana: ana.id, cursor, say, end, streams });
      } finally {
        await end();
        await nc.close();
      }
    },
  });
}

const M4_TO_6 = ["m4", "m5", "m6"];

test("nodes that were told to keep less, and then more again, know what is missing", {
  logEntries: 10,
}, async (scene) => {
  await scene.say(27);
  await scene.end();
  assertEquals((await comeBack(scene, { logEntries: 1_000 })).recovered, false);
});

test("nodes that keep more than others are told nothing is missing where it is not", {
  logEntries: 10,
}, async (scene) => {
  await scene.say(3);
  const there = await comeBack(scene, { logEntries: 1_000 });
  assertEquals(there, { recovered: true, bodies: M4_TO_6 });
});

for (
  const [what, purge] of [["emptied", {}], ["purged but for the newest", { keep: 2 }]] as const
) {
  test(
    `a room whose entries were ${what} is not complete for a node that has not heard them`,
    {},
    async (scene) => {
      await scene.say(3);
      const filter = `${scene.name}.room.${scene.roomId}`;
      await scene.streams.purge(scene.name, { filter, ...purge });
      assertEquals((await comeBack(scene)).recovered, false);
      await scene.say(1);
      assertEquals((await comeBack(scene)).recovered, false);
      await scene.end();
      assertEquals((await comeBack(scene)).recovered, false);
    },
  );
}

test("a message that somebody removes from the stream is missed", {}, async (scene) => {
  await scene.say(3);
  const subject = `${scene.name}.room.${scene.roomId}`;
  const last = await scene.streams.getMessage(scene.name, { last_by_subj: subject });
  assert(last !== null);
  await scene.streams.deleteMessage(scene.name, last.seq - 1);
  await scene.end();
  assertEquals((await comeBack(scene)).recovered, false);
});

test(
  "a stream that is told to keep less, and then more again, does not hide what is missing",
  {},
  async (scene) => {
    await scene.say(5);
    await scene.streams.update(scene.name, { max_msgs_per_subject: 4 });
    await scene.streams.update(scene.name, { max_msgs_per_subject: 1_000 });
    await scene.end();
    assertEquals((await comeBack(scene)).recovered, false);
  },
);

test(
  "who is in a room is known where its stream no longer has how they came",
  {},
  async (scene) => {
    await scene.streams.update(scene.name, { max_msgs_per_subject: 3 });
    await scene.say(5);
    await using node = await workingNode({ hosts: nats?.host ?? "", name: scene.name }, {
      logEntries: 3,
    });
    await using ben = await node.v1();
    const joined = await ben.ask({ action: "join", body: scene.roomId });
    const ids = (joined.members as MemberInfo[]).map(({ client_id }) => client_id);
    assertEquals(ids, [scene.ana, ben.id]);
  },
);

test("a room that is whole is, however often its nodes have ended", {}, async (scene) => {
  await scene.say(3);
  await scene.end();
  for (const logEntries of [1_000, 50, 1_000]) {
    const there = await comeBack(scene, { logEntries });
    assertEquals(there, { recovered: true, bodies: M4_TO_6 });
  }
});

test(
  "whoever knows more of a room than a node has heard waits until that has",
  {},
  async (scene) => {
    await using proxy = await FaultProxy.to(nats?.host ?? "");
    const behind = await workingNode({ hosts: proxy.host, name: scene.name }, { probeMs: 2_000 });
    await using _behind = behind;
    await using cat = await behind.v1();
    await cat.ask({ action: "join", body: scene.roomId });
    await until(() => behind.chat.size.rooms === 1, "the room is not open");
    await bodies(cat);
    await using ben = await behind.v1();
    proxy.delay(150);
    await scene.say(3);
    const subject = `${scene.name}.room.${scene.roomId}`;
    const { seq = 0 } = await scene.streams.getMessage(scene.name, { last_by_subj: subject }) ?? {};
    const body = { room_id: scene.roomId, epoch: scene.cursor.epoch, after: seq };
    assertEquals((await ben.ask({ action: "join", body })).recovered, true);
  },
);

test(
  "whoever is in a room is told of what was gone before its node could read it, by itself",
  {},
  async (scene) => {
    await using proxy = await FaultProxy.to(nats?.host ?? "");
    await using node = await workingNode({ hosts: proxy.host, name: scene.name });
    await using ben = await node.v1();
    const body = { room_id: scene.roomId, ...scene.cursor };
    assertEquals((await ben.ask({ action: "join", body })).recovered, true);
    await scene.say(1);
    await has(ben, "m4");
    proxy.refuse();
    proxy.reset();
    await scene.say(2);
    await scene.streams.purge(scene.name, { filter: `${scene.name}.room.${scene.roomId}` });
    proxy.heal();
    await ben.until(({ event }) => event === "gap");
    await scene.say(1);
    await has(ben, "m7");
  },
);

/** Skips frames up to the one with a message. */
async function has(socket: RawSocket, body: string): Promise<void> {
  await socket.until(({ entries = [] }) =>
    (entries as { body?: string }[]).some((entry) => entry.body === body)
  );
}

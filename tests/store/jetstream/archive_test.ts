import { assertEquals, assertRejects } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import type { Draft } from "../../../src/protocol/frames.ts";
import { natsSource, natsTarget } from "../../../src/store/jetstream/archive.ts";
import { nats } from "../../../src/store/jetstream/nats.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { NatsServer, NEEDS_NATS } from "../../support/nats_server.ts";

const HEAD = {
  id: "b",
  name: "Harbour",
  settings: { topic: "Ships" },
  roles: [{ to: "ana", role: "owner" }],
  members: [{ client_id: "a", name: "Ana" }],
} as const;
const entry = (seq: number, more = "") => ({
  seq,
  text: `{"seq":${seq},"at":1,"from":"a","n":${seq},"body":"x"${more}}`,
});

Deno.test({
  name: "rooms come into NATS beside a server, and out of it again",
  ...NEEDS_NATS,
  async fn() {
    await using server = await NatsServer.start();
    const options = { servers: server.host };
    const troubles: string[] = [];
    const troubled = (reason: string) => void troubles.push(reason);
    const store = nats(options)(IGNORE, { ...DEFAULTS, logEntries: 500 });
    await store.create("a", "Lobby");
    store.append("a", messageDraft("ana", 1));
    await store.settled?.();

    const target = await natsTarget(options, DEFAULTS, troubled);
    assertEquals(await target.look("a"), "taken");
    // One that broke off is in nobody's way.
    await (await target.begin(HEAD)).add([entry(1), entry(2)]);
    assertEquals([await target.look("b"), await store.open("b")], ["free", undefined]);
    const writer = await target.begin(HEAD);
    await writer.add([entry(10), entry(20, ',"re":10'), entry(21, ',"re":20')]);
    await writer.mark([{ person: "ana", seq: 20 }]);
    await writer.end();
    const room = (await store.open("b"))!;
    assertEquals(room.name, "Harbour");
    assertEquals([...room.roster.members.values()], [...HEAD.members]);
    assertEquals(room.charter?.roleOf("ana", 1), "owner");
    assertEquals(room.charter?.settings.topic, "Ships");
    const [first, second, third] = [room.log.head - 2, room.log.head - 1, room.log.head];
    assertEquals(
      await store.markers?.load("ana"),
      new Map([["b", { epoch: room.log.epoch, seq: second }]]),
    );
    store.delete("a");
    await store.open("c");
    await target.close();

    const source = await natsSource(options, DEFAULTS, troubled);
    assertEquals(await Array.fromAsync(source.rooms()), ["b"]);
    const read = (await source.read("b"))!;
    assertEquals(JSON.parse(JSON.stringify(read.head)), JSON.parse(JSON.stringify(HEAD)));
    assertEquals(
      (await Array.fromAsync(read.entries())).flat().map(({ text }) => JSON.parse(text)),
      [
        { seq: first, at: 1, from: "a", n: 10, body: "x" },
        { seq: second, at: 1, from: "a", n: 20, body: "x", re: first },
        { seq: third, at: 1, from: "a", n: 21, body: "x", re: second },
      ],
    );
    assertEquals((await Array.fromAsync(read.markers())).flat(), [{ person: "ana", seq: second }]);
    assertEquals(await source.read("a"), undefined);
    await source.close();
    await store.close();
    assertEquals(troubles, []);

    // The visitors have other settings than the streams.
    const nc = await connect({ servers: server.host });
    const { streams } = await jetstreamManager(nc);
    assertEquals((await streams.info("parley")).config.max_msgs_per_subject, 500);
    await nc.close();
  },
});

Deno.test({
  name: "what became of messages comes into NATS with them, and they can be changed there",
  ...NEEDS_NATS,
  async fn() {
    await using server = await NatsServer.start();
    const options = { servers: server.host };
    const troubles: string[] = [];
    const target = await natsTarget(options, DEFAULTS, (reason) => void troubles.push(reason));
    const writer = await target.begin(HEAD);
    const change = (seq: number, rest: string) => (
      { seq, text: `{"seq":${seq},"at":${seq},"from":"a","n":${seq},${rest}}` }
    );
    await writer.add([
      entry(1),
      entry(2, ',"re":1'),
      change(3, '"re":1,"edit":"y"'),
      change(4, '"re":1,"react":"+1"'),
      change(5, '"re":2,"edit":""'),
      change(6, '"re":2,"redact":true'),
    ]);
    await writer.end();
    await target.close();
    const store = nats(options)(IGNORE, DEFAULTS);
    const room = (await store.open("b"))!;
    assertEquals(room.log.size, 6);
    const one = room.log.at(0).seq;
    const nows = () => [...room.states!.nows(0, room.log.head)].map(([, now]) => JSON.parse(now));
    assertEquals(nows(), [
      { seq: one + 3, body: "y", edited_at: 3, reactions: { "+1": 1 }, replies: 1 },
      { seq: one + 5, redacted: true },
    ]);
    store.append("b", { at: 7, from: "a", n: 1, name: undefined, re: one, redact: true });
    await store.settled?.();
    assertEquals(nows()[0], { seq: room.log.head, redacted: true, replies: 1 });
    await store.close();
    assertEquals(troubles, []);
  },
});

Deno.test({
  name: "read markers of an earlier version have no name, and that is said",
  ...NEEDS_NATS,
  async fn() {
    await using server = await NatsServer.start();
    const options = { servers: server.host };
    const troubles: string[] = [];
    const store = nats(options)(IGNORE, DEFAULTS);
    const room = await store.create("a", "Lobby");
    store.append("a", messageDraft("ana", 1));
    await store.settled?.();
    const nc = await connect({ servers: server.host });
    const { epoch, head } = room.log;
    const record = JSON.stringify([["a", epoch, head]]);
    await nc.request(`parley.client.read-${"0".repeat(64)}`, record);
    await nc.close();
    const source = await natsSource(options, DEFAULTS, (reason) => troubles.push(reason));
    const read = (await source.read("a"))!;
    assertEquals((await Array.fromAsync(read.entries())).flat().length, 1);
    assertEquals((await Array.fromAsync(read.markers())).flat(), []);
    await source.close();
    await store.close();
    assertEquals(troubles.map((reason) => reason.slice(0, 37)), [
      "the read markers of 1 people are left",
    ]);
  },
});

Deno.test({
  name: "what was redacted is in no export, and leaves no hole",
  ...NEEDS_NATS,
  async fn() {
    await using server = await NatsServer.start();
    const options = { servers: server.host };
    const store = nats(options)(IGNORE, DEFAULTS);
    await store.create("a", "Lobby");
    const say = async (n: number, more: object) => {
      const { body: _, ...draft } = messageDraft("ana", n);
      store.append("a", { ...draft, ...more } as Draft);
      await store.settled?.();
    };
    await say(1, { body: "a secret" });
    const re = (await store.open("a"))!.log.head;
    await say(2, { re, edit: "a better secret" });
    await say(3, { body: "in between" });
    await say(4, { re, redact: true });
    const source = await natsSource(options, DEFAULTS, () => {});
    const read = (await source.read("a"))!;
    const texts = (await Array.fromAsync(read.entries())).flat().map(({ text }) => text);
    await source.close();
    await store.close();
    assertEquals(texts.filter((text) => text.includes("secret")), []);
    const entries = texts.map((text) => JSON.parse(text));
    assertEquals(entries.map(({ body, edit, redact }) => body ?? edit ?? redact), [
      "",
      "",
      "in between",
      true,
    ]);
  },
});

Deno.test("a NATS that is not there is an error", async () => {
  await assertRejects(
    () => natsTarget({ servers: "127.0.0.1:1" }, DEFAULTS, () => {}),
    Error,
    "NATS is not reached",
  );
});

import { assertEquals } from "@std/assert";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { until, untilTurn } from "../support/waiting.ts";
import * as model from "./nats_client.ts";
import { SimulatedNats, useNats } from "./nats_client.ts";
import { Network } from "./network.ts";
import { install } from "./platform.ts";
import { Timeline } from "./timeline.ts";

/** The library, or what stands in its place; its types are those of the library. */
interface Library {
  nc: Awaited<ReturnType<typeof connect>>;
  js: ReturnType<typeof jetstream>;
  jsm: Awaited<ReturnType<typeof jetstreamManager>>;
  headers: typeof headers;
  /** Waits until something has come. */
  until(isSo: () => boolean): Promise<void>;
}

const NS = 1_000_000;

/** Asks NATS all that Parley asks, and returns what it says, as lines. */
async function script({ nc, js, jsm, headers, until }: Library): Promise<string[]> {
  const lines: string[] = [];
  const tell = (...parts: unknown[]) =>
    lines.push(parts.map((part) => JSON.stringify(part)).join(" "));
  const attempt = async (what: string, ask: () => Promise<unknown>) => {
    try {
      tell(what, await ask());
    } catch (error) {
      const { code, name } = error as { code: unknown; name: string };
      tell(what, typeof code === "number" ? code : name);
    }
  };
  const publish = (what: string, subject: string, text: string, options = {}) =>
    attempt(what, async () => {
      const { seq, duplicate } = await js.publish(subject, text, options);
      return [seq, duplicate ?? false];
    });
  await attempt("no stream", () => jsm.streams.info("p"));
  await attempt("nobody", () => nc.request("p.node.life", "x", { timeout: 500 }).then(() => "?"));
  const config = {
    name: "p",
    subjects: ["p.room.*"],
    num_replicas: 1,
    max_msgs_per_subject: 3,
    max_age: 3_600_000 * NS,
    duplicate_window: 60_000 * NS,
    republish: { src: "p.room.>", dest: "p.live.>" },
    description: "one",
  };
  const { state } = await jsm.streams.add(config);
  tell("made", state.messages, state.last_seq);
  await attempt("made again", () => jsm.streams.add(config).then(() => "same"));
  await attempt("made otherwise", () => jsm.streams.add({ ...config, description: "two" }));
  await attempt(
    "changed",
    async () =>
      (await jsm.streams.update("p", { duplicate_window: 90_000 * NS })).config.duplicate_window,
  );

  const live: unknown[][] = [];
  nc.subscribe("p.live.a", {
    callback: (_, { headers, string }) => {
      void string;
      live.push([
        headers?.get("Nats-Sequence"),
        headers?.get("Nats-Last-Sequence"),
        headers?.get("X"),
      ]);
    },
  });
  await nc.flush?.();
  const marked = headers();
  marked.set("X", "y");
  await publish("first", "p.room.a", "1", { msgID: "i1", headers: marked });
  await publish("other room", "p.room.b", "2", { msgID: "i2" });
  await publish("repeat", "p.room.a", "1", { msgID: "i1" });
  await publish("behind", "p.room.a", "3", { expect: { lastSubjectSequence: 1 } });
  await publish("overtaken", "p.room.a", "4", { expect: { lastSubjectSequence: 1 } });
  await publish("first there", "p.room.c", "5", { expect: { lastSubjectSequence: 0 } });
  await publish("never", "p.room.a", "6", { expect: { lastSubjectSequence: 9e15 } });
  const question = headers();
  question.set("Nats-Rollup", "never");
  await publish("question", "p.room.-", "", { msgID: "i1", headers: question });
  await publish("unknown question", "p.room.-", "", { msgID: "i9", headers: question });
  await publish("no subject", "q.room.a", "7");
  await until(() => live.length >= 2);
  tell("live", live);

  const kept = async (query: { seq: number } | { last_by_subj: string }) => {
    const found = await jsm.streams.getMessage("p", query);
    return found && [found.seq, found.string(), found.header?.get("Nats-Msg-Id")];
  };
  await attempt("last", () => kept({ last_by_subj: "p.room.a" }));
  await attempt("at", () => kept({ seq: 2 }));
  await attempt("no last", () => kept({ last_by_subj: "p.room.z" }));
  await attempt("not at", () => kept({ seq: 99 }));
  for (const text of ["8", "9"]) await publish("more", "p.room.a", text);
  await attempt("dropped", () => kept({ seq: 1 }));

  const read: unknown[][] = [];
  nc.subscribe("p.read.1", {
    callback: (_, message) => {
      const [seq, nth, , left] = message.reply?.split(".").slice(5) ?? [];
      if (message.headers?.code !== 100) read.push([message.string(), seq, nth, left]);
    },
  });
  await nc.flush?.();
  await attempt("consumer", async () => {
    const { num_pending } = await jsm.consumers.add("p", {
      deliver_subject: "p.read.1",
      filter_subject: "p.room.a",
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: 3,
      mem_storage: true,
      num_replicas: 1,
    });
    void num_pending;
    await until(() => read.length >= 3);
    return read;
  });
  await attempt("no consumer", () => jsm.consumers.info("p", "nobody"));
  await attempt("durable", async () => {
    const durable = { durable_name: "d", ack_policy: "explicit", deliver_policy: "new" } as const;
    await jsm.consumers.add("p", { ...durable, filter_subject: "p.room.-", mem_storage: true });
    const before = (await jsm.consumers.info("p", "d")).created;
    await jsm.consumers.add("p", { ...durable, filter_subject: "p.room.-", mem_storage: true });
    return before === (await jsm.consumers.info("p", "d")).created;
  });
  await attempt("deleted", () => jsm.consumers.delete("p", "d").then(() => "gone"));
  await attempt("deleted again", () => jsm.consumers.delete("p", "d"));
  await jsm.streams.purge("p", { filter: "p.room.a", seq: 7 });
  await attempt("purged", () => kept({ seq: 3 }));
  await attempt("kept", () => kept({ last_by_subj: "p.room.a" }));
  await attempt("end", async () => (await jsm.streams.info("p")).state.last_seq);

  nc.subscribe("p.node.life", { callback: (_, message) => void message.respond("yes") });
  await nc.flush?.();
  await attempt("asked", async () => (await nc.request("p.node.life", "x")).string());
  await attempt("stored", async () => JSON.parse((await nc.request("p.room.d", "x")).string()).seq);
  return lines;
}

/** The lines of the model. */
async function linesOfModel(): Promise<string[]> {
  const timeline = new Timeline(1);
  const network = new Network(timeline, () => ({ delayMs: 1, jitterMs: 0, windowBytes: 1_000 }));
  const nats = new SimulatedNats(timeline);
  using _platform = install(timeline, network);
  using _nats = useNats(nats);
  let lines: string[] | undefined;
  timeline.process("client").after(0, async () => {
    const nc = await model.connect({});
    const library = {
      nc,
      js: model.jetstream(nc),
      jsm: await model.jetstreamManager(nc),
      headers: model.headers,
      until: (isSo: () => boolean) =>
        new Promise<void>((resolve) => {
          const look = () => isSo() ? resolve() : setTimeout(look, 1);
          look();
        }),
    };
    lines = await script(library as unknown as Library);
  });
  await timeline.pass(60_000, () => lines !== undefined);
  await untilTurn(() => lines !== undefined, "the script does not end");
  return lines!;
}

Deno.test({
  name: "the model of NATS says what a real server does",
  ...NEEDS_NATS,
  fn: async () => {
    await using server = await NatsServer.start();
    const nc = await connect({ servers: server.host });
    const real = await script({
      nc,
      js: jetstream(nc),
      jsm: await jetstreamManager(nc),
      headers,
      until: (isSo) => until(isSo, "nothing comes"),
    });
    await nc.close();
    assertEquals(await linesOfModel(), real);
  },
});

import { assert, assertEquals } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import config from "../../../deno.json" with { type: "json" };
import { DEFAULTS } from "../../../src/core/state/options.ts";
import type { OpenStore, StoreEvents, StoreOptions } from "../../../src/core/store/store.ts";
import { parseNatsAddress } from "../../../src/daemon/flags/nats_address.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { LIBRARIES } from "../../../src/store/jetstream/link/link.ts";
import {
  checkedNats,
  NATS_DEFAULTS,
  type NatsNumbers,
} from "../../../src/store/jetstream/options.ts";
import type { JetStreamRoom } from "../../../src/store/jetstream/room.ts";
import { JetStreamStore } from "../../../src/store/jetstream/store.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { messageDraft, presenceDraft } from "../../../src/store/suite/drafts.ts";
import { testStore } from "../../../src/store/suite/suite.ts";
import { FaultProxy } from "../../chaos/fault_proxy.ts";
import { NatsServer, NEEDS_NATS } from "../../support/nats_server.ts";
import { turn, until } from "../../support/waiting.ts";
import { readsHalves } from "../reads_halves.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;

/** Makes a node; those with the same name share what is stored. */
function node(
  events: StoreEvents,
  options: Partial<StoreOptions & NatsNumbers> = {},
  name = `test${++names}`,
  host = nats?.host ?? "",
): JetStreamStore {
  const { leaseMs = NATS_DEFAULTS.leaseMs, probeMs = 500, ...limits } = options;
  const settings = checkedNats({ servers: host, name, leaseMs, probeMs });
  return new JetStreamStore(settings, events, { ...DEFAULTS, ...limits });
}

/** Speaks to NATS itself, beside the stores. */
async function besideStores() {
  const nc = await connect({ servers: nats?.host ?? "" });
  const { streams } = await jetstreamManager(nc);
  return {
    streams,
    publish: (subject: string, text: string) => nc.publish(subject, text),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}

const openAt = (place: string): OpenStore => (events, options) => node(events, options, place);

testStore(
  (name, fn) => Deno.test({ name: `JetStreamStore: ${name}`, ...NEEDS_NATS, fn }),
  openAt,
  { durable: true, keepsNumbers: true },
);

Deno.test({
  name: "JetStreamStore: half of a surrogate pair in an older stream is read as U+FFFD",
  ...NEEDS_NATS,
  fn: () => readsHalves(openAt(crypto.randomUUID())),
});

Deno.test("the libraries that are loaded are those that the types come from", () => {
  const { imports } = config;
  assertEquals(LIBRARIES, {
    transport: imports["@nats-io/transport-node"],
    jetstream: imports["@nats-io/jetstream"],
  });
});

Deno.test({
  name: "JetStreamStore reaches NATS at an address of IPv6",
  ...NEEDS_NATS,
  async fn() {
    const port = nats?.host.split(":")[1];
    const listener = Deno.listen({ hostname: "::1", port: 0 });
    const serving = (async () => {
      for await (const inbound of listener) {
        const outbound = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
        inbound.readable.pipeTo(outbound.writable).catch(() => {});
        outbound.readable.pipeTo(inbound.writable).catch(() => {});
      }
    })();
    const address = parseNatsAddress(`nats://[::1]:${listener.addr.port}/test${++names}`);
    const store = new JetStreamStore(checkedNats(address), IGNORE, DEFAULTS);
    assertEquals((await store.create("a", "Lobby")).name, "Lobby");
    await store.close();
    listener.close();
    await serving;
  },
});

Deno.test({
  name: "JetStreamStore does not ask to wait for NATS where a record cannot be read",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const store = node(IGNORE, {}, name);
    await store.create("a", "Lobby");
    await using nc = await besideStores();
    for (const [id, text, kind] of [["b", "null", TypeError], ["c", "{", SyntaxError]] as const) {
      nc.publish(`${name}.meta.${id}`, text);
      // Else it is not there yet.
      await until(
        () => store.open(id).then(() => false, (error) => error instanceof kind),
        `${kind.name} is hidden`,
      );
    }
    await store.close();
  },
});

Deno.test({
  name: "the streams of a JetStreamStore can be told from others of their names",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const store = node(IGNORE, {}, name);
    await store.create("a", "Lobby");
    await using nc = await besideStores();
    const { streams } = nc;
    const infos = [await streams.info(name), await streams.info(`${name}-state`)];
    const [rooms = "", state = ""] = infos.map(({ config: { description } }) => description);
    assert(/^parley:/.test(rooms) && /^parley:/.test(state) && rooms !== state, rooms + state);
    await store.close();
  },
});

Deno.test({
  name: "JetStreamStore tells again soon that somebody has left, if it was refused the first time",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const store = node(IGNORE, {}, name);
    const room = await store.create("a", "Lobby") as JetStreamRoom;
    const say = (event: "join" | "leave") => {
      store.append("a", { at: Date.now(), event, from: "ana", name: undefined, n: 0 });
    };
    say("join");
    await until(() => room.roster.members.size === 1, "the join is not told");
    await store.settled();
    await using nc = await besideStores();
    const { streams } = nc;
    const { config: { max_bytes, discard } } = await streams.info(name);
    await streams.update(name, { max_bytes: 1, discard: "new" });
    await until(() => !room.unreconciled, "the room is not compared with what was told");
    say("leave");
    await store.settled();
    assertEquals(room.roster.members.size, 1);
    await streams.update(name, { max_bytes, discard });
    await until(() => room.roster.members.size === 0, "the leave is not told again");
    await store.close();
  },
});

Deno.test({
  name: "JetStreamStore tells that the last member has left a room that it was to let go of",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    await using proxy = await FaultProxy.to(nats?.host ?? "");
    const reasons: unknown[] = [];
    const events = { ...IGNORE, failing: (reason?: string) => void reasons.push(reason) };
    const store = node(events, { probeMs: 100 }, name, proxy.host);
    const other = node(IGNORE, { leaseMs: 60_000 }, name);
    await store.create("a", "Lobby");
    const room = await other.open("a");
    store.append("a", presenceDraft("join", "ana"));
    await until(() => room?.roster.members.size === 1, "the join is not told");
    proxy.blackhole();
    await until(() => reasons.length > 0, "it does not see that it is cut off");
    store.append("a", presenceDraft("leave", "ana"));
    store.release("a");
    proxy.heal();
    await until(() => room?.roster.members.size === 0, "the leave is not told");
    await store.close();
    await other.close();
  },
});

/** A node that reports which rooms are gone, and what it cannot do. */
function reporting(name: string, host?: string) {
  const reports: string[] = [];
  const store = node(
    {
      ...IGNORE,
      gone: (roomId, how) => void reports.push(`${roomId} ${how}`),
      failing: (reason) => void reports.push(reason ?? "works again"),
      troubled: (reason) => void reports.push(reason),
      repeated: ({ n }) => void reports.push(`repeated ${n}`),
    },
    {},
    name,
    host,
  );
  return { store, reports };
}

Deno.test({
  name: "JetStreamStore closes a room that was being opened when it was deleted",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const other = node(IGNORE, {}, name);
    await other.create("a", "Lobby");
    const { store, reports } = reporting(name);
    const opening = store.open("a");
    // The question is on its way.
    await turn();
    store.delete("a");
    assert(await opening !== undefined);
    await until(() => reports.includes("a deleted"), () => `reported is ${reports}`);
    await store.close();
    await other.close();
  },
});

Deno.test({
  name:
    "JetStreamStore keeps a room that was made anew when it hears that the one before is deleted",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const { store, reports } = reporting(name);
    await store.create("a", "Lobby");
    const b = await store.create("b", "Lobby");
    await using nc = await besideStores();
    nc.publish(`${name}.node.deleted`, "other a earlier");
    nc.publish(`${name}.node.deleted`, `other b ${b.log.epoch}`);
    await until(() => reports.length > 0, "nothing is reported");
    assertEquals(reports, ["b deleted"]);
    await store.close();
  },
});

Deno.test({
  name: "JetStreamStore lets a client that it let in come back when it hears late where that was",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    await using line = await FaultProxy.to(nats?.host ?? "");
    const taken: unknown[] = [];
    let failure: string | undefined;
    const store = node(
      {
        ...IGNORE,
        taken: (...of) => void taken.push(of),
        failing: (reason) => failure = reason,
      },
      {},
      name,
      line.host,
    );
    await store.create("a", "Lobby");
    store.remember("ana", "Ana");
    line.blackhole();
    await until(() => failure !== undefined, "it still works");
    const letIn = await store.recall("ana", { n: 0, sent: 0, isHere: () => true });
    assertEquals([letIn?.n, letIn?.doubtUpTo], [0, 0]);
    await using nc = await besideStores();
    line.heal();
    // It hears NATS long before it works with it.
    line.delay(20);
    await until(() => {
      nc.publish(`${name}.node.taken`, "other ana 1000");
      return taken.length > 0;
    }, "it hears nothing");
    assertEquals([taken[0], failure !== undefined], [["ana", undefined, true], true]);
    await store.close();
  },
});

/** Says whether a node refuses to make a room because it was deleted. */
async function isGone(store: JetStreamStore, id: string): Promise<boolean> {
  const error = await store.create(id, "Lobby").then(() => undefined, (error) => error);
  return error instanceof ChatError && error.code === "room_gone";
}

Deno.test({
  name: "JetStreamStore makes no room again that was deleted at another node, or before a restart",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const far = node(IGNORE, {}, name);
    const { store: near, reports } = reporting(name);
    await near.create("a", "Lobby");
    near.append("a", messageDraft("ana", 1));
    await near.settled();
    far.delete("a");
    await until(() => reports.includes("a deleted"), "the other node does not hear of it");
    assert(await isGone(near, "a") && await isGone(far, "a"));
    await using nc = await besideStores();
    const { streams } = nc;
    assertEquals(await streams.getMessage(name, { last_by_subj: `${name}.room.a` }), null);
    await far.close();
    await near.close();
    const later = node(IGNORE, {}, name);
    assertEquals(await later.open("a"), undefined);
    assert(await isGone(later, "a"));
    await later.close();
  },
});

Deno.test({
  name: "JetStreamStore answers for a message that is stored in a room that was just deleted",
  ...NEEDS_NATS,
  async fn() {
    const { store, reports } = reporting(`test${++names}`);
    await store.create("a", "Lobby");
    store.append("a", messageDraft("ana", 1, "x"));
    store.delete("a");
    await store.settled();
    assertEquals(reports, ["repeated 1"]);
    await store.close();
  },
});

Deno.test({
  name: "JetStreamStore says that it could not delete a room, and does so when it can",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    await using proxy = await FaultProxy.to(nats?.host ?? "");
    const { store, reports } = reporting(name, proxy.host);
    const other = node(IGNORE, {}, name);
    await store.create("a", "Lobby");
    assert(await other.open("a") !== undefined);
    proxy.blackhole();
    store.delete("a");
    const wanted = "Room a is not deleted yet";
    await until(() => reports.some((report) => report.startsWith(wanted)), "nobody says so");
    proxy.heal();
    await until(() => isGone(other, "a"), "it is not deleted");
    await store.close();
    await other.close();
  },
});

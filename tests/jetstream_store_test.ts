import { assert, assertEquals, assertThrows } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import config from "../deno.json" with { type: "json" };
import { DEFAULTS } from "../src/options.ts";
import { JetStreamStore, parseNatsAddress } from "../src/store/jetstream.ts";
import { LIBRARIES } from "../src/store/jetstream_link.ts";
import type { JetStreamRoom } from "../src/store/jetstream_room.ts";
import type { StoreEvents, StoreOptions } from "../src/store/store.ts";
import { until } from "./chaos/setting.ts";
import { NatsServer, NEEDS_NATS } from "./nats_server.ts";
import { IGNORE, testStore } from "./store_suite.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;

/** Makes a node; those with the same name share what is stored. */
function node(
  events: StoreEvents,
  options: Partial<StoreOptions> = {},
  name = `test${++names}`,
): JetStreamStore {
  const address = { servers: [nats?.host ?? ""], name };
  return new JetStreamStore(address, events, { ...DEFAULTS, probeMs: 500, ...options });
}

testStore({
  name: "JetStreamStore",
  make: (events, limits, place) => node(events, limits, place),
  durable: true,
  shared: true,
  forgetsNumbers: false,
  permissions: "inherit",
  ...NEEDS_NATS,
});

Deno.test("the libraries that are loaded are those that the types come from", () => {
  const { imports } = config;
  assertEquals(LIBRARIES, {
    transport: imports["@nats-io/transport-node"],
    jetstream: imports["@nats-io/jetstream"],
  });
});

Deno.test("parseNatsAddress() reads hosts, a name, and who this is", () => {
  assertEquals(parseNatsAddress("nats://a:1,b-c.d:22/team"), {
    servers: ["a:1", "b-c.d:22"],
    name: "team",
  });
  const servers = ["127.0.0.1:4222"];
  const at = (who: string) => parseNatsAddress(`nats://${who}@127.0.0.1:4222`);
  assertEquals(at("ana:p%40ss"), { servers, name: "parley", user: "ana", password: "p@ss" });
  assertEquals(at("token"), { servers, name: "parley", password: "token" });
});

Deno.test("parseNatsAddress() refuses what is none, and shows no password", () => {
  for (const text of ["nats://", "nats://a", "nats://a:1/", "nats://a:1/b c", "nats://a:1,"]) {
    const { message } = assertThrows(() => parseNatsAddress(text), RangeError);
    assert(message.endsWith(`not ${JSON.stringify(text)}`), message);
  }
  const { message } = assertThrows(() => parseNatsAddress("nats://ana:hunter2@a"), RangeError);
  assert(!message.includes("hunter2"), message);
});

Deno.test({
  name: "the streams of a JetStreamStore can be told from others of their names",
  ...NEEDS_NATS,
  async fn() {
    const name = `test${++names}`;
    const store = node(IGNORE, {}, name);
    await store.create("a", "Lobby");
    const nc = await connect({ servers: nats?.host ?? "" });
    const { streams } = await jetstreamManager(nc);
    const infos = [await streams.info(name), await streams.info(`${name}-state`)];
    const [rooms = "", state = ""] = infos.map(({ config: { description } }) => description);
    assert(/^parley:/.test(rooms) && /^parley:/.test(state) && rooms !== state, rooms + state);
    await nc.close();
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
    const nc = await connect({ servers: nats?.host ?? "" });
    const { streams } = await jetstreamManager(nc);
    const { config: { max_bytes, discard } } = await streams.info(name);
    await streams.update(name, { max_bytes: 1, discard: "new" });
    await until(() => !room.unsettled, "the room is not compared with what was told");
    say("leave");
    await store.settled();
    assertEquals(room.roster.members.size, 1);
    await streams.update(name, { max_bytes, discard });
    await until(() => room.roster.members.size === 0, "the leave is not told again");
    await nc.close();
    await store.close();
  },
});

import { assert, assertEquals } from "@std/assert";
import { MemoryStore } from "../../src/store/memory.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import type { OpenStore } from "../../src/core/store/store.ts";
import type { ClientDraft, Entry } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { quantile, report, setting } from "./setting.ts";

const REACTIONS = setting(5_000, 100_000);
const JOINS = setting(100, 1_000);

const ROOMS = { reacted: "aaaa-aaaa-aaaa-aaaa", plain: "bbbb-bbbb-bbbb-bbbb" };

/** A store with two rooms: in one everybody has reacted to the first message, in the other all has been said. */
const open: OpenStore = (events, options) => {
  let to = IGNORE;
  const reports = new Proxy(events, { get: (_, name) => to[name as keyof typeof to] });
  const store = new MemoryStore(reports, options, () => "e");
  for (const [kind, id] of Object.entries(ROOMS)) {
    store.create(id, kind);
    const author = { at: Date.now(), name: undefined };
    store.append(id, { ...author, from: `${kind}-host`, n: 1, body: "hello" });
    for (let i = 0; i < REACTIONS; i++) {
      const change = kind === "reacted" ? { re: 1, react: `:${i % 32}:` } : { body: `:${i % 32}:` };
      store.append(id, { ...author, from: `${kind}-${i}`, n: 1, ...change } as ClientDraft);
    }
  }
  to = events;
  return store;
};

/** Joins a room with its last entries; returns the milliseconds until they have come. */
async function join(socket: RawSocket, roomId: string): Promise<number> {
  const begin = performance.now();
  const { seq } = await socket.ask({ action: "join", body: { room_id: roomId, last: 50 }, ref: 1 });
  for (let upTo = 0; upTo < Number(seq);) {
    const { entries = [] } = await socket.next();
    upTo = (entries as Entry[]).at(-1)?.seq ?? upTo;
  }
  return performance.now() - begin;
}

Deno.test("C7 a message with very many reactions makes no page large, and no join slow", async () => {
  await using server = new TestChat({
    store: open,
    rate: 0,
    logEntries: 2 * REACTIONS,
    logBytes: 1e9,
    presenceLimit: 0,
  });
  await using ana = await server.v1();
  const times = { reacted: [] as number[], plain: [] as number[] };
  for (let i = 0; i < JOINS; i++) {
    const order = i % 2 === 0 ? ["reacted", "plain"] as const : ["plain", "reacted"] as const;
    for (const kind of order) times[kind].push(await join(ana, ROOMS[kind]));
  }
  ana.send({ action: "history", body: { room_id: ROOMS.reacted, after: 0, limit: 256 }, ref: 2 });
  let page = "";
  do page = await ana.nextText(); while (JSON.parse(page).ref !== 2);
  const [first] = JSON.parse(page).entries;
  const sum = Object.values<number>(first.now.reactions).reduce((sum, count) => sum + count, 0);
  assertEquals([sum, Object.keys(first.now.reactions).length], [REACTIONS, 32]);
  const median = (kind: keyof typeof times) => quantile(times[kind], 0.5);
  const slower = median("reacted") / median("plain") - 1;
  report("C7", `${REACTIONS} reactions to one message`, {
    "bytes of the page with it": page.length,
    "join in ms": median("reacted").toFixed(3),
    "join of a room without": median("plain").toFixed(3),
    "slower in %": (100 * slower).toFixed(1),
  }, slower > 0.01 ? ["a join at most 1 % slower"] : []);
  assert(page.length < 65_536, `${page.length} characters`);
});

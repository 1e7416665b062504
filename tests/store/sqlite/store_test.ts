import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MemoryBound } from "../../../src/core/limits/memory_bound.ts";
import {
  DELETED,
  type OpenStore,
  type StoreEvents,
  type StoreLimits,
} from "../../../src/core/store/store.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { SqliteStore } from "../../../src/store/sqlite/store.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { messageDraft, presenceDraft } from "../../../src/store/suite/drafts.ts";
import { testStore } from "../../../src/store/suite/suite.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { pause, turn, until } from "../../support/waiting.ts";
import { readsHalves } from "../reads_halves.ts";

let epochs = 0;
const MADE = {
  newEpoch: () => `epoch${++epochs}`,
  newKey: () => new Uint8Array(32).fill(++epochs),
};
const LIMITS = { logEntries: 100, logBytes: 100_000, logAgeMs: 1e15 };

const folder = tempFolder();

const openAt = (place: string): OpenStore => (events, options) =>
  new SqliteStore(`${folder}/${place}`, events, options, MADE);

testStore((name, fn) => Deno.test(`SqliteStore: ${name}`, fn), openAt, { durable: true });

Deno.test("SqliteStore: half of a surrogate pair in an older file is read as U+FFFD", () => {
  return readsHalves(openAt(crypto.randomUUID()));
});

/** A store in a file of its own, and what it has reported, in words. */
class Bench implements AsyncDisposable {
  readonly path = `${folder}/${crypto.randomUUID()}`;
  readonly reports: string[] = [];
  store: SqliteStore;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.store = this.open(limits);
  }

  open(limits: Partial<StoreLimits> = {}): SqliteStore {
    const events: StoreEvents = {
      ...IGNORE,
      stored: (roomId) => this.reports.push(`stored in ${roomId}`),
      repeated: ({ n }, seq) => this.reports.push(`repeated ${n} at ${seq}`),
      refused: ({ n }, error) =>
        this.reports.push(`refused ${n}: ${error.code}, wait ${error.retryAfterMs}`),
      failing: (reason) => this.reports.push(reason === undefined ? "works again" : "failing"),
    };
    return new SqliteStore(this.path, events, { ...LIMITS, ...limits }, MADE);
  }

  /** Lets nothing be written until what it returns is called. */
  block(): () => void {
    const db = new DatabaseSync(this.path);
    db.exec("BEGIN IMMEDIATE");
    return () => db.close();
  }

  /** Counts the entries that another reader of the file sees. */
  count(): number {
    using db = new DatabaseSync(this.path);
    return Number(db.prepare("SELECT count(*) AS n FROM entries").get()?.n);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

Deno.test("SqliteStore: a client is settled that says nothing while others do", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("id", "Lobby");
  store.append("id", messageDraft("ana", 1, "x"));
  assertEquals([store.settled("ben"), store.settled("ana")], [undefined, store.settled()]);
  await store.settled("ana");
  assertEquals([bench.count(), store.settled("ana"), store.settled()], [1, undefined, undefined]);
});

Deno.test("SqliteStore reports only what another reader of the file can see already", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("a", "Lobby");
  for (let n = 1; n <= 20; n++) store.append("a", messageDraft("ana", n));
  assertEquals([bench.reports.length, bench.count()], [0, 0]);
  await store.settled();
  assertEquals([bench.reports.length, bench.count()], [20, 20]);
});

Deno.test("SqliteStore answers a repeat of what is on its way after it has arrived", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("a", "Lobby");
  store.append("a", messageDraft("ana", 1));
  store.append("a", messageDraft("ana", 1));
  assertEquals(bench.reports, []);
  await store.settled();
  assertEquals(bench.reports, ["stored in a", "repeated 1 at 1"]);
});

Deno.test("SqliteStore finds out by itself that it can write again", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("a", "Lobby");
  const unblock = bench.block();
  store.append("a", messageDraft("ana", 1));
  await store.settled();
  assertEquals(bench.reports.splice(0), ["failing", "refused 1: unavailable, wait 1000"]);
  unblock();
  // Nobody says anything: whoever balances load sends nobody here meanwhile.
  await until(() => bench.reports.length > 0, "it does not look again");
  assertEquals([bench.reports, bench.count()], [["works again"], 0]);
});

Deno.test("SqliteStore refuses what cannot be written, keeps nothing of it, and goes on as soon as it can", async () => {
  await using bench = new Bench();
  const { store } = bench;
  const room = await store.create("a", "Lobby");
  store.append("a", messageDraft("ana", 1));
  await store.settled();
  const unblock = bench.block();
  store.append("a", messageDraft("ana", 2));
  store.append("a", messageDraft("ana", 3));
  store.append("a", messageDraft("ana", 2));
  store.append("a", messageDraft("ben", 1));
  await assertRejects(() => store.create("b", "B"), ChatError, "cannot be written");
  assertEquals(bench.reports.splice(1), [
    "failing",
    "refused 2: unavailable, wait 1000",
    "refused 3: unavailable, wait 1000",
    "refused 2: unavailable, wait 1000",
    "refused 1: unavailable, wait 1000",
  ]);
  assertEquals([room.log.head, room.log.size], [1, 1]);
  // Reading goes on.
  assertEquals((await store.open("a"))?.log.head, 1);
  assertEquals(await store.open("b"), undefined);
  unblock();
  // The numbers are free, and the places too.
  store.append("a", messageDraft("ana", 2));
  await store.settled();
  assertEquals(bench.reports.splice(1), ["works again", "stored in a"]);
  assertEquals([room.log.head, bench.count()], [2, 2]);
});

Deno.test("SqliteStore keeps presence until it can be written, before what comes later", async () => {
  await using bench = new Bench();
  const { store } = bench;
  const room = await store.create("a", "Lobby");
  const unblock = bench.block();
  store.append("a", presenceDraft("join", "ana"));
  store.remember("ana", "Ana");
  await store.settled();
  assertEquals([bench.reports, room.roster.members.size], [["failing"], 0]);
  unblock();
  store.append("a", messageDraft("ana", 1));
  await store.settled();
  assertEquals(JSON.parse(room.log.at(0).text).from, "ana");
  assertEquals(room.roster.members.size, 1);
  assertEquals(store.remembered(), [{ id: "ana", name: "Ana", n: 1 }]);
});

Deno.test("SqliteStore tries again by itself what it has kept", async () => {
  await using bench = new Bench();
  const { store } = bench;
  const room = await store.create("a", "Lobby");
  const unblock = bench.block();
  store.append("a", presenceDraft("join", "ana"));
  await store.settled();
  unblock();
  await until(() => room.roster.members.size === 1, "nothing is tried again");
});

Deno.test("SqliteStore does not try much that it has kept again with each message", async () => {
  await using bench = new Bench();
  const { store } = bench;
  const room = await store.create("a", "Lobby");
  const unblock = bench.block();
  for (let i = 0; i <= 1_000; i++) store.append("a", presenceDraft("join", `${i}`));
  await store.settled();
  unblock();
  store.append("a", messageDraft("ana", 1));
  // It waits for a timer, which is not to come first.
  const turn = await Promise.race([
    store.settled()?.then(() => "tried"),
    pause(10).then(() => "waits"),
  ]);
  assertEquals([turn, room.log.head], ["waits", 0]);
  await store.settled();
  assertEquals(room.log.head, 1_002);
});

Deno.test("SqliteStore deletes a room however much else the disk could not take", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("a", "Lobby");
  await store.create("b", "Other");
  const unblock = bench.block();
  for (let i = 0; i < 10_000; i++) store.append("a", presenceDraft("join", `${i}`));
  store.delete("b");
  await store.settled();
  unblock();
  await store.close();
  bench.store = bench.open();
  assertEquals(await bench.store.open("b"), undefined);
});

Deno.test("SqliteStore is held by one process, and free when that has let go", async () => {
  await using bench = new Bench();
  const { message } = assertThrows(() => bench.open(), Error);
  assertEquals(message.startsWith(`Cannot open ${bench.path}: this or another process`), true);
  await bench.store.close();
  bench.store = bench.open();
});

Deno.test("SqliteStore opens a room once, however many ask at once", async () => {
  await using bench = new Bench();
  const [first, second] = await Promise.all([
    bench.store.create("a", "Lobby"),
    bench.store.create("a", "Other"),
  ]);
  assert(first === second);
  assertEquals([await bench.store.open("a") === first, first.name], [true, "Lobby"]);
});

Deno.test("SqliteStore: a room that is opened again before it is written to the end is the same", async () => {
  await using bench = new Bench();
  const { store } = bench;
  const room = await store.create("a", "Lobby");
  store.append("a", presenceDraft("join", "ana"));
  store.release("a");
  assert(await store.open("a") === room);
  store.append("a", messageDraft("ana", 1));
  store.release("a");
  await store.settled();
  const again = await store.open("a");
  assert(again !== undefined && again !== room);
  assertEquals([again.log.head, again.roster.members.size], [2, 1]);
});

Deno.test("SqliteStore remembers the newest deleted rooms, and not for ever", async () => {
  await using bench = new Bench();
  const { store } = bench;
  for (const id of ["a", "b", "c"]) store.delete(id);
  await store.settled();
  const deleted = () => {
    using db = new DatabaseSync(bench.path);
    return db.prepare("SELECT id FROM deleted ORDER BY key").all().map(({ id }) => id);
  };
  assertEquals(deleted(), ["a", "b", "c"]);
  {
    using db = new DatabaseSync(bench.path);
    db.prepare("UPDATE deleted SET at = ? WHERE id = 'a'").run(Date.now() - DELETED.ms - 1_000);
    db.prepare("UPDATE deleted SET key = ? WHERE id = 'c'").run(DELETED.rooms + 1);
  }
  store.delete("d");
  await store.settled();
  assertEquals(deleted(), ["c", "d"]);
  assertEquals((await store.create("a", "Lobby")).log.head, 0);
});

Deno.test("SqliteStore: the file does not grow beyond what the logs keep", async () => {
  await using bench = new Bench({ logEntries: 50 });
  const { store } = bench;
  await store.create("a", "Lobby");
  for (let n = 1; n <= 2_000; n++) {
    store.append("a", messageDraft("ana", n));
    if (n % 100 === 0) await store.settled();
  }
  assert(bench.count() <= 50 + 128 + 2 * 100, `${bench.count()}`);
  await store.close();
  bench.store = bench.open({ logEntries: 50 });
  const room = await bench.store.open("a");
  assertEquals([room?.log.size, room?.log.head, room?.log.tail], [50, 2_000, 1_950]);
});

Deno.test("SqliteStore: what is too old goes from the file, and the count goes on", async () => {
  await using bench = new Bench({ logAgeMs: 60_000 });
  const { store } = bench;
  await store.create("a", "Lobby");
  for (let n = 1; n <= 3; n++) store.append("a", messageDraft("ana", n));
  store.append("a", messageDraft("ana", 4, "4", Date.now()));
  await store.settled();
  await until(() => bench.count() === 1, "nothing is swept");
  await store.close();
  bench.store = bench.open();
  const room = await bench.store.open("a");
  assertEquals([room?.log.tail, room?.log.head], [3, 4]);
});

Deno.test("SqliteStore: who is still on its way out of a room is no orphan when it is opened again", async () => {
  await using bench = new Bench();
  const { store } = bench;
  await store.create("a", "Lobby");
  store.append("a", presenceDraft("join", "ana"));
  await store.settled();
  store.append("a", presenceDraft("leave", "ana"));
  store.release("a");
  assertEquals((await store.open("a"))?.orphans ?? [], []);
  await store.close();
  bench.store = bench.open();
  assertEquals((await bench.store.open("a"))?.orphans, []);
});

Deno.test("what logs give up for the sake of others stays on the disk", async () => {
  await using bench = new Bench({ logEntries: 400, logBytes: 1_000_000 });
  const { log } = await bench.store.create("room", "Room");
  log.countIn(new MemoryBound(20_000));
  for (let n = 1; n <= 600; n++) {
    bench.store.append("room", messageDraft("ana", n, "x".repeat(100)));
  }
  await bench.store.settled();
  assert(log.size < 200 && log.hasShrunk, `${log.size}`);
  bench.store.append("room", messageDraft("ana", 601, "x"));
  await bench.store.settled();
  assert(bench.count() >= 400 && bench.count() <= 601, `${bench.count()}`);
  bench.store.release("room");
  const again = await bench.store.open("room");
  assertEquals([again?.log.size, again?.log.head], [400, 601]);
});

/** Bounds that a large log is within. */
const LARGE = { logBytes: 4_194_304 };

/** A store in whose file is a room that takes some turns to read. */
async function withLargeRoom(): Promise<Bench> {
  const bench = new Bench(LARGE);
  await bench.store.create("a", "Large");
  for (let n = 1; n <= 60; n++) bench.store.append("a", messageDraft("ana", n, "€".repeat(20_000)));
  await bench.store.close();
  bench.store = bench.open(LARGE);
  return bench;
}

Deno.test("SqliteStore.open() leaves turns to others while it reads a large room, and reads it once", async () => {
  await using bench = await withLargeRoom();
  const { store } = bench;
  const rooms: unknown[] = [];
  const asked = [1, 2].map(() => store.open("a").then((room) => rooms.push(room)));
  await turn();
  assertEquals(rooms, []);
  asked.push(store.create("a", "Other").then((room) => rooms.push(room)));
  await Promise.all(asked);
  const room = await store.open("a");
  assert(rooms.length === 3 && rooms.every((other) => other === room));
  assertEquals([room?.name, room?.log.head, room?.log.tail], ["Large", 60, 0]);
  store.append("a", messageDraft("ben", 1));
  await store.settled();
  assertEquals(room?.log.head, 61);
});

Deno.test("SqliteStore.open() reads small rooms at once", async () => {
  await using bench = new Bench();
  await bench.store.create("a", "Small");
  bench.store.append("a", messageDraft("ana", 1));
  let head: number | undefined;
  // A busy machine may take the whole time of a turn away from the reading of one room.
  for (let tries = 0; tries < 20 && head === undefined; tries++) {
    await bench.store.close();
    bench.store = bench.open();
    const opening = bench.store.open("a");
    opening.then((room) => head = room?.log.head);
    await turn();
    if (head !== undefined) break;
    await opening;
    head = undefined;
  }
  assertEquals(head, 1);
});

Deno.test("SqliteStore.delete() ends the reading of a room, and close() of all", async () => {
  {
    await using bench = await withLargeRoom();
    const opened = bench.store.open("a");
    bench.store.delete("a");
    assertEquals([await opened, await bench.store.open("a")], [undefined, undefined]);
    await bench.store.settled();
    assertEquals(await bench.store.open("a"), undefined);
  }
  await using bench = await withLargeRoom();
  const refused = assertRejects(() => bench.store.open("a"), ChatError, "cannot be read");
  await bench.store.close();
  await refused;
});

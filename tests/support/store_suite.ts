/**
 * The suite that each implementation of a store runs through: all that every store must do.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type {
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreLimits,
} from "../../src/core/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Draft, MemberInfo } from "../../src/protocol/frames.ts";
import { messageDraft, presenceDraft } from "./drafts.ts";
import { until } from "./waiting.ts";

/** Somebody who comes back, and says nothing of its messages. */
const BACK = { isHere: () => true };

/** Hears nothing of what a store reports. */
export const IGNORE: StoreEvents = {
  stored: () => {},
  repeated: () => {},
  refused: () => {},
  failing: () => {},
  troubled: () => {},
  relayed: () => {},
  orphaned: () => {},
  taken: () => {},
  gone: () => {},
};

/** An implementation, as the suite gets at it. */
export interface StoreUnderTest {
  /** The word for it in the names of the tests. */
  name: string;
  /** Opens the store at `place`, which is empty at first; a new one for each name. */
  make(events: StoreEvents, limits: StoreLimits, place: string): Store | Promise<Store>;
  /** `true`: what is in it outlives it: a released room can be opened again, a closed store too. */
  durable: boolean;
  /** `true`: the numbers of a client that is forgotten are free again at once. */
  forgetsNumbers: boolean;
  /** `true`: the tests are left out. */
  ignore?: boolean;
  /** Permissions of the tests; `none` where the store needs none. */
  permissions: "none" | "inherit";
}

type Report =
  | { type: "stored"; roomId: string }
  | { type: "repeated"; draft: Draft; seq: number }
  | { type: "refused"; draft: Draft; error: ChatError };

/** A store with a record of what it reported. */
class Bench implements AsyncDisposable {
  store: Store;
  reports: Report[];
  readonly #under: StoreUnderTest;
  readonly #limits: StoreLimits;
  readonly #place: string;

  private constructor(
    under: StoreUnderTest,
    limits: StoreLimits,
    { store, reports, place }: { store: Store; reports: Report[]; place: string },
  ) {
    this.#under = under;
    this.#limits = limits;
    this.store = store;
    this.reports = reports;
    this.#place = place;
  }

  static async of(under: StoreUnderTest, some: Partial<StoreLimits> = {}): Promise<Bench> {
    const limits = { logEntries: 100, logBytes: 100_000, logAgeMs: FOREVER_MS, ...some };
    const place = crypto.randomUUID();
    return new Bench(under, limits, { ...await open(under, limits, place), place });
  }

  /** Closes the store and opens it again, as another process would. */
  async reopen(): Promise<void> {
    await this.store.close();
    const { store, reports } = await open(this.#under, this.#limits, this.#place);
    this.store = store;
    this.reports = reports;
  }

  /** Finds a client of an earlier process, as a server does when it starts, or when the client comes. */
  async known(clientId: string): Promise<StoredClient | undefined> {
    const { clients, bus } = this.store;
    return clients?.remembered?.().find(({ id }) => id === clientId) ??
      await bus?.recall(clientId, BACK);
  }

  /** Waits until there are `count` reports: they need not come from within the call they are about. */
  async reported(count: number): Promise<void> {
    await until(
      () => this.reports.length >= count,
      () => `the store reports ${this.reports.length} of ${count}`,
    );
    assertEquals(this.reports.length, count);
  }

  /** Appends and returns the report about it. */
  async append(roomId: string, draft: Draft): Promise<Report> {
    const before = this.reports.length;
    this.store.append(roomId, draft);
    await this.reported(before + 1);
    return this.reports[before]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

/** Longer than anything was ever kept: the drafts below are from 1970. */
const FOREVER_MS = 1e15;

async function open(under: StoreUnderTest, limits: StoreLimits, place: string) {
  const reports: Report[] = [];
  const store = await under.make(
    {
      ...IGNORE,
      stored: (roomId) => void reports.push({ type: "stored", roomId }),
      repeated: (draft, seq) => void reports.push({ type: "repeated", draft, seq }),
      refused: (draft, error) => void reports.push({ type: "refused", draft, error }),
    },
    limits,
    place,
  );
  return { store, reports };
}

function roster({ roster }: StoredRoom): MemberInfo[] {
  return [...roster.members.values()];
}

function draft(from: string, n: number, body = "x"): Draft {
  return n === 0 ? presenceDraft("join", from) : messageDraft(from, n, body);
}

function entries({ log }: StoredRoom): { seq: number; n?: number; body?: string; from: string }[] {
  return Array.from({ length: log.size }, (_, i) => JSON.parse(log.at(i).text));
}

/** Declares the tests of the suite for one implementation. */
export function testStore(under: StoreUnderTest): void {
  const { permissions } = under;
  const test = (
    name: string,
    run: (bench: Bench) => Promise<void>,
    limits?: Partial<StoreLimits>,
  ) =>
    Deno.test({
      name: `${under.name}: ${name}`,
      permissions,
      ignore: under.ignore ?? false,
      fn: async () => {
        await using bench = await Bench.of(under, limits);
        await run(bench);
      },
    });

  test("a new room has an empty log, and is found by its id", async ({ store }) => {
    const room = await store.create("a", "Lobby");
    assertEquals([room.id, room.name, room.log.head, room.log.size], ["a", "Lobby", 0, 0]);
    const opened = await store.open("a");
    assertEquals([opened?.name, opened?.log.epoch], ["Lobby", room.log.epoch]);
  });

  test("a room that is there already is opened, not made anew", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    const again = await bench.store.create("a", "Another name");
    assertEquals([again.name, again.log.epoch, again.log.head], [
      "Lobby",
      room.log.epoch,
      room.log.head,
    ]);
  });

  test("no room is found under an id that was never made", async ({ store }) => {
    for (const id of ["", "a", "__proto__", "constructor"]) {
      assertEquals(await store.open(id), undefined);
    }
  });

  test("entries have growing places, in the order of their coming", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 0));
    await bench.append("a", draft("ana", 1, "one"));
    await bench.append("a", draft("ben", 1, "two"));
    await bench.append("a", draft("ana", 2, "three"));
    const stored = entries(room);
    assertEquals(stored.map(({ body }) => body), [undefined, "one", "two", "three"]);
    stored.reduce((before, { seq }) => {
      assert(seq > before);
      return seq;
    }, 0);
    assertEquals(stored.at(-1)?.seq, room.log.head);
    assertEquals(bench.reports, Array(4).fill({ type: "stored", roomId: "a" }));
  });

  test("drafts that are given without waiting keep their order", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n < 50; n++) bench.store.append("a", draft("ana", n));
    await bench.reported(49);
    assertEquals(entries(room).map(({ n }) => n), Array.from({ length: 49 }, (_, i) => i + 1));
  });

  test("rooms count for themselves", async (bench) => {
    const a = await bench.store.create("a", "A");
    const b = await bench.store.create("b", "B");
    await bench.append("a", draft("ana", 1, "to a"));
    await bench.append("b", draft("ana", 2, "to b"));
    assertEquals(entries(a).map(({ body }) => body), ["to a"]);
    assertEquals(entries(b).map(({ body }) => body), ["to b"]);
    assertEquals(bench.reports.map((report) => report.type === "stored" && report.roomId), [
      "a",
      "b",
    ]);
  });

  test("a repeat is not stored again, and answered with the place of the first", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    await bench.append("a", draft("ben", 1));
    await bench.append("a", draft("ana", 2));
    const [first, , second] = entries(room);
    const again = draft("ana", 1, "different");
    assertEquals(await bench.append("a", again), {
      type: "repeated",
      draft: again,
      seq: first!.seq,
    });
    const twice = await bench.append("a", draft("ana", 2));
    assertEquals(twice.type === "repeated" && twice.seq, second!.seq);
    assertEquals(room.log.size, 3);
  });

  test("a repeat is a repeat wherever it is sent, the room being gone or not", async (bench) => {
    await bench.store.create("a", "A");
    const b = await bench.store.create("b", "B");
    await bench.append("a", draft("ana", 1));
    assertEquals((await bench.append("b", draft("ana", 1))).type, "repeated");
    bench.store.delete("a");
    assertEquals((await bench.append("a", draft("ana", 1))).type, "repeated");
    assertEquals(b.log.size, 0);
  });

  test("what has no number is never a repeat", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let i = 0; i < 3; i++) await bench.append("a", draft("ana", 0));
    assertEquals(room.log.size, 3);
  });

  test("a draft for a room that is not there is refused, and its number stays free", async (bench) => {
    const refused = await bench.append("nowhere", draft("ana", 1));
    assert(refused.type === "refused");
    assertEquals([refused.error.code, refused.error.message], [
      "room_gone",
      "Room no longer exists",
    ]);
    await bench.store.create("a", "Lobby");
    assertEquals((await bench.append("a", draft("ana", 1))).type, "stored");
  });

  test("a client that was forgotten begins again", async (bench) => {
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    bench.store.forget("ana");
    bench.store.forget("nobody");
    const again = await bench.append("a", draft("ana", 1));
    assertEquals(again.type, under.forgetsNumbers ? "stored" : "repeated");
  });

  test("a client that is only remembered is told where its last message is", async (bench) => {
    const { log } = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    const { head } = log;
    await bench.append("a", draft("ben", 1));
    bench.store.trim?.("ana");
    bench.store.trim?.("nobody");
    const again = await bench.append("a", draft("ana", 1));
    assertEquals(again.type === "repeated" && again.seq, head);
    assertEquals((await bench.append("a", draft("ana", 2))).type, "stored");
  });

  test("a number that skips one is refused, and stays free", async (bench) => {
    await bench.store.create("a", "Lobby");
    assertEquals((await bench.append("a", draft("ana", 1))).type, "stored");
    assertEquals((await bench.append("a", draft("ana", 3))).type, "refused");
    assertEquals((await bench.append("a", draft("ana", 2))).type, "stored");
    assertEquals((await bench.append("a", draft("ana", 3))).type, "stored");
  });

  test("a deleted room is gone, and none of its id is made again", async (bench) => {
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    for (const id of ["a", "a", "never-made"]) bench.store.delete(id);
    for (const id of ["a", "never-made"]) {
      assertEquals(await bench.store.open(id), undefined);
      const error = await assertRejects(() => bench.store.create(id, "Lobby"), ChatError);
      assertEquals([error.code, error.message], ["room_gone", "Room no longer exists"]);
    }
    assertEquals((await bench.append("a", draft("ana", 2))).type, "refused");
    assertEquals((await bench.store.create("b", "Lobby")).log.size, 0);
    if (!under.durable) return;
    await bench.reopen();
    assertEquals(await bench.store.open("a"), undefined);
    await assertRejects(() => bench.store.create("a", "Lobby"), ChatError, "no longer exists");
  });

  test(
    under.durable ? "a released room can be opened again, with its log" : "a released room is gone",
    async (bench) => {
      const room = await bench.store.create("a", "Lobby");
      await bench.append("a", draft("ana", 1, "kept"));
      bench.store.release("a");
      bench.store.release("a");
      const again = await bench.store.open("a");
      if (!under.durable) return assertEquals(again, undefined);
      assert(again !== undefined);
      assertEquals([again.log.epoch, again.log.head], [room.log.epoch, room.log.head]);
      assertEquals(entries(again).map(({ body }) => body), ["kept"]);
    },
  );

  test("a log keeps as many entries as it may, and goes on counting", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    assertEquals(entries(room).map(({ body }) => body), ["4", "5"]);
    assertEquals(room.log.reaches(room.log.tail), true);
    assertEquals(room.log.reaches(room.log.tail - 1), false);
    // What fell off the log is still known to have been stored.
    assertEquals((await bench.append("a", draft("ana", 1))).type, "repeated");
  }, { logEntries: 2 });

  test("a log keeps as many characters as it may, and always the newest entry", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 3; n++) await bench.append("a", draft("ana", n, "x".repeat(200)));
    assertEquals(entries(room).map(({ n }) => n), [3]);
    await bench.append("a", draft("ana", 4, "x".repeat(2_000)));
    assertEquals(entries(room).map(({ n }) => n), [4]);
  }, { logBytes: 300 });

  test("a room knows who is in it at the head of its log", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    assertEquals(roster(room), []);
    await bench.append("a", presenceDraft("join", "ana", "Ana"));
    await bench.append("a", presenceDraft("join", "ben"));
    await bench.append("a", presenceDraft("away", "ana", "Ana"));
    assertEquals(roster(room), [
      { client_id: "ana", name: "Ana", away: true },
      { client_id: "ben" },
    ]);
    await bench.append("a", presenceDraft("rename", "ana", "Anna"));
    await bench.append("a", presenceDraft("leave", "ben"));
    assertEquals(roster(room), [{ client_id: "ana", name: "Anna", away: true }]);
    await bench.append("a", presenceDraft("back", "ana", "Anna"));
    assertEquals(roster(room), [{ client_id: "ana", name: "Anna" }]);
    await bench.append("a", presenceDraft("quiet", ""));
    assertEquals([roster(room), room.roster.quiet], [[], true]);
  });

  test("all that was appended is reported when settled() resolves, or at once without it", async (bench) => {
    await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) bench.store.append("a", draft("ana", n));
    await bench.store.settled?.();
    assertEquals(bench.reports.length, 5);
    assertEquals(bench.store.settled?.(), undefined);
  });

  test("a client that nobody remembered is not recalled", async ({ store }) => {
    assertEquals(store.clients?.remembered?.() ?? [], []);
    assertEquals(await store.bus?.recall("nobody", BACK), undefined);
  });

  test("closing twice is closing", async ({ store }) => {
    await store.close();
    await store.close();
  });

  if (!under.durable) return;

  test("a room outlives the store, and its log goes on where it was", async (bench) => {
    const before = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    await bench.reopen();
    const room = await bench.store.open("a");
    assert(room !== undefined);
    assertEquals([room.name, room.log.epoch, room.log.head], [
      "Lobby",
      before.log.epoch,
      before.log.head,
    ]);
    assertEquals(entries(room), entries(before));
    // Whoever was anywhere in it misses nothing.
    for (const { seq } of entries(before)) assert(room.log.reaches(seq));
    await bench.append("a", draft("ben", 1, "6"));
    assertEquals(entries(room).map(({ body }) => body), ["1", "2", "3", "4", "5", "6"]);
    assert(room.log.head > before.log.head);
  });

  test("what an older version let in breaks no reader: half of a surrogate pair is read as U+FFFD", async (bench) => {
    const half = String.fromCharCode(0xd800);
    await bench.store.create("a", half);
    await bench.append("a", presenceDraft("join", "ana", half));
    await bench.append("a", draft("ana", 1, half));
    await bench.reopen();
    const room = await bench.store.open("a");
    assert(room !== undefined);
    assertEquals([room.name, room.roster.members.get("ana")?.name], ["\ufffd", "\ufffd"]);
    const texts = [0, 1].map((i) => room.log.at(i).text);
    assertEquals(texts.map((text) => [text.includes("\\u"), text.includes("\ufffd")]), [
      [false, true],
      [false, true],
    ]);
  });

  test("a log that has dropped something reaches no further back afterwards", async (bench) => {
    const before = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    await bench.reopen();
    const room = await bench.store.open("a");
    assert(room !== undefined);
    assertEquals([entries(room), room.log.tail], [entries(before), before.log.tail]);
  }, { logEntries: 2 });

  test("the members of a room outlive the store, and wait to be taken over", async (bench) => {
    await bench.store.create("a", "Lobby");
    await bench.append("a", presenceDraft("join", "ana", "Ana"));
    await bench.append("a", presenceDraft("join", "ben"));
    await bench.append("a", presenceDraft("join", "cleo"));
    await bench.append("a", presenceDraft("leave", "ben"));
    await bench.append("a", presenceDraft("away", "cleo", "Cleo"));
    await bench.reopen();
    const room = await bench.store.open("a");
    assert(room !== undefined);
    assertEquals(roster(room), [
      { client_id: "ana", name: "Ana" },
      { client_id: "cleo", name: "Cleo", away: true },
    ]);
    // Where other processes may live, they wait until it is known that this one has died.
    assertEquals(room.orphans, bench.store.bus ? [] : ["ana", "cleo"]);
  });

  test("a message is answered, though its room is deleted in the same moment", async (bench) => {
    await bench.store.create("a", "Lobby");
    const answer = bench.append("a", draft("ana", 1));
    bench.store.delete("a");
    assertEquals(["stored", "repeated"].includes((await answer).type), true);
  });

  test("a repeat is a repeat for the next process too, with the first one's place", async (bench) => {
    for (let i = 0; i < 2; i++) bench.store.clients?.remember("ana", "Ana");
    await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 3; n++) await bench.append("a", draft("ana", n));
    await bench.reopen();
    await bench.known("ana");
    const room = await bench.store.open("a");
    assert(room !== undefined);
    const [, second] = entries(room);
    const again = draft("ana", 2, "different");
    assertEquals(await bench.append("a", again), {
      type: "repeated",
      draft: again,
      seq: second!.seq,
    });
    assertEquals((await bench.append("a", draft("ana", 4))).type, "stored");
  });

  test("a client is known to the next process until it is forgotten", async (bench) => {
    const { clients } = bench.store;
    clients?.remember("ana", "Ana");
    clients?.remember("ben", undefined);
    clients?.remember("ana", "Anna");
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    await bench.reopen();
    const ana = await bench.known("ana");
    assertEquals([ana?.id, ana?.name], ["ana", "Anna"]);
    assertEquals([ana?.n, ana?.doubtUpTo ?? 0], [1, 0]);
    assertEquals((await bench.known("ben"))?.name, undefined);
    bench.store.forget("ana");
    await bench.reopen();
    assertEquals(await bench.known("ana"), undefined);
    assertEquals((await bench.known("ben"))?.id, "ben");
  });
}

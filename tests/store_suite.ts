/**
 * What every store must do: the one suite that each implementation runs through.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { ChatError } from "../src/errors.ts";
import type { LogLimits } from "../src/log.ts";
import type { Draft, Store, StoredRoom, StoreEvents } from "../src/store/store.ts";

/** How the suite gets at an implementation. */
export interface StoreUnderTest {
  /** How it is called in the names of the tests. */
  name: string;
  /** Makes an empty store. */
  make(events: StoreEvents, limits: LogLimits): Store | Promise<Store>;
  /** Whether a released room can be opened again. */
  keepsReleased: boolean;
  /** Permissions of the tests; `none` where the store needs none. */
  permissions: "none" | "inherit";
}

type Report =
  | { type: "stored"; roomId: string }
  | { type: "repeated"; draft: Draft; seq: number }
  | { type: "refused"; draft: Draft; error: ChatError };

/** A store with a record of what it reported. */
class Bench implements AsyncDisposable {
  readonly store: Store;
  readonly reports: Report[];

  private constructor(store: Store, reports: Report[]) {
    this.store = store;
    this.reports = reports;
  }

  static async of(under: StoreUnderTest, limits: Partial<LogLimits> = {}): Promise<Bench> {
    const reports: Report[] = [];
    const store = await under.make({
      stored: (roomId) => void reports.push({ type: "stored", roomId }),
      repeated: (draft, seq) => void reports.push({ type: "repeated", draft, seq }),
      refused: (draft, error) => void reports.push({ type: "refused", draft, error }),
      failing: () => {},
    }, { logEntries: 100, logChars: 100_000, ...limits });
    return new Bench(store, reports);
  }

  /** Waits until there are `count` reports: they need not come from within the call they are about. */
  async reported(count: number): Promise<void> {
    for (let tries = 0; this.reports.length < count; tries++) {
      assert(tries < 1_000, `The store reports nothing: ${this.reports.length} of ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
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

function draft(from: string, n: number, body = "x"): Draft {
  const rest = n === 0
    ? `"at":1,"event":"join","from":"${from}"}`
    : `"at":1,"from":"${from}","n":${n},"body":${JSON.stringify(body)}}`;
  return { from, n, rest };
}

function entries({ log }: StoredRoom): { seq: number; n?: number; body?: string; from: string }[] {
  return Array.from({ length: log.size }, (_, i) => JSON.parse(log.at(i).text));
}

/** Declares the tests of the suite for one implementation. */
export function testStore(under: StoreUnderTest): void {
  const { permissions } = under;
  const test = (name: string, run: (bench: Bench) => Promise<void>, limits?: Partial<LogLimits>) =>
    Deno.test({
      name: `${under.name}: ${name}`,
      permissions,
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
    assertEquals((await bench.append("a", draft("ana", 1))).type, "stored");
  });

  test("a number that skips one is refused, and stays free", async (bench) => {
    await bench.store.create("a", "Lobby");
    assertEquals((await bench.append("a", draft("ana", 1))).type, "stored");
    assertEquals((await bench.append("a", draft("ana", 3))).type, "refused");
    assertEquals((await bench.append("a", draft("ana", 2))).type, "stored");
    assertEquals((await bench.append("a", draft("ana", 3))).type, "stored");
  });

  test("a deleted room is gone, and one made again under its id is another", async (bench) => {
    const first = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    bench.store.delete("a");
    bench.store.delete("a");
    assertEquals(await bench.store.open("a"), undefined);
    assertEquals((await bench.append("a", draft("ana", 2))).type, "refused");
    const second = await bench.store.create("a", "Lobby");
    assertNotEquals(second.log.epoch, first.log.epoch);
    assertEquals(second.log.size, 0);
  });

  test(
    under.keepsReleased
      ? "a released room can be opened again, with its log"
      : "a released room is gone",
    async (bench) => {
      const room = await bench.store.create("a", "Lobby");
      await bench.append("a", draft("ana", 1, "kept"));
      bench.store.release("a");
      bench.store.release("a");
      const again = await bench.store.open("a");
      if (!under.keepsReleased) return assertEquals(again, undefined);
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
  }, { logChars: 300 });

  test("closing twice is closing", async ({ store }) => {
    await store.close();
    await store.close();
  });
}

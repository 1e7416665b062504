/**
 * The suite that every store has to pass, whoever has written it.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import type { OpenStore, StoreOptions } from "../../core/store/store.ts";
import { encodeEntry } from "../../protocol/encode.ts";
import { ChatError } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";
import { entriesOf, membersOf, StoreBench, textsOf } from "./bench.ts";
import { messageDraft, presenceDraft } from "./drafts.ts";
import { testHistory } from "./history.ts";
import { testChanges } from "./changes.ts";
import { testModeration } from "./moderation.ts";
import { testMarkers } from "./markers.ts";
import { testSearch } from "./search.ts";

/** Declares a test, as `Deno.test` does, `test` of `node:test`, and others. */
export type DeclareTest = (name: string, run: () => Promise<void>) => void;

/** Traits of a store that the suite cannot see from outside. */
export interface StoreTraits {
  /** `true`: what is in it outlives it. A released room can be opened again, and so can a closed store. */
  durable: boolean;
  /** `true`: the numbers of a client that is forgotten are known for longer. */
  keepsNumbers?: boolean;
  /** The time that a report may take before a test fails, in milliseconds; 10,000 unless given. */
  patienceMs?: number;
}

function draft(from: string, n: number, body = "x"): Draft {
  return n === 0 ? presenceDraft("join", from) : messageDraft(from, n, body);
}

/** Makes something and returns the error that it is refused with. */
async function refusalOf(making: Promise<unknown>): Promise<[code: string, message: string]> {
  const error = await making.then(() => undefined, (error) => error);
  ok(error instanceof ChatError, `It is refused with a ChatError, not with ${error}`);
  return [error.code, error.message];
}

/** The refusal of a room that was deleted. */
const GONE = ["room_gone", "Room no longer exists"];

/**
 * Declares the tests that every store has to pass. `openAt` opens a store at a place, which is empty
 * at first: a new one for each name. A durable one is opened at the same place again.
 */
export function testStore(
  test: DeclareTest,
  openAt: (place: string) => OpenStore,
  traits: StoreTraits,
): void {
  const declare: Declare = (name, run, options) =>
    test(name, async () => {
      const open = openAt(crypto.randomUUID());
      await using bench = new StoreBench(open, options, traits.patienceMs);
      await run(bench);
    });
  testLogs(declare, traits);
  testHistory(declare);
  testModeration(declare, traits);
  testChanges(declare, traits);
  testMarkers(declare, traits);
  testSearch(declare);
  if (traits.durable) testWhatLasts(declare);
}

/** Declares a test of a store that is opened with these options. */
export type Declare = (
  name: string,
  run: (bench: StoreBench) => Promise<void>,
  options?: Partial<StoreOptions>,
) => void;

/** Declares tests of what every store does. */
function testLogs(test: Declare, { durable, keepsNumbers = false }: StoreTraits): void {
  test("a new room has an empty log, and is found by its id", async ({ store }) => {
    const room = await store.create("a", "Lobby");
    deepStrictEqual([room.id, room.name, room.log.head, room.log.size], ["a", "Lobby", 0, 0]);
    const opened = await store.open("a");
    deepStrictEqual([opened?.name, opened?.log.epoch], ["Lobby", room.log.epoch]);
  });

  test("a room may have a name of any script as its id", async (bench) => {
    const id = "#वार्ता-日本_ñ";
    const room = await bench.store.create(id, "Lobby");
    bench.store.append(id, draft("ana", 1, "one"));
    await bench.reported(1);
    deepStrictEqual(entriesOf(room).map(({ body }) => body), ["one"]);
    deepStrictEqual((await bench.store.open(id))?.id, id);
    deepStrictEqual(await bench.store.open("#वार्ता"), undefined);
  });

  test("a room that is there already is opened, not made anew", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    const again = await bench.store.create("a", "Another name");
    deepStrictEqual([again.name, again.log.epoch, again.log.head], [
      "Lobby",
      room.log.epoch,
      room.log.head,
    ]);
  });

  test("no room is found under an id that was never made", async ({ store }) => {
    for (const id of ["", "a", "__proto__", "constructor"]) {
      deepStrictEqual(await store.open(id), undefined);
    }
  });

  test("entries have growing places, in the order of their coming", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 0));
    await bench.append("a", draft("ana", 1, "one"));
    await bench.append("a", draft("ben", 1, "two"));
    await bench.append("a", draft("ana", 2, "three"));
    const stored = entriesOf(room);
    deepStrictEqual(stored.map(({ body }) => body), [undefined, "one", "two", "three"]);
    stored.reduce((before, { seq }) => {
      ok(seq > before);
      return seq;
    }, 0);
    deepStrictEqual(stored.at(-1)?.seq, room.log.head);
    deepStrictEqual(bench.reports, Array(4).fill({ type: "stored", roomId: "a" }));
  });

  test("an entry is in its log, as it will be sent, when it is reported", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    const heads: number[] = [];
    bench.onStored = () => heads.push(room.log.head);
    const drafts = [draft("ana", 0), draft("ana", 1, '\u0416\n"x"'), draft("ben", 1)];
    for (const each of drafts) await bench.append("a", each);
    const texts = drafts.map((each, i) => encodeEntry(heads[i]!, each));
    deepStrictEqual([heads.length, textsOf(room)], [3, texts]);
  });

  test("drafts that are given without waiting keep their order", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n < 50; n++) bench.store.append("a", draft("ana", n));
    await bench.reported(49);
    deepStrictEqual(entriesOf(room).map(({ n }) => n), Array.from({ length: 49 }, (_, i) => i + 1));
  });

  test("rooms count for themselves", async (bench) => {
    const a = await bench.store.create("a", "A");
    const b = await bench.store.create("b", "B");
    await bench.append("a", draft("ana", 1, "to a"));
    await bench.append("b", draft("ana", 2, "to b"));
    deepStrictEqual(entriesOf(a).map(({ body }) => body), ["to a"]);
    deepStrictEqual(entriesOf(b).map(({ body }) => body), ["to b"]);
    deepStrictEqual(bench.reports.map((report) => report.type === "stored" && report.roomId), [
      "a",
      "b",
    ]);
  });

  test("a repeat is not stored again, and answered with the place of the first", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    await bench.append("a", draft("ben", 1));
    await bench.append("a", draft("ana", 2));
    const [first, , second] = entriesOf(room);
    const again = draft("ana", 1, "different");
    deepStrictEqual(await bench.append("a", again), {
      type: "repeated",
      draft: again,
      seq: first!.seq,
    });
    const twice = await bench.append("a", draft("ana", 2));
    deepStrictEqual(twice.type === "repeated" && twice.seq, second!.seq);
    deepStrictEqual(room.log.size, 3);
  });

  test("a repeat is a repeat wherever it is sent, the room being gone or not", async (bench) => {
    await bench.store.create("a", "A");
    const b = await bench.store.create("b", "B");
    await bench.append("a", draft("ana", 1));
    deepStrictEqual((await bench.append("b", draft("ana", 1))).type, "repeated");
    bench.store.delete("a");
    deepStrictEqual((await bench.append("a", draft("ana", 1))).type, "repeated");
    deepStrictEqual(b.log.size, 0);
  });

  test("what has no number is never a repeat", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let i = 0; i < 3; i++) await bench.append("a", draft("ana", 0));
    deepStrictEqual(room.log.size, 3);
  });

  test("a draft for a room that is not there is refused, and its number stays free", async (bench) => {
    const refused = await bench.append("nowhere", draft("ana", 1));
    ok(refused.type === "refused");
    deepStrictEqual([refused.error.code, refused.error.message], GONE);
    await bench.store.create("a", "Lobby");
    deepStrictEqual((await bench.append("a", draft("ana", 1))).type, "stored");
  });

  test("a client that was forgotten begins again", async (bench) => {
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    bench.store.forget("ana");
    bench.store.forget("nobody");
    const again = await bench.append("a", draft("ana", 1));
    deepStrictEqual(again.type, keepsNumbers ? "repeated" : "stored");
  });

  test("a client that is only remembered is told where its last message is", async (bench) => {
    const { log } = await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    const { head } = log;
    await bench.append("a", draft("ben", 1));
    bench.store.trim?.("ana");
    bench.store.trim?.("nobody");
    const again = await bench.append("a", draft("ana", 1));
    deepStrictEqual(again.type === "repeated" && again.seq, head);
    deepStrictEqual((await bench.append("a", draft("ana", 2))).type, "stored");
  });

  test("a number that skips one is refused, and stays free", async (bench) => {
    await bench.store.create("a", "Lobby");
    deepStrictEqual((await bench.append("a", draft("ana", 1))).type, "stored");
    deepStrictEqual((await bench.append("a", draft("ana", 3))).type, "refused");
    deepStrictEqual((await bench.append("a", draft("ana", 2))).type, "stored");
    deepStrictEqual((await bench.append("a", draft("ana", 3))).type, "stored");
  });

  test("a deleted room is gone, and none of its id is made again", async (bench) => {
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    for (const id of ["a", "a", "never-made"]) bench.store.delete(id);
    for (const id of ["a", "never-made"]) {
      deepStrictEqual(await bench.store.open(id), undefined);
      deepStrictEqual(await refusalOf(bench.store.create(id, "Lobby")), GONE);
    }
    deepStrictEqual((await bench.append("a", draft("ana", 2))).type, "refused");
    deepStrictEqual((await bench.store.create("b", "Lobby")).log.size, 0);
    if (!durable) return;
    await bench.reopen();
    deepStrictEqual(await bench.store.open("a"), undefined);
    deepStrictEqual(await refusalOf(bench.store.create("a", "Lobby")), GONE);
  });

  test(
    durable ? "a released room can be opened again, with its log" : "a released room is gone",
    async (bench) => {
      const room = await bench.store.create("a", "Lobby");
      await bench.append("a", draft("ana", 1, "kept"));
      bench.store.release("a");
      bench.store.release("a");
      const again = await bench.store.open("a");
      if (!durable) return deepStrictEqual(again, undefined);
      ok(again !== undefined);
      deepStrictEqual([again.log.epoch, again.log.head], [room.log.epoch, room.log.head]);
      deepStrictEqual(entriesOf(again).map(({ body }) => body), ["kept"]);
    },
  );

  test("a log keeps as many entries as it may, and goes on counting", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    deepStrictEqual(entriesOf(room).map(({ body }) => body), ["4", "5"]);
    deepStrictEqual(room.log.reaches(room.log.tail), true);
    deepStrictEqual(room.log.reaches(room.log.tail - 1), false);
    // What fell off the log is still known to have been stored.
    deepStrictEqual((await bench.append("a", draft("ana", 1))).type, "repeated");
  }, { logEntries: 2 });

  test("a log keeps as many bytes as it may, and always the newest entry", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 3; n++) await bench.append("a", draft("ana", n, "x".repeat(200)));
    deepStrictEqual(entriesOf(room).map(({ n }) => n), [3]);
    await bench.append("a", draft("ana", 4, "x".repeat(2_000)));
    deepStrictEqual(entriesOf(room).map(({ n }) => n), [4]);
  }, { logBytes: 300 });

  test("a room knows who is in it at the head of its log", async (bench) => {
    const room = await bench.store.create("a", "Lobby");
    deepStrictEqual(membersOf(room), []);
    await bench.append("a", presenceDraft("join", "ana", "Ana"));
    await bench.append("a", presenceDraft("join", "ben"));
    await bench.append("a", presenceDraft("away", "ana", "Ana"));
    deepStrictEqual(membersOf(room), [
      { client_id: "ana", name: "Ana", away: true },
      { client_id: "ben" },
    ]);
    await bench.append("a", presenceDraft("rename", "ana", "Anna"));
    await bench.append("a", presenceDraft("leave", "ben"));
    deepStrictEqual(membersOf(room), [{ client_id: "ana", name: "Anna", away: true }]);
    await bench.append("a", presenceDraft("back", "ana", "Anna"));
    deepStrictEqual(membersOf(room), [{ client_id: "ana", name: "Anna" }]);
    await bench.append("a", presenceDraft("quiet", ""));
    deepStrictEqual([membersOf(room), room.roster.quiet], [[], true]);
  });

  test("a message is answered, though its room is deleted in the same moment", async (bench) => {
    await bench.store.create("a", "Lobby");
    const answer = bench.append("a", draft("ana", 1));
    bench.store.delete("a");
    deepStrictEqual(["stored", "repeated"].includes((await answer).type), true);
  });

  test("all that was appended is reported when settled() resolves, or at once without it", async (bench) => {
    await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) bench.store.append("a", draft("ana", n));
    const settled = bench.store.settled?.();
    if (settled !== undefined) await settled;
    deepStrictEqual(bench.reports.length, 5);
    deepStrictEqual(bench.store.settled?.(), undefined);
  });

  test("a client that nobody remembered is known to nobody", async (bench) => {
    deepStrictEqual(await bench.known("nobody"), undefined);
    deepStrictEqual(bench.store.clients?.remembered?.() ?? [], []);
  });

  test("closing twice is closing", async ({ store }) => {
    await store.close();
    await store.close();
  });
}

/** Declares tests of what is there for the next process. */
function testWhatLasts(test: Declare): void {
  test("a room outlives the store, and its log goes on where it was", async (bench) => {
    const before = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    await bench.reopen();
    const room = await bench.store.open("a");
    ok(room !== undefined);
    deepStrictEqual([room.name, room.log.epoch, room.log.head], [
      "Lobby",
      before.log.epoch,
      before.log.head,
    ]);
    deepStrictEqual(entriesOf(room), entriesOf(before));
    // Whoever was anywhere in it misses nothing.
    for (const { seq } of entriesOf(before)) ok(room.log.reaches(seq));
    await bench.append("a", draft("ben", 1, "6"));
    deepStrictEqual(entriesOf(room).map(({ body }) => body), ["1", "2", "3", "4", "5", "6"]);
    ok(room.log.head > before.log.head);
  });

  test("a log that has dropped something reaches no further back afterwards", async (bench) => {
    const before = await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 5; n++) await bench.append("a", draft("ana", n, `${n}`));
    await bench.reopen();
    const room = await bench.store.open("a");
    ok(room !== undefined);
    deepStrictEqual([entriesOf(room), room.log.tail], [entriesOf(before), before.log.tail]);
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
    ok(room !== undefined);
    deepStrictEqual(membersOf(room), [
      { client_id: "ana", name: "Ana" },
      { client_id: "cleo", name: "Cleo", away: true },
    ]);
    // Where other processes may live, they wait until it is known that this one has died.
    deepStrictEqual(room.orphans, bench.store.bus ? [] : ["ana", "cleo"]);
  });

  test("a repeat is a repeat for the next process too, with the first one's place", async (bench) => {
    const { clients } = bench.store;
    if (clients === undefined) return;
    for (let i = 0; i < 2; i++) clients.remember("ana", "Ana");
    await bench.store.create("a", "Lobby");
    for (let n = 1; n <= 3; n++) await bench.append("a", draft("ana", n));
    await bench.reopen();
    await bench.known("ana");
    const room = await bench.store.open("a");
    ok(room !== undefined);
    const [, second] = entriesOf(room);
    const again = draft("ana", 2, "different");
    deepStrictEqual(await bench.append("a", again), {
      type: "repeated",
      draft: again,
      seq: second!.seq,
    });
    deepStrictEqual((await bench.append("a", draft("ana", 4))).type, "stored");
  });

  test("a client is known to the next process until it is forgotten", async (bench) => {
    const { clients } = bench.store;
    if (clients === undefined) return;
    clients.remember("ana", "Ana");
    clients.remember("ben", undefined);
    clients.remember("ana", "Anna");
    await bench.store.create("a", "Lobby");
    await bench.append("a", draft("ana", 1));
    await bench.reopen();
    const ana = await bench.known("ana");
    deepStrictEqual([ana?.id, ana?.name], ["ana", "Anna"]);
    deepStrictEqual([ana?.n, ana?.doubtUpTo ?? 0], [1, 0]);
    deepStrictEqual((await bench.known("ben"))?.name, undefined);
    bench.store.forget("ana");
    await bench.reopen();
    deepStrictEqual(await bench.known("ana"), undefined);
    deepStrictEqual((await bench.known("ben"))?.id, "ben");
  });
}

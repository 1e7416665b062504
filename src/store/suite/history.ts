/**
 * Tests of what can be read of a log that is no longer in memory. A store that keeps no more than its
 * logs passes them without doing anything.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import type { LogEntry, Page, PageQuery } from "../../core/log/log.ts";
import { entriesOf, type StoreBench } from "./bench.ts";
import { messageDraft, presenceDraft } from "./drafts.ts";
import type { Declare } from "./suite.ts";

/** The messages that are said. */
const MESSAGES = 40;

/** More than all of them in one page. */
const WIDE = 1_000_000;

/** A log that memory has a few of, while a store may keep them all. */
const LIMITS = { logEntries: 100, logBytes: 500, historyEntries: 100, historyBytes: 100_000 };

/** Declares the tests. */
export function testHistory(test: Declare): void {
  test("pages go back through all that is kept, and forth again", async (bench) => {
    const { history } = bench.store;
    if (history === undefined) return;
    const all = await said(bench);
    for (const limit of [1, 3, 7, MESSAGES, 2 * MESSAGES]) {
      const back = await walk((from) => ({ to: "older", from, limit, units: WIDE }), bench, WIDE);
      deepStrictEqual(back.reverse().flat(), all, `Back by ${limit}`);
      const forth = await walk((from) => ({ to: "newer", from, limit, units: WIDE }), bench, 0);
      deepStrictEqual(forth.flat(), all, `Forth by ${limit}`);
    }
  }, LIMITS);

  test("a page has no more bytes than asked for, and one entry at least", async (bench) => {
    const { history } = bench.store;
    if (history === undefined) return;
    const all = await said(bench);
    for (const units of [1, 100, 300, 1_000]) {
      for (const to of ["older", "newer"] as const) {
        const from = all[20]!.seq;
        const page: Page = await history.page("a", { to, from, limit: 10, units });
        const { entries } = page;
        const size = entries.reduce((sum, { text }) => sum + text.length, 0);
        ok(entries.length === 1 || size <= units, `${size} of ${units}`);
        deepStrictEqual(page.more, true);
        const first = to === "older" ? 20 - entries.length : 21;
        deepStrictEqual(entries, all.slice(first, first + entries.length));
      }
    }
  }, LIMITS);

  test(
    "a page says whether anything is missing before it, and whether more comes",
    async (bench) => {
      const { history } = bench.store;
      if (history === undefined) return;
      const all = await said(bench);
      const [{ seq: first }, { seq: last }] = [all[0]!, all.at(-1)!];
      const newer = (from: number) =>
        history.page("a", { to: "newer", from, limit: 10, units: WIDE });
      deepStrictEqual(shape(await newer(first)), [10, true, true]);
      deepStrictEqual(shape(await newer(all.at(-4)!.seq)), [3, false, true]);
      deepStrictEqual(shape(await newer(last)), [0, false, true]);
      const older = (from: number) =>
        history.page("a", { to: "older", from, limit: 10, units: WIDE });
      deepStrictEqual(shape(await older(all[3]!.seq)), [3, false, true]);
      deepStrictEqual((await older(first)).entries, []);
      deepStrictEqual((await older(last + 1)).entries.at(-1), all.at(-1));
    },
    LIMITS,
  );

  test("rooms are listed by their ids, with what is in them", async (bench) => {
    const { store } = bench;
    if (store.history?.list === undefined) return;
    const ids = ["a", "b", "c", "d"];
    const rooms = await Promise.all(ids.toReversed().map((id) => store.create(id, `Room ${id}`)));
    await bench.append("b", presenceDraft("join", "ana"));
    await bench.append("c", messageDraft("ana", 1, "hello"));
    store.release("c");
    store.delete("d");
    await store.settled?.();
    const epochs = new Map(rooms.map(({ id, log }) => [id, log.epoch]));
    const all = [
      { id: "a", epoch: epochs.get("a"), head: 0, hasMembers: false },
      { id: "b", epoch: epochs.get("b"), head: 1, hasMembers: true },
      { id: "c", epoch: epochs.get("c"), head: 1, hasMembers: false },
    ];
    deepStrictEqual(await store.history.list("", 10), all);
    deepStrictEqual(await store.history.list("", 1), all.slice(0, 1));
    deepStrictEqual(await store.history.list("a", 10), all.slice(1));
    deepStrictEqual(await store.history.list("c", 10), []);
  });

  test("a page of one room has nothing of another", async (bench) => {
    const { history } = bench.store;
    if (history === undefined) return;
    await bench.store.create("b", "Other");
    const all = await said(bench, async (n) => {
      await bench.append("b", messageDraft("ben", n, "elsewhere"));
    });
    const { entries } = await history.page("a", {
      to: "older",
      from: WIDE,
      limit: 12,
      units: WIDE,
    });
    deepStrictEqual(entries, all.slice(-12));
  }, LIMITS);
}

/** Says something in a room, and returns all its entries: those in memory are a few of them. */
async function said(
  bench: StoreBench,
  meanwhile: (n: number) => Promise<void> = () => Promise.resolve(),
): Promise<LogEntry[]> {
  const room = await bench.store.create("a", "Lobby");
  const all: LogEntry[] = [];
  bench.onStored = () => {
    const entry = room.log.size === 0 ? undefined : room.log.at(room.log.size - 1);
    if (entry !== undefined && entry.seq !== all.at(-1)?.seq) all.push(entry);
  };
  await bench.append("a", presenceDraft("join", "ana"));
  for (let n = 1; n < MESSAGES; n++) {
    await bench.append("a", messageDraft("ana", n, `message ${n} ${"é".repeat(n)}`));
    await meanwhile(n);
  }
  deepStrictEqual(all.length, MESSAGES);
  ok(entriesOf(room).length < MESSAGES / 2);
  return all;
}

/** Reads page after page in one direction, until there is no more. */
async function walk(
  next: (from: number) => PageQuery,
  { store }: StoreBench,
  start: number,
): Promise<(readonly LogEntry[])[]> {
  const pages: (readonly LogEntry[])[] = [];
  let from = start;
  for (let more = true; more;) {
    const query = next(from);
    const page = await store.history!.page("a", query);
    pages.push(page.entries);
    more = page.more;
    from = (query.to === "older" ? page.entries[0] : page.entries.at(-1))?.seq ?? from;
    ok(pages.length <= MESSAGES, "The pages have no end");
  }
  return pages;
}

function shape({ entries, more, complete }: Page): [number, boolean, boolean] {
  return [entries.length, more, complete];
}

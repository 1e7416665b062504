/**
 * Tests of searches. A store that cannot search passes them without doing anything.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import { wordsOf } from "../../core/log/search.ts";
import type { Found } from "../../core/store/store.ts";
import type { StoreBench } from "./bench.ts";
import { messageDraft, presenceDraft } from "./drafts.ts";
import type { Declare } from "./suite.ts";

const WIDE = 1_000_000;

/** A log that memory has a few of, while a store may keep them all. */
const LIMITS = { logEntries: 100, logBytes: 500, historyEntries: 100, historyBytes: 100_000 };

/** Messages, and what is found of them. */
const BODIES = [
  "Crème brûlée for Ana",
  "nothing",
  "ANA, the cremes",
  '"OR" NEAR body:x* -ana AND',
  "\u6771\u4eac\u30bf\u30ef\u30fc",
  "\u4eac\u6771",
  "x".repeat(1_000),
  "a_b c.d",
];
const FINDS: [text: string, found: number[]][] = [
  ["ana", [0, 2, 3]],
  ["creme", [0]],
  ["BRULEE creme", [0]],
  ["cr\u00c8me ana", [0]],
  ["crem", []],
  ["or", [3]],
  ["NOT", []],
  ['ana OR "nothing"', []],
  ["body:x*", [3]],
  ["\u6771\u4eac", [4]],
  ["\u4eac", [4, 5]],
  ["b a d", [7]],
];

/** Declares the tests. */
export function testSearch(test: Declare): void {
  test("a search finds the messages with all words, at once and later", async (bench) => {
    if (bench.store.search === undefined) return;
    const seqs = await said(bench, BODIES);
    await bench.store.create("b", "Other");
    await bench.append("b", messageDraft("cleo", 1, "ana in another room"));
    const all = async () => {
      for (const [text, found] of FINDS) {
        deepStrictEqual(seqsOf(await find(bench, text)), found.map((i) => seqs[i]), text);
      }
    };
    await all();
    await bench.reopen();
    await bench.store.open("a");
    await all();
  }, LIMITS);

  test("a search goes on before what it has found, until all is looked at", async (bench) => {
    if (bench.store.search === undefined) return;
    const bodies = Array.from({ length: 30 }, (_, i) => i % 3 === 0 ? "wanted" : `other ${i}`);
    const seqs = (await said(bench, bodies)).filter((_, i) => i % 3 === 0);
    const found: number[] = [];
    let pages = 0;
    for (let before: number | undefined = WIDE; before !== undefined; pages++) {
      const part: Found = await find(bench, "wanted", before, 4);
      ok(part.entries.length <= 4 && pages < 50);
      found.unshift(...seqsOf(part));
      before = part.before;
    }
    deepStrictEqual(found, seqs);
  }, LIMITS);

  test("what a log no longer keeps is not found", async (bench) => {
    if (bench.store.search === undefined) return;
    await said(bench, Array.from({ length: 400 }, (_, i) => `word ${i}`));
    deepStrictEqual(seqsOf(await find(bench, "word 1")), []);
    deepStrictEqual((await find(bench, "word 399")).entries.length, 1);
    bench.store.delete("a");
    await bench.store.settled?.();
    deepStrictEqual((await find(bench, "word 399")).entries, []);
  }, { ...LIMITS, logEntries: 10, historyEntries: 10 });
}

/** Says these in a new room, and returns their places. */
async function said(bench: StoreBench, bodies: readonly string[]): Promise<number[]> {
  const { log } = await bench.store.create("a", "Lobby");
  await bench.append("a", presenceDraft("join", "ana", "Ana"));
  const seqs: number[] = [];
  for (const [i, body] of bodies.entries()) {
    await bench.append("a", messageDraft("ana", i + 1, body));
    seqs.push(log.head);
  }
  return seqs;
}

async function find(
  { store }: StoreBench,
  text: string,
  before = WIDE,
  limit = 10,
): Promise<Found> {
  return await store.search!.find("a", { words: wordsOf(text), before, limit, units: WIDE });
}

function seqsOf({ entries }: Found): number[] {
  return entries.map(({ seq }) => seq);
}

/**
 * Tests of read markers. A store that keeps none passes them without doing anything.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import type { Marker } from "../../core/store/store.ts";
import type { StoreBench } from "./bench.ts";
import { messageDraft } from "./drafts.ts";
import type { Declare, StoreTraits } from "./suite.ts";

/** Somebody whose name is no word, and somebody else. */
const ANA = "https://id.example.org ana@example.org \u0416";
const BEN = "ben";

/** Declares the tests. */
export function testMarkers(test: Declare, { durable }: StoreTraits): void {
  test("a read marker is kept for one person in one room, and only grows", async (bench) => {
    const { markers } = bench.store;
    if (markers === undefined) return;
    const [a, b] = [await said(bench, "a"), await said(bench, "b")];
    deepStrictEqual(await kept(bench, ANA), {});
    for (const seq of [a.seq - 1, a.seq, a.seq - 1]) await markers.set(ANA, "a", { ...a, seq });
    await markers.set(BEN, "a", { ...a, seq: a.seq - 1 });
    await markers.set(ANA, "b", b);
    await Promise.all(
      [3, 1, 2].map((back) => markers.set("cleo", "b", { ...b, seq: b.seq - back })),
    );
    const all = { ana: { a, b }, ben: { a: { ...a, seq: a.seq - 1 } } };
    const found = async () => ({ ana: await kept(bench, ANA), ben: await kept(bench, BEN) });
    deepStrictEqual(await found(), all);
    deepStrictEqual((await kept(bench, "cleo")).b?.seq, b.seq - 1);
    if (!durable) return;
    await bench.reopen();
    deepStrictEqual(await found(), all);
  });

  test("the read markers of a room go with it", async (bench) => {
    const { markers } = bench.store;
    if (markers === undefined) return;
    const [a, b] = [await said(bench, "a"), await said(bench, "b")];
    await markers.set(ANA, "a", a);
    await markers.set(ANA, "b", b);
    bench.store.delete("a");
    await bench.store.settled?.();
    const left = await kept(bench, ANA);
    // It may be there still, but of a life of the log that nobody comes back to.
    deepStrictEqual(left.b, b);
  });
}

/** Says four things in a new room, and returns the marker of the last. */
async function said(bench: StoreBench, roomId: string): Promise<Marker> {
  const { log } = await bench.store.create(roomId, "Lobby");
  for (let n = 1; n <= 4; n++) {
    await bench.append(roomId, messageDraft(`author of ${roomId}`, n, "x"));
  }
  return { epoch: log.epoch, seq: log.head };
}

async function kept({ store }: StoreBench, person: string): Promise<Record<string, Marker>> {
  return Object.fromEntries(await store.markers!.load(person));
}

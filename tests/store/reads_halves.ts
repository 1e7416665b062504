/**
 * Texts that older versions let in.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { OpenStore } from "../../src/core/store/store.ts";
import { StoreBench, textsOf } from "../../src/store/suite/bench.ts";
import { messageDraft, presenceDraft } from "../../src/store/suite/drafts.ts";

/** Shows that half of a surrogate pair, which breaks readers, is read as U+FFFD from a store. */
export async function readsHalves(open: OpenStore): Promise<void> {
  await using bench = new StoreBench(open);
  const half = String.fromCharCode(0xd800);
  await bench.store.create("a", half);
  await bench.append("a", presenceDraft("join", "ana", half));
  await bench.append("a", messageDraft("ana", 1, half));
  await bench.reopen();
  const room = await bench.store.open("a");
  assert(room !== undefined);
  assertEquals([room.name, room.roster.members.get("ana")?.name], ["\ufffd", "\ufffd"]);
  assertEquals(textsOf(room).map((text) => [text.includes("\\u"), text.includes("\ufffd")]), [
    [false, true],
    [false, true],
  ]);
}

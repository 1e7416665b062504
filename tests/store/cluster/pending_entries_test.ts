import { assertEquals } from "@std/assert";
import { PendingEntries } from "../../../src/store/cluster/pending_entries.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

pure("what is awaited ends when it is seen, up to its place", async () => {
  const pending = new PendingEntries();
  for (const [n, seq] of [[1, 5], [2, 7], [3, 9]]) {
    pending.expect("a", seq!, messageDraft("ana", n!));
  }
  let settled = false;
  const waiting = pending.settled("ana")?.then(() => settled = true);
  assertEquals(pending.settled("ben"), undefined);
  pending.seen("b", 9);
  pending.seen("a", 7);
  await Promise.resolve();
  assertEquals(settled, false);
  pending.seen("a", 20);
  assertEquals(await waiting, true);
  assertEquals([pending.settled("ana"), pending.settled(), pending.close("a")], [
    undefined,
    undefined,
    [],
  ]);
});

pure("what is awaited in a room that is closed is given out, and settles", async () => {
  const pending = new PendingEntries();
  const [one, two, other] = [
    messageDraft("ana", 1),
    messageDraft("ben", 1),
    messageDraft("ana", 2),
  ];
  pending.expect("a", 5, one);
  pending.expect("a", 6, two);
  pending.expect("b", 7, other);
  const settled = [pending.settled("ben"), pending.settled()];
  assertEquals(pending.close("a"), [[5, one], [6, two]]);
  await settled[0];
  assertEquals([pending.settled("ben"), pending.close("a")], [undefined, []]);
  assertEquals(pending.settled("ana") === undefined, false);
  pending.seen("b", 7);
  await settled[1];
});

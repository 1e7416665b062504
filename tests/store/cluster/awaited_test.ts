import { assertEquals } from "@std/assert";
import { Awaited } from "../../../src/store/cluster/awaited.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

pure("what is awaited ends when it is seen, up to its place", async () => {
  const awaited = new Awaited();
  for (const [n, seq] of [[1, 5], [2, 7], [3, 9]]) {
    awaited.expect("a", seq!, messageDraft("ana", n!));
  }
  let settled = false;
  const waiting = awaited.settled("ana")?.then(() => settled = true);
  assertEquals(awaited.settled("ben"), undefined);
  awaited.seen("b", 9);
  awaited.seen("a", 7);
  await Promise.resolve();
  assertEquals(settled, false);
  awaited.seen("a", 20);
  assertEquals(await waiting, true);
  assertEquals([awaited.settled("ana"), awaited.settled(), awaited.close("a")], [
    undefined,
    undefined,
    [],
  ]);
});

pure("what is awaited in a room that is closed is given out, and settles", async () => {
  const awaited = new Awaited();
  const [one, two, other] = [
    messageDraft("ana", 1),
    messageDraft("ben", 1),
    messageDraft("ana", 2),
  ];
  awaited.expect("a", 5, one);
  awaited.expect("a", 6, two);
  awaited.expect("b", 7, other);
  const settled = [awaited.settled("ben"), awaited.settled()];
  assertEquals(awaited.close("a"), [[5, one], [6, two]]);
  await settled[0];
  assertEquals([awaited.settled("ben"), awaited.close("a")], [undefined, []]);
  assertEquals(awaited.settled("ana") === undefined, false);
  awaited.seen("b", 7);
  await settled[1];
});

import { assert, assertEquals } from "@std/assert";
import { Scrollback } from "../../src/cli/scrollback.ts";
import type { Shown } from "../../src/cli/words/shown.ts";
import { pure } from "../support/pure.ts";

function said(seq: number): Shown {
  return {
    type: "message",
    roomId: "r",
    seq,
    epoch: "e",
    sentAt: 0,
    from: "a",
    own: false,
    body: `${seq}`,
  };
}

pure("a scrollback gives out once what nobody has seen", () => {
  const scrollback = new Scrollback();
  scrollback.add({ type: "note", text: "x" }, true);
  for (const seq of [5, 6, 7]) scrollback.add(said(seq), seq === 5);
  assertEquals([scrollback.first, scrollback.pending], [5, 2]);
  assertEquals(scrollback.see(), [said(6), said(7)]);
  assertEquals(scrollback.see(), []);
  scrollback.prepend([said(3), said(4)]);
  assertEquals([scrollback.first, scrollback.lines.length], [3, 6]);
});

pure("a scrollback is bounded, also where nobody ever looks", () => {
  const scrollback = new Scrollback();
  for (let seq = 1; seq <= 30_000; seq++) scrollback.add(said(seq), false);
  assert(scrollback.lines.length <= 12_000 && scrollback.pending <= scrollback.lines.length);
  scrollback.trim();
  assertEquals([scrollback.lines.length, scrollback.first], [2_000, 28_001]);
  assertEquals(scrollback.see().length, 2_000);
  for (let page = 0; !scrollback.isFull; page++) scrollback.prepend([said(1)]);
  assertEquals(scrollback.lines.length, 10_000);
});

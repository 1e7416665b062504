import { assertEquals } from "@std/assert";
import type { View } from "../../../src/cli/screen/editor.ts";
import {
  breaksRows,
  brokenRowsAbove,
  draw,
  erase,
  isBroken,
  NOTHING,
  withStatus,
} from "../../../src/cli/screen/footer.ts";
import { pure } from "../../support/pure.ts";
import { Picture } from "../picture.ts";

const VIEW = { rows: ["one", "> two", "three"], cursorRow: 1, before: "> t" };

/** The picture when something was drawn below a line, in a terminal of 20 columns. */
function seen(...outputs: string[]): string[] {
  const picture = new Picture(20);
  for (const output of ["above\r\n", ...outputs]) picture.write(output);
  return picture.rows;
}

pure("draw() draws rows, with the cursor in one of them", () => {
  assertEquals(seen(draw(VIEW)), ["above", "one", "> t|wo", "three"]);
  assertEquals(seen(draw({ ...VIEW, cursorRow: 2, before: "thr" })), [
    "above",
    "one",
    "> two",
    "thr|ee",
  ]);
  assertEquals(seen(draw(NOTHING)), ["above", "|"]);
});

pure("draw() places the cursor right whatever a terminal takes for the width of an emoji", () => {
  const view = { rows: ["a👩‍👩‍👧b❤️cd"], cursorRow: 0, before: "a👩‍👩‍👧b❤️c" };
  for (const widthOf of [() => 1, () => 2, (character: string) => character.length]) {
    const picture = new Picture(40, { widthOf });
    picture.write(draw(view));
    assertEquals(picture.rows, ["a👩‍👩‍👧b❤️c|d"]);
  }
});

pure("erase() takes away what was drawn, and nothing else", () => {
  assertEquals(seen(draw(VIEW), erase(VIEW.cursorRow)), ["above", "|"]);
  assertEquals(seen(draw(NOTHING), erase(0)), ["above", "|"]);
});

pure("withStatus() puts one row above", () => {
  const view = withStatus("Offline, trying in 3 s", VIEW, 20);
  assertEquals(seen(draw(view)), ["above", "Offline, trying", "one", "> t|wo", "three"]);
  assertEquals(withStatus("", VIEW, 20), VIEW);
});

/** Views that become too wide for a terminal of 10 columns, by whether its cursor tells what it does. */
const WIDE: [tells: boolean, view: View][] = [
  [true, { rows: ["0123456789 above", "> 123456789 12"], cursorRow: 1, before: "> 123456789" }],
  [true, { rows: ["> 123456789 12", "below"], cursorRow: 0, before: "> 123456789 1" }],
  // The cursor is in a row that still fits, or at its end in either case.
  [false, { rows: ["0123456789 above", "> 12"], cursorRow: 1, before: "> 1" }],
  [false, { rows: ["0123456789 123456789"], cursorRow: 0, before: "0123456789 12345678" }],
];

pure(
  "what a narrower terminal has broken is taken away as a whole, or left where it cut rows",
  () => {
    for (const [tells, view] of WIDE) {
      for (const breaks of [true, false]) {
        const picture = new Picture(20, { breaks });
        picture.write(`above\r\n${draw(view)}`);
        picture.resize(10);
        const { column, kind } = picture;
        assertEquals(isBroken(view, 10), true);
        assertEquals(breaksRows(view, 10, column, kind), breaks);
        assertEquals(breaksRows(view, 10, column), breaks && tells, "Nothing is erased in doubt");
        picture.write(erase(breaks ? brokenRowsAbove(view, 10, column) : view.cursorRow));
        assertEquals(picture.rows, ["above", "|"]);
      }
    }
    assertEquals(isBroken(VIEW, 5), false);
  },
);

import { assertEquals } from "@std/assert";
import {
  breaksRows,
  brokenRowsAbove,
  draw,
  erase,
  isBroken,
  NOTHING,
  withStatus,
} from "../src/cli_footer.ts";
import { Picture } from "./picture.ts";
import { pure } from "./pure.ts";

const VIEW = { rows: ["one", "> two", "three"], cursorRow: 1, before: "> t" };

/** What is seen when something was drawn below a line, in a terminal of 20 columns. */
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

pure(
  "what a narrower terminal has broken is taken away as a whole, or left where it cut rows",
  () => {
    const view = {
      rows: ["0123456789 above", "> 123456789 123456", "below"],
      cursorRow: 1,
      before: "> 123456789 1",
    };
    for (const breaks of [true, false]) {
      const picture = new Picture(20, { breaks });
      picture.write(`above\r\n${draw(view)}`);
      picture.resize(10);
      assertEquals(isBroken(view, 10), true);
      assertEquals(breaksRows(view, 10, picture.column), breaks);
      picture.write(erase(breaks ? brokenRowsAbove(view, 10, picture.column) : view.cursorRow));
      assertEquals(picture.rows, ["above", "|"]);
    }
  },
);

pure(
  "a terminal that says nothing new by the place of its cursor is not taken for either kind",
  () => {
    assertEquals(isBroken(VIEW, 5), false);
    assertEquals(breaksRows(VIEW, 5, 3), undefined);
    const atTheEdge = { rows: ["0123456789"], cursorRow: 0, before: "012345678" };
    assertEquals(breaksRows(atTheEdge, 5, 4), undefined);
  },
);

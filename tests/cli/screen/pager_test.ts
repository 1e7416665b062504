import { assertEquals } from "@std/assert";
import { movedBelow, windowOf } from "../../../src/cli/screen/pager.ts";
import { pure } from "../../support/pure.ts";

const ROWS = Array.from({ length: 20 }, (_, i) => `${i}`);

pure("windowOf() shows as many rows as fit, and stops at the first", () => {
  assertEquals(windowOf(ROWS, 0, 3), { below: 0, rows: ["17", "18", "19"], isAtTop: false });
  assertEquals(windowOf(ROWS, 5, 2), { below: 5, rows: ["13", "14"], isAtTop: false });
  assertEquals(windowOf(ROWS, 99, 2), { below: 18, rows: ["0", "1"], isAtTop: true });
  assertEquals(windowOf(["a"], 0, 3), { below: 0, rows: ["", "", "a"], isAtTop: true });
  assertEquals(windowOf([], 7, 1), { below: 0, rows: [""], isAtTop: true });
});

pure("movedBelow() moves by a page less two rows, and comes back to the end", () => {
  assertEquals(movedBelow(0, "up", 10), 8);
  assertEquals(movedBelow(8, "up", 10), 16);
  assertEquals(movedBelow(16, "down", 10), 8);
  assertEquals([movedBelow(5, "down", 10), movedBelow(99, "end", 10)], [0, 0]);
  assertEquals(movedBelow(0, "up", 1), 1);
});

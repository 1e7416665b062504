import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { charactersOf, columnsOf, expandTabs, wrap } from "../../../src/cli/words/columns.ts";
import { pure } from "../../support/pure.ts";

pure("columnsOf() counts what terminals agree about as they do", () => {
  const cases: [text: string, columns: number][] = [
    ["", 0],
    ["plain text", 10],
    ["Zoë", 3],
    ["Zoe\u0308", 3],
    ["Привет", 6],
    ["日本語", 6],
  ];
  for (const [text, columns] of cases) assertEquals(columnsOf(text), columns, text);
});

pure("columnsOf() counts at least what any terminal takes where they do not agree", () => {
  const cases: [text: string, columns: number][] = [
    ["👩‍👩‍👧", 6],
    ["❤️", 2],
    ["🇩🇪", 4],
    ["1️⃣", 2],
    ["→", 2],
    ["“”", 4],
    ["①", 2],
    ["नि", 2],
    ["\u0600\u06dd\u070f\u0890\u08e2\u{110bd}", 6], // Signs around numbers
  ];
  for (const [text, columns] of cases) assert(columnsOf(text) >= columns, text);
});

pure("expandTabs() goes to the next tab stop", () => {
  assertEquals(expandTabs("\ta\tbc\t12345678\t."), "        a       bc      12345678        .");
  assertEquals(expandTabs("日\t."), "日      .");
  assertEquals(expandTabs("none"), "none");
});

pure("wrap() breaks at spaces where that leaves no row half empty, and loses none", () => {
  assertEquals(wrap("one two three four", 9), ["one two ", "three ", "four"]);
  assertEquals(wrap("a 0123456789", 8), ["a 012345", "6789"]);
  assertEquals(wrap("0123456789", 4), ["0123", "4567", "89"]);
  assertEquals(wrap("0123456789", 4, 2), ["01", "2345", "6789"]);
  assertEquals(wrap("日本語", 5), ["日本", "語"]);
  assertEquals(wrap("", 5), [""]);
  assertEquals(wrap("日本", 1), ["日", "本"]);
  // 348377748 is the seed of the property below that found this one.
  assertEquals(wrap("日 本 ", 1, 4), ["日 ", "本", " "]);
});

pure("wrap() of any line gives rows that fit and are the line together", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 200 });
  const size = fc.integer({ min: 1, max: 60 });
  fc.assert(fc.property(line, size, size, (line, columns, first) => {
    const rows = wrap(line, columns, first);
    assertEquals(rows.join(""), line);
    rows.forEach((row, i) => {
      const most = i === 0 ? first : columns;
      assert(columnsOf(row) <= most || charactersOf(row).length === 1, JSON.stringify(rows));
    });
  }));
});

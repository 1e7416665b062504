import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeLines, escapeText } from "../../src/protocol/escape.ts";
import { pure } from "../support/pure.ts";

pure("escapeText() shows what would move a cursor, set a title, colour or turn text around", () => {
  const cases: [string, string][] = [
    ["\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"],
    ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
    ["\u009b2J", "\\u009b2J"],
    ["a\r\n\tb", "a\\u000d\\u000a\\u0009b"],
    ["\u0000\u007f", "\\u0000\\u007f"],
    ["\u202eevil\u202c", "\\u202eevil\\u202c"],
    ["\u2066x\u2069 \u200e\u200f\u061c", "\\u2066x\\u2069 \\u200e\\u200f\\u061c"],
    ["\u2028\u2029", "\\u2028\\u2029"],
  ];
  for (const [text, shown] of cases) assertEquals(escapeText(text), shown);
});

pure("escapeText() leaves every script and emoji as it is", () => {
  for (const text of ["Zoë", "Привет", "שלום", "नमस्ते", "👩‍👩‍👧", "ﷺ", "a\u00a0b"]) {
    assertEquals(escapeText(text), text);
  }
});

pure("escapeText() lets no control character through, and changes nothing the second time", () => {
  const anything = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(anything, (text) => {
    const shown = escapeText(text);
    assert(!/\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u.test(shown));
    assert(escapeText(shown) === shown);
  }));
});

pure("escapeLines() takes line breaks and tabs for layout, and makes the rest visible", () => {
  assertEquals(escapeLines("one\n\n\ttwo\r\nthree"), ["one", "", "\ttwo", "three"]);
  assertEquals(escapeLines("a\rb\u2028c\x0bd"), ["a\\u000db\\u2028c\\u000bd"]);
  assertEquals(escapeLines(""), [""]);
  const anything = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(anything, (text) => {
    for (const line of escapeLines(text)) {
      assert(!/[^\P{Cc}\t]|\p{Bidi_Control}|[\u2028\u2029]/u.test(line));
    }
  }));
});

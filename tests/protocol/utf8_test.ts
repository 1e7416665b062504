import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8Bytes, wellFormedJson } from "../../src/protocol/utf8.ts";
import { pure } from "../support/pure.ts";

/** Any UTF-16 units, halves of surrogate pairs among them. */
const anyText = fc.oneof(
  fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.constantFrom("a", "\\", '"', "u", "d800", "\ud83d", "\ude00", "\ufffd") }),
  fc.string({ unit: "binary" }),
);

pure("utf8Bytes() counts what an encoder writes, lone surrogates included", () => {
  fc.assert(fc.property(anyText, (text) => {
    assertEquals(utf8Bytes(text), new TextEncoder().encode(text).length);
  }));
});

/** A JSON string in which every character is an escape. */
function escaped(text: string): string {
  const escapes = Array.from({ length: text.length }, (_, i) => {
    return `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
  });
  return `"${escapes.join("")}"`;
}

pure("wellFormedJson() makes of JSON the same with well-formed text, however it is spelled", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const spellings = [JSON.stringify(text), escaped(text), escaped(text).replace(/ud/g, "uD")];
      for (const json of spellings) {
        assertEquals(JSON.parse(wellFormedJson(json)), text.toWellFormed(), json);
      }
      if (text.isWellFormed()) assertEquals(wellFormedJson(JSON.stringify(text)), spellings[0]);
    }),
    { numRuns: 2_000 },
  );
});

pure("wellFormedJson() takes a piece of a JSON text too", () => {
  const piece = String.raw`"name":"\\ud800 \ud83d\ude00 \ude00","body":"\ud800"}`;
  const mended = String.raw`"name":"\\ud800 \ud83d\ude00 REST","body":"REST"}`;
  assertEquals(wellFormedJson(piece), mended.replaceAll("REST", "\ufffd"));
});

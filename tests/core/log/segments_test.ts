import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Segments } from "../../../src/core/log/segments.ts";
import { utf8Bytes } from "../../../src/protocol/utf8.ts";
import { pure } from "../../support/pure.ts";

/** Texts of one to four bytes a character, some longer than a segment. */
const text = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 900 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((length) => "ж".repeat(length)) },
);

pure(
  "Segments give back what was written, from any text to any other, until it is forgotten",
  () => {
    const steps = fc.array(fc.record({ text, keep: fc.nat({ max: 40 }) }), { maxLength: 80 });
    fc.assert(fc.property(steps, (steps) => {
      const segments = new Segments();
      let kept: { start: number; text: string }[] = [];
      let next = 0;
      for (const { text, keep } of steps) {
        assertEquals(segments.write(next, text), utf8Bytes(text));
        kept.push({ start: next, text });
        next += utf8Bytes(text) + 1;
        if (kept.length > keep + 1) kept = kept.slice(-keep - 1);
        segments.forget(kept[0]!.start);
        const all = kept.map(({ text }) => text);
        assertEquals(segments.read(kept[0]!.start, next - 1), all.join(","));
        const middle = kept[kept.length >> 1]!.start;
        assertEquals(segments.read(middle, next - 1), all.slice(kept.length >> 1).join(","));
        if (middle > kept[0]!.start) {
          const before = all.slice(0, kept.length >> 1).join(",");
          assertEquals(segments.read(kept[0]!.start, middle - 1), before);
        }
      }
    }));
  },
);

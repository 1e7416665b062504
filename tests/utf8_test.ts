import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8Bytes } from "../src/utf8.ts";

Deno.test({
  name: "utf8Bytes() counts what an encoder writes, lone surrogates included",
  permissions: "none",
  fn() {
    const texts = fc.string({ unit: fc.nat({ max: 0xffff }).map((u) => String.fromCharCode(u)) });
    fc.assert(fc.property(fc.oneof(texts, fc.string({ unit: "binary" })), (text) => {
      assertEquals(utf8Bytes(text), new TextEncoder().encode(text).length);
    }));
  },
});

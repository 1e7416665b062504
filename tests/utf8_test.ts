import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8Bytes } from "../src/utf8.ts";

Deno.test({
  name: "utf8Bytes() counts what an encoder writes, lone surrogates included",
  permissions: "none",
  fn() {
    const unit = fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code));
    const text = fc.oneof(fc.string({ unit, maxLength: 50 }), fc.string({ unit: "binary" }));
    fc.assert(fc.property(text, (text) => {
      assertEquals(utf8Bytes(text), new TextEncoder().encode(text).length);
    }));
  },
});

import { assertEquals } from "@std/assert";
import { textOf } from "../../src/protocol/base32.ts";
import { pure } from "../support/pure.ts";

pure("every letter of a text comes from its own random byte, all alphabet alike", () => {
  const ramp = new Uint8Array(32).map((_, i) => i + 224);
  assertEquals(textOf(ramp), "0123456789abcdefghjkmnpqrstvwxyz");
});

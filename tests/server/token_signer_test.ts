import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { newKey } from "../../src/core/ids.ts";
import { tokenSigner } from "../../src/server/token_signer.ts";
import { pure } from "../support/pure.ts";

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

pure("tokenSigner() signs the same under the same key, and otherwise under another", () => {
  const key = newKey(random);
  const sign = tokenSigner(key);
  assertMatch(sign("ana"), /^[0-9a-hjkmnp-tv-z]{32}$/);
  assertEquals(sign("ana"), tokenSigner(key.slice())("ana"));
  assertNotEquals(sign("ana"), sign("ben"));
  assertNotEquals(sign("ana"), tokenSigner(newKey(random))("ana"));
});

pure("tokenSigner() takes a key in words", () => {
  assertEquals(
    tokenSigner("a secret of many nodes")("xamseve5p158"),
    tokenSigner(new TextEncoder().encode("a secret of many nodes"))("xamseve5p158"),
  );
});

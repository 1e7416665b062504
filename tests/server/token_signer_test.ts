import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { newSessionKey, tokenSigner } from "../../src/server/token_signer.ts";
import { pure } from "../support/pure.ts";

pure("tokenSigner() signs the same under the same key, and otherwise under another", () => {
  const key = newSessionKey();
  const sign = tokenSigner(key);
  assertMatch(sign("ana"), /^[0-9a-hjkmnp-tv-z]{32}$/);
  assertEquals(sign("ana"), tokenSigner(key.slice())("ana"));
  assertNotEquals(sign("ana"), sign("ben"));
  assertNotEquals(sign("ana"), tokenSigner(newSessionKey())("ana"));
});

pure("tokenSigner() takes a key in words", () => {
  assertEquals(
    tokenSigner("a secret of many nodes")("xamseve5p158"),
    tokenSigner(new TextEncoder().encode("a secret of many nodes"))("xamseve5p158"),
  );
});

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { newSessionKey, signer } from "../../src/server/session_key.ts";
import { pure } from "../support/pure.ts";

pure("signer() signs the same under the same key, and otherwise under another", () => {
  const key = newSessionKey();
  const sign = signer(key);
  assertMatch(sign("ana"), /^[0-9a-hjkmnp-tv-z]{32}$/);
  assertEquals(sign("ana"), signer(key.slice())("ana"));
  assertNotEquals(sign("ana"), sign("ben"));
  assertNotEquals(sign("ana"), signer(newSessionKey())("ana"));
});

pure("signer() takes a key in words", () => {
  assertEquals(
    signer("a secret of many nodes")("xamseve5p158"),
    signer(new TextEncoder().encode("a secret of many nodes"))("xamseve5p158"),
  );
});

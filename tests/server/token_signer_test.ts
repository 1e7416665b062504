import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { newKey } from "../../src/core/authority/ids.ts";
import { lastingKey, tokenSigner } from "../../src/server/token_signer.ts";
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

pure(
  "lastingKey() takes the secret before the key of the store, and no key that could be guessed",
  () => {
    const key = newKey(random);
    const clients = (key?: Uint8Array) => ({ remember: () => {}, ...(key && { key }) });
    const bus = {
      relay: () => {},
      recall: () => Promise.resolve(undefined),
      storedUpTo: () => 0,
    };
    assertEquals(lastingKey(undefined, {}), undefined);
    assertEquals(lastingKey(undefined, { clients: clients() }), undefined);
    assertEquals(lastingKey(undefined, { clients: clients(key) }), key);
    assertEquals(lastingKey("secret", { clients: clients(key), bus }), "secret");
    for (const length of [0, 31]) {
      assertThrows(
        () => lastingKey(undefined, { clients: clients(new Uint8Array(length)) }),
        RangeError,
        `The key of a store must have 32 bytes, not ${length}`,
      );
    }
    assertThrows(() => lastingKey(undefined, { bus }), RangeError, "need the same secret");
  },
);

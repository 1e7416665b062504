import { assertEquals, assertThrows } from "@std/assert";
import { readKeySet } from "../../src/auth/key_set.ts";
import { pure } from "../support/pure.ts";

const ED = { kty: "OKP", crv: "Ed25519", x: "eHg" };
const EC = { kty: "EC", crv: "P-256", x: "eHg", y: "eXk" };
const RSA = { kty: "RSA", n: "bm4", e: "AQAB" };

const read = (...keys: unknown[]) => readKeySet(JSON.stringify({ keys }));

pure("readKeySet() has the algorithm of a key from its kind", () => {
  const found = read({ ...ED, kid: "a" }, { ...EC, alg: "ES256" }, { ...RSA, use: "sig" });
  assertEquals(found.map(({ kid, algorithm }) => [kid, algorithm]), [
    ["a", "EdDSA"],
    [undefined, "ES256"],
    [undefined, "RS256"],
  ]);
  assertEquals(found.map(({ jwk }) => jwk), [ED, EC, RSA]);
});

for (
  const [what, key] of Object.entries({
    "a secret": { kty: "oct", k: "c2VjcmV0" },
    "a private part, which is not kept": { ...ED, d: "ZGQ" },
    "another curve": { ...EC, crv: "P-384" },
    "another algorithm": { ...RSA, alg: "PS256" },
    "an algorithm for secrets": { ...RSA, alg: "HS256" },
    "another use": { ...ED, use: "enc" },
    "other operations": { ...ED, key_ops: ["sign"] },
    "a part that is missing": { ...EC, y: undefined },
    "nothing": null,
  })
) {
  pure(`readKeySet() passes over ${what}`, () => {
    const found = read(key, { ...ED, kid: "good" });
    assertEquals(found.filter(({ kid }) => kid !== "good").map(({ jwk }) => jwk), [
      ...(what.startsWith("a private") ? [ED] : []),
    ]);
  });
}

pure("readKeySet() refuses what is no set, and one without a key that can be used", () => {
  for (const text of ["", "[]", "null", "{}", '{"keys":{}}', '{"keys":[]}', '{"keys":[7]}']) {
    assertThrows(() => readKeySet(text), RangeError);
  }
});

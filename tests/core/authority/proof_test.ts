import { assertEquals, assertThrows } from "@std/assert";
import { checkedProof } from "../../../src/core/authority/proof.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { pure } from "../../support/pure.ts";

pure("checkedProof() takes a sub alone, which was proved now and does not end", () => {
  assertEquals(checkedProof({ sub: "ana" }, 7), {
    sub: "ana",
    issuer: "",
    unique: true,
    scope: "",
    words: [],
    issuedAt: 7,
    expiresAt: Infinity,
  });
});

pure("checkedProof() calls somebody by issuer and sub, unless the sub is unique", () => {
  const subOf = (proof: Parameters<typeof checkedProof>[0]) => checkedProof(proof, 7).sub;
  assertEquals(subOf({ sub: "ana", issuer: "https://a.example" }), "https://a.example ana");
  assertEquals(subOf({ sub: "b ana", issuer: "a" }), "a b ana");
  assertEquals(subOf({ sub: "ana", issuer: "https://a.example", unique: true }), "ana");
  const once = checkedProof({ sub: "ana", issuer: "a" }, 7);
  assertEquals(checkedProof(once, 7), once);
  for (
    const wrong of [
      { issuer: "a b" },
      { issuer: " " },
      { issuer: "i".repeat(252) },
      { issuer: "a", unique: "no" },
      { issuer: "a", sub: " ana" },
    ]
  ) {
    const { code } = assertThrows(() => checkedProof({ sub: "ana", ...wrong }, 7), ChatError);
    assertEquals(code, "token_invalid", JSON.stringify(wrong));
  }
});

pure("checkedProof() takes names of the prototype for what they are", () => {
  const rooms = JSON.parse('{"__proto__":"owner","constructor":"member"}');
  const proof = checkedProof({ sub: "ana", rooms }, 7);
  assertEquals(Object.entries(proof.rooms ?? {}), [["__proto__", "owner"], [
    "constructor",
    "member",
  ]]);
});

pure("checkedProof() refuses times that are none", () => {
  for (const wrong of [{ expiresAt: "soon" }, { expiresAt: NaN }, { issuedAt: -1 }]) {
    const { code } = assertThrows(() => checkedProof({ sub: "ana", ...wrong }, 7), ChatError);
    assertEquals(code, "token_invalid");
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkedClaims } from "../../../src/core/authority/claims.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { pure } from "../../support/pure.ts";

const AT = 1_800_000_000_000;
const NOW = AT / 1_000;
const GOOD = { sub: "ana", iat: NOW, exp: NOW + 3_600 };

function refusal(claims: unknown, rules = {}): string {
  const error = assertThrows(() => checkedClaims(claims, rules, AT), ChatError);
  return `${error.code}: ${error.message}`;
}

pure("checkedClaims() takes what is needed, and reads the rest", () => {
  const plain = checkedClaims(GOOD, {}, AT);
  assertEquals([plain.sub, plain.issuer, plain.words, plain.rooms], ["ana", "", [], undefined]);
  assertEquals([plain.issuedAt, plain.expiresAt], [AT, AT + 3_600_000]);
  const full = checkedClaims(
    {
      ...GOOD,
      iss: "https://id.example",
      aud: ["other", "chat"],
      name: "Ana",
      bot: true,
      scope: "openid rooms:create admin",
      rooms: { "K7Q2 M9XD 4HWN R3TC": "moderator", "*": "reader" },
    },
    { issuer: "https://id.example", audience: "chat" },
    AT,
  );
  assertEquals([full.name, full.bot, full.issuer], ["Ana", true, "https://id.example"]);
  assertEquals(full.words, ["openid", "rooms:create", "admin"]);
  assertEquals(full.rooms, { "k7q2-m9xd-4hwn-r3tc": "moderator", "*": "reader" });
});

pure("a name that others cannot be shown counts as none, and does not keep anybody out", () => {
  for (const name of ["", "  ", "A\u202ena", "x".repeat(129)]) {
    assertEquals(checkedClaims({ ...GOOD, name }, {}, AT).name, undefined);
  }
});

pure("60 seconds are forgiven at both ends, and not one more", () => {
  assert(checkedClaims({ ...GOOD, iat: NOW + 60 }, {}, AT));
  assertEquals(
    refusal({ ...GOOD, iat: NOW + 61 }),
    "token_invalid: Token will not do: it begins in 61 s only",
  );
  assert(checkedClaims({ ...GOOD, iat: NOW - 99, exp: NOW - 59 }, {}, AT));
  assertEquals(
    refusal({ ...GOOD, iat: NOW - 99, exp: NOW - 60 }),
    "token_expired: Token has expired 60 s ago",
  );
});

pure("a token lasts a day at most", () => {
  assert(checkedClaims({ ...GOOD, exp: NOW + 86_400 }, {}, AT));
  assertEquals(
    refusal({ ...GOOD, exp: NOW + 86_401 }),
    "token_invalid: Token will not do: it must last at most 86400 s, not 86401 s",
  );
});

pure("a token for somebody is for nobody else, and one for nobody is not for this server", () => {
  assertEquals(
    refusal({ ...GOOD, aud: "shop" }),
    'token_invalid: Token will not do: it is for "shop", and no audience is set here',
  );
  assertEquals(
    refusal(GOOD, { audience: "chat" }),
    'token_invalid: Token will not do: aud must be "chat", not missing',
  );
});

const OUTSIDE: [what: string, claims: unknown, rules?: object][] = [
  ["null", null],
  ["a list", [GOOD]],
  ["a text", "ana"],
  ["no sub", { ...GOOD, sub: undefined }],
  ["an empty sub", { ...GOOD, sub: "" }],
  ["a number for sub", { ...GOOD, sub: 7 }],
  ["a sub with a blank end", { ...GOOD, sub: "ana " }],
  ["a sub with what nobody sees", { ...GOOD, sub: "an\u200ba" }],
  ["half a character in sub", { ...GOOD, sub: "ana\ud800" }],
  ["a sub of 256 characters", { ...GOOD, sub: "x".repeat(256) }],
  ["no iat", { ...GOOD, iat: undefined }],
  ["no exp", { ...GOOD, exp: undefined }],
  ["a text for exp", { ...GOOD, exp: "never" }],
  ["null for exp", { ...GOOD, exp: null }],
  ["exp without end", { ...GOOD, exp: Infinity }],
  ["exp that is no number", { ...GOOD, exp: NaN }],
  ["exp in milliseconds", { ...GOOD, exp: AT + 3_600_000 }],
  ["exp before iat", { ...GOOD, exp: NOW - 1 }],
  ["a negative iat", { ...GOOD, iat: -1 }],
  ["nbf in an hour", { ...GOOD, nbf: NOW + 3_600 }],
  ["a text for nbf", { ...GOOD, nbf: "now" }],
  ["another iss", { ...GOOD, iss: "https://evil.example" }, { issuer: "https://id.example" }],
  ["no iss", GOOD, { issuer: "https://id.example" }],
  ["iss in other letters", { ...GOOD, iss: "HTTPS://ID.EXAMPLE" }, {
    issuer: "https://id.example",
  }],
  ["a list for iss", { ...GOOD, iss: ["https://id.example"] }, { issuer: "https://id.example" }],
  ["another aud", { ...GOOD, aud: "shop" }, { audience: "chat" }],
  ["an object for aud", { ...GOOD, aud: { 0: "chat" } }, { audience: "chat" }],
  ["a part of aud", { ...GOOD, aud: "chat2" }, { audience: "chat" }],
  ["a number for iss", { ...GOOD, iss: 7 }],
  ["a text for bot", { ...GOOD, bot: "yes" }],
  ["a list for scope", { ...GOOD, scope: ["admin"] }],
  ["a scope of 101 words", { ...GOOD, scope: "x ".repeat(101) }],
  ["a number for name", { ...GOOD, name: 7 }],
  ["a list for rooms", { ...GOOD, rooms: [] }],
  ["a role that there is not", { ...GOOD, rooms: { "*": "god" } }],
  ["a room twice", {
    ...GOOD,
    rooms: { "k7q2m9xd4hwnr3tc": "member", "K7Q2M9XD4HWNR3TC": "owner" },
  }],
  ["101 rooms", {
    ...GOOD,
    rooms: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`r${i}`, "member"])),
  }],
];

for (const [what, claims, rules] of OUTSIDE) {
  pure(`a token with ${what} is refused in a line that shows little of it`, () => {
    const text = refusal(claims, rules);
    assert(text.startsWith("token_invalid: Token will not do: "), text);
    assert(text.length < 250, text);
  });
}

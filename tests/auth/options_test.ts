import { assertEquals, assertThrows } from "@std/assert";
import { checkedJwt, checkedPlace } from "../../src/auth/options.ts";
import { pure } from "../support/pure.ts";

const SECRET = "0123456789abcdef".repeat(2);

// deno-lint-ignore no-explicit-any -- an app may give anything
function refusal(options: any): string {
  const { message } = assertThrows(() => checkedJwt(options), RangeError);
  assertEquals([message.includes("\n"), message.includes("hunter2")], [false, false]);
  return message;
}

pure("checkedJwt() takes a secret, or keys with an issuer and an audience", () => {
  assertEquals(checkedJwt({ secret: ` ${SECRET}\n` })[0]?.secrets, [SECRET]);
  const [keys] = checkedJwt({ jwks: "https://id.example/keys", issuer: "me", audience: "chat" });
  assertEquals(String(keys?.jwks), "https://id.example/keys");
});

pure("checkedJwt() names the option that will not do", () => {
  assertEquals(refusal({}), "jwt() needs either secret or jwks");
  assertEquals(refusal({ secret: SECRET, jwks: "keys.json" }), "jwt() needs either secret or jwks");
  assertEquals(refusal({ secret: "hunter2" }), "secret must hold at least 32 characters, not 7");
  assertEquals(
    refusal({ secret: [SECRET, SECRET, SECRET] }),
    "secret must hold 1 to 2 secrets, not 3",
  );
  assertEquals(
    refusal({ jwks: "keys.json", issuer: "me" }),
    "jwks needs issuer and audience: its keys may sign for others as well",
  );
  assertEquals(refusal({ secret: SECRET, audience: "" }), 'audience must be a text, not ""');
  assertEquals(refusal([]), "jwt() needs an issuer");
  assertEquals(
    refusal([{ secret: SECRET }, { secret: SECRET, issuer: "me" }]),
    "jwt() with several issuers needs an issuer for each, and each once",
  );
  assertEquals(
    refusal([{ secret: SECRET, issuer: "a b" }, { secret: SECRET, issuer: "c" }]),
    'issuer must be a text without blanks, not "a b"',
  );
});

pure("keys come from where nobody else can write on the way", () => {
  for (
    const place of ["https://id.example/k", "http://localhost:1/k", "http://[::1]/k", "k.json"]
  ) {
    assertEquals(String(checkedPlace("jwks", place)), place);
  }
  assertEquals(String(checkedPlace("jwks", "file:///k.json")), "file:///k.json");
  for (const place of ["", "http://id.example/k", "ftp://x/k", "data:,{}", "https://"]) {
    assertThrows(() => checkedPlace("jwks", place), RangeError);
  }
  const withPassword = () => checkedPlace("jwks", "http://ana:hunter2@id.example/");
  const { message } = assertThrows(withPassword, RangeError);
  assertEquals(message.includes("hunter2"), false);
});

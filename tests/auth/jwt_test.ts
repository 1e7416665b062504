import { assert, assertEquals, assertRejects } from "@std/assert";
import * as jose from "jose";
import config from "../../deno.json" with { type: "json" };
import { jwt } from "../../src/auth/jwt.ts";
import { LIBRARY } from "../../src/auth/options.ts";
import type { Proof } from "../../src/core/authority/proof.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import "../support/ignore_unpermitted.ts";
import {
  AUTH_SECRET,
  claimsOf,
  Issuer,
  type Pair,
  pairOf,
  sign,
  signWith,
} from "../support/issuer.ts";

const REQUEST = { url: "http://localhost/", headers: new Headers() };

type Check = (token: string | undefined) => Promise<Proof | null>;

const bytes = (text: string) => new TextEncoder().encode(text);
const part = (value: unknown) => jose.base64url.encode(JSON.stringify(value));

function checkOf(...options: Parameters<typeof jwt>): Check {
  const authenticate = jwt(...options);
  return (token) => Promise.resolve(authenticate(REQUEST, token));
}

/** Checks that a token is refused, and that the text about it shows no more than its beginning. */
async function refuse(check: Check, token: string): Promise<string> {
  const error = await assertRejects(() => check(token), ChatError);
  const signature = token.split(".")[2] ?? "";
  assert(signature.length < 20 || !error.message.includes(signature), error.message);
  assert(error.message.length < 250, error.message);
  return error.code;
}

Deno.test("the library is the one of deno.json", () => {
  assertEquals(LIBRARY, config.imports.jose);
});

Deno.test("a token that is signed with the secret says who it is", async () => {
  const check = checkOf({ secret: AUTH_SECRET });
  const proof = await check(await signWith(AUTH_SECRET, { name: "Ana" }));
  assertEquals([proof?.sub, proof?.name], ["ana", "Ana"]);
  assertEquals(await check(undefined), null);
});

Deno.test("while a secret is exchanged both are good, and no third one", async () => {
  const [old, fresh] = ["old ".repeat(9), "new ".repeat(9)];
  const check = checkOf({ secret: [fresh, old] });
  for (const secret of [old, fresh]) assert(await check(await signWith(secret.trim())));
  assertEquals(await refuse(check, await signWith("odd ".repeat(9))), "token_invalid");
});

for (const alg of ["EdDSA", "ES256", "RS256"]) {
  Deno.test(`a token of a provider is good with its ${alg} key`, async () => {
    await using issuer = await Issuer.open(alg);
    const { iss: from, jwks } = issuer;
    const check = checkOf({ jwks, issuer: from, audience: "chat" });
    assertEquals((await check(await issuer.token()))?.sub, "ana");
    assertEquals((await check(await issuer.token({ sub: "ben" })))?.sub, "ben");
    assertEquals(issuer.asked, 1);
  });
}

Deno.test("keys of a file are good, by its path", async () => {
  const pair = await pairOf("ES256", "of a file");
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, JSON.stringify({ keys: [pair.jwk] }));
    const check = checkOf({ jwks: path, issuer: "me", audience: "chat" });
    const { privateKey, alg, kid } = pair;
    assert(await check(await sign(claimsOf({ iss: "me", aud: "chat" }), privateKey, { alg, kid })));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a provider that is down keeps nobody out whose key is known", async () => {
  await using issuer = await Issuer.open();
  const troubles: unknown[] = [];
  const { iss, jwks } = issuer;
  const troubled = (error: unknown) => void troubles.push(error);
  const check = checkOf({ jwks, issuer: iss, audience: "chat", troubled });
  issuer.isDown = true;
  const error = await assertRejects(async () => await check(await issuer.token()), ChatError);
  assertEquals([error.code, error.retryAfterMs, troubles.length], ["unavailable", 2_000, 1]);
});

Deno.test("A5: of two providers with the same kid, neither can speak for people of the other", async () => {
  await using one = await Issuer.open("EdDSA", "same");
  await using two = await Issuer.open("EdDSA", "same");
  const trusted = [one, two].map(({ jwks, iss }) => ({ jwks, issuer: iss, audience: "chat" }));
  const check = checkOf(trusted);
  const [ofOne, ofTwo] = [await check(await one.token()), await check(await two.token())];
  // The same `sub` of two providers is two people.
  assertEquals([ofOne?.sub, ofTwo?.sub], [`${one.iss} ana`, `${two.iss} ana`]);
  for (let round = 0; round < 50; round++) {
    assertEquals(await refuse(check, await one.token({ iss: two.iss })), "token_invalid");
    assertEquals(await refuse(check, await two.token({ iss: one.iss })), "token_invalid");
  }
  assertEquals(await refuse(check, await one.token({ iss: "http://evil" })), "token_invalid");
  assertEquals(await refuse(check, await one.token({ iss: undefined })), "token_invalid");
  assertEquals([one.asked, two.asked], [1, 1]);
});

/** Kinds of bad tokens, for a server that has a secret and one that has an Ed25519 and an RSA key. */
async function badTokens(issuer: Issuer): Promise<Record<string, string>> {
  const [ed, rsa] = issuer.pairs as [Pair, Pair];
  const stranger = await pairOf("EdDSA", ed.kid);
  const claims = claimsOf({ iss: issuer.iss, aud: "chat" });
  const good = await issuer.token({}, ed);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const pem = await jose.exportSPKI(await jose.importJWK(rsa.jwk, "RS256") as CryptoKey);
  const of = (changes: Record<string, unknown>) => issuer.token(changes, ed);
  const headed = (more: Record<string, unknown>, pair = ed) =>
    sign(claims, pair.privateKey, { alg: pair.alg, kid: pair.kid, ...more });
  const past = Math.floor(Date.now() / 1_000) - 7_200;
  return {
    "nothing in it": "x",
    "two dots": "..",
    "two parts": `${header}.${payload}`,
    "four parts": `${good}.x`,
    "five parts, as an encrypted one": `${good}.x.x`,
    "a blank before it": ` ${good}`,
    "Bearer before it": `Bearer ${good}`,
    "no signature": `${header}.${payload}.`,
    "alg none": `${part({ alg: "none" })}.${payload}.`,
    "alg None with a signature": `${part({ alg: "None" })}.${payload}.${signature}`,
    "alg nOnE": `${part({ alg: "nOnE", kid: ed.kid })}.${payload}.`,
    "no alg": `${part({ kid: ed.kid })}.${payload}.${signature}`,
    "a list for alg": `${part({ alg: ["EdDSA"] })}.${payload}.${signature}`,
    "a header that is a list": `${part([])}.${payload}.${signature}`,
    "a header that is no JSON": `${jose.base64url.encode("{")}.${payload}.${signature}`,
    "another payload": `${header}.${part({ ...claims, sub: "root" })}.${signature}`,
    "another header": `${part({ alg: "EdDSA", kid: ed.kid, x: 1 })}.${payload}.${signature}`,
    "a signature that is cut": good.slice(0, -4),
    "a signature of noughts": `${header}.${payload}.${"A".repeat(86)}`,
    "a payload that is a text": await sign('"ana"', ed.privateKey, { alg: "EdDSA", kid: ed.kid }),
    "a payload that is no JSON": await sign("{ana", ed.privateKey, { alg: "EdDSA", kid: ed.kid }),
    "the key of a stranger": await issuer.token({}, stranger),
    "a kid that is not known": await headed({ kid: "made up" }),
    "a kid that is a path": await headed({ kid: "../../dev/null" }),
    "a kid that is a number": await headed({ kid: 7 }),
    "its own key in jwk": await sign(claims, stranger.privateKey, {
      alg: "EdDSA",
      jwk: stranger.jwk,
    }),
    "an address in jku": await sign(claims, stranger.privateKey, {
      alg: "EdDSA",
      kid: "theirs",
      jku: "http://127.0.0.1:1/keys",
    }),
    "a chain in x5c": await sign(claims, stranger.privateKey, { alg: "EdDSA", x5c: ["MIIB"] }),
    "an address in x5u": await sign(claims, stranger.privateKey, {
      alg: "EdDSA",
      x5u: "http://127.0.0.1:1/chain",
    }),
    "HS256 with the public RSA key": await sign(claims, bytes(pem), { alg: "HS256" }),
    "HS256 with the public RSA key and its kid": await sign(claims, bytes(pem), {
      alg: "HS256",
      kid: rsa.kid,
    }),
    "HS256 with the set of keys": await sign(claims, bytes(JSON.stringify(rsa.jwk)), {
      alg: "HS256",
    }),
    "PS256 with the kid of the RSA key": await headed({ kid: rsa.kid }, await pairOf("PS256", "")),
    "RS256 with the kid of the other key": await headed({ kid: ed.kid }, rsa),
    "a crit that is not known": await headed({ crit: ["urn:strange"], "urn:strange": 1 }),
    "a typ for something else": await headed({ typ: "logout+jwt" }),
    "no sub": await of({ sub: undefined }),
    "no exp": await of({ exp: undefined }),
    "no iat": await of({ iat: undefined }),
    "an end two hours ago": await of({ iat: past - 3_600, exp: past }),
    "a beginning tomorrow": await of({ iat: past + 90_000, exp: past + 93_600 }),
    "a life of a year": await of({ exp: past + 31_536_000 }),
    "another aud": await of({ aud: "shop" }),
    "no aud": await of({ aud: undefined }),
    "another iss": await of({ iss: "https://evil.example" }),
    "more than 8 KiB": await of({ filler: "x".repeat(8_192) }),
  };
}

Deno.test("A5: 40 kinds of bad tokens and more, accepted 0", async () => {
  await using issuer = await Issuer.open("EdDSA", "ed");
  issuer.pairs.push(await pairOf("RS256", "rsa"));
  const { iss, jwks } = issuer;
  const byKeys = checkOf({ jwks, issuer: iss, audience: "chat" });
  const bySecret = checkOf({ secret: AUTH_SECRET, issuer: iss, audience: "chat" });
  const bad = Object.entries(await badTokens(issuer));
  assert(bad.length >= 40, `${bad.length} kinds`);
  for (const [kind, token] of bad) {
    for (const check of [byKeys, bySecret]) {
      const code = await refuse(check, token).catch((error) => `${kind}: ${error}`);
      assert(code === "token_invalid" || code === "token_expired", `${kind}: ${code}`);
    }
  }
  // So are all good ones of the other: a secret is no key, and a key no secret.
  assertEquals(await refuse(bySecret, await issuer.token()), "token_invalid");
  const secret = { iss, aud: "chat" };
  assertEquals(await refuse(byKeys, await signWith(AUTH_SECRET, secret)), "token_invalid");
  // And what is wrong is not the setting.
  assert(await byKeys(await issuer.token()) && await bySecret(await signWith(AUTH_SECRET, secret)));
});

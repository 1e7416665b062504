import { assertEquals, assertRejects } from "@std/assert";
import { openTokens } from "../../src/daemon/open_tokens.ts";
import type { TokenSettings } from "../../src/daemon/flags/token_flags.ts";
import "../support/ignore_unpermitted.ts";
import { AUTH_SECRET, Issuer, signWith } from "../support/issuer.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();

const REQUEST = { url: "http://localhost/", headers: new Headers() };

function open(settings: Partial<TokenSettings>, log: LogLine[] = []) {
  const all = {
    secretFile: undefined,
    jwks: undefined,
    issuer: undefined,
    audience: undefined,
    anonymous: undefined,
    ...settings,
  };
  return openTokens(all, recordingLogger(log));
}

Deno.test("openTokens() checks nothing where nothing is set", async () => {
  assertEquals(await open({}), undefined);
});

Deno.test("openTokens() takes the secrets of a file, a line each", async () => {
  const secretFile = `${FOLDER}/secret`;
  const old = "the one that it had before, 32 bytes";
  await Deno.writeTextFile(secretFile, `${AUTH_SECRET}\n\n  ${old}\n`);
  const authenticate = await open({ secretFile });
  for (const secret of [AUTH_SECRET, old]) {
    assertEquals((await authenticate!(REQUEST, await signWith(secret)))?.sub, "ana");
  }
  await Deno.writeTextFile(secretFile, "hunter2");
  const { message } = await assertRejects(() => open({ secretFile }), RangeError);
  assertEquals(message, "--auth-secret-file must hold at least 32 characters, not 7");
});

Deno.test("openTokens() refuses a file without keys at the start, and logs an address that is down", async () => {
  const jwks = `${FOLDER}/keys.json`;
  await Deno.writeTextFile(jwks, "{}");
  const rules = { issuer: "me", audience: "chat" };
  const { message } = await assertRejects(() => open({ jwks, ...rules }), RangeError);
  assertEquals(message, "--auth-jwks: The set of keys has no list of keys");
  await using issuer = await Issuer.open();
  issuer.isDown = true;
  const log: LogLine[] = [];
  const authenticate = await open({ jwks: issuer.jwks, ...rules, issuer: issuer.iss }, log);
  await assertRejects(async () => await authenticate!(REQUEST, await issuer.token()));
  assertEquals(log.map(({ level, event, fields }) => [level, event, fields.error]), [
    ["warn", "keys troubled", `${issuer.iss} answers 503 instead of its keys`],
  ]);
});

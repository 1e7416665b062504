import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { tokenCommand } from "../../src/daemon/token_command.ts";
import "../support/ignore_unpermitted.ts";
import { PERMITTED } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FILE = `${tempFolder()}/secret`;
if (PERMITTED) Deno.writeTextFileSync(FILE, `${"new ".repeat(9)}\n${"old ".repeat(9)}\n`);

const AT = 1_800_000_000_000;
const run = (...args: string[]) => tokenCommand(["--auth-secret-file", FILE, ...args], AT);

Deno.test("token signs what its flags say", async () => {
  const token = await run(
    "--sub",
    "ana",
    "--name=Ana",
    "--bot",
    "--scope",
    "admin",
    "--role",
    "*=reader",
  );
  assertEquals(decodeJwt(token), {
    sub: "ana",
    name: "Ana",
    bot: true,
    scope: "admin",
    rooms: { "*": "reader" },
    iat: AT / 1_000,
    exp: AT / 1_000 + 3_600,
  });
});

Deno.test("token says what will not do", async () => {
  const refusal = async (...args: string[]) =>
    (await assertRejects(() => run(...args), RangeError)).message;
  assertStringIncludes(await refusal(), "sub must be");
  assertStringIncludes(await refusal("--sub", "ana", "--role", "x"), "--role must be like");
  assertStringIncludes(await refusal("--sub", "ana", "--role", "x=king"), "must be one of none");
  assertStringIncludes(await refusal("--sub", "ana", "--seconds", "86401"), "--seconds must be");
  assertStringIncludes(await refusal("--port", "1"), "Unknown argument");
  const { message } = await assertRejects(() => tokenCommand(["--sub", "ana"], AT), RangeError);
  assertEquals(message, "token needs --auth-secret-file");
  assertStringIncludes(await tokenCommand(["--help"], AT), "--auth-secret-file PATH");
});

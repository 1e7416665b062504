import { assertEquals, assertThrows } from "@std/assert";
import { checkedTokens, TOKEN_FLAGS, TOKEN_HELP } from "../../../src/daemon/flags/token_flags.ts";
import { pure } from "../../support/pure.ts";

type Given = Partial<Record<typeof TOKEN_FLAGS[number], string>>;

const KEYS = { "auth-jwks": "keys.json", "auth-issuer": "me", "auth-audience": "chat" };

const read = (given: Given) => checkedTokens((name) => given[name]);
const refusal = (given: Given) => assertThrows(() => read(given), RangeError).message;

pure("nothing said is no tokens, and everybody may come", () => {
  assertEquals(Object.values(read({})), [undefined, undefined, undefined, undefined, undefined]);
});

pure("a secret needs nothing else, keys need whom they are of and for", () => {
  assertEquals(read({ "auth-secret-file": "s", "anonymous": "allow" }).secretFile, "s");
  assertEquals(read(KEYS).jwks, "keys.json");
  const { "auth-issuer": _, ...without } = KEYS;
  assertEquals(
    refusal(without),
    "--auth-jwks needs --auth-issuer: its keys may sign for others as well",
  );
});

pure("flags that do not go together are refused", () => {
  assertEquals(
    refusal({ ...KEYS, "auth-secret-file": "s" }),
    "Of --auth-secret-file and --auth-jwks only one can be given",
  );
  assertEquals(
    refusal({ "auth-audience": "chat" }),
    "--auth-audience needs --auth-secret-file or --auth-jwks",
  );
  assertEquals(
    refusal({ anonymous: "deny" }),
    "--anonymous deny needs --auth-secret-file or --auth-jwks",
  );
  assertEquals(refusal({ anonymous: "yes" }), '--anonymous must be allow or deny, not "yes"');
  assertEquals(
    refusal({ ...KEYS, "auth-jwks": "http://id/" }).startsWith("--auth-jwks must"),
    true,
  );
});

pure("the help names every flag", () => {
  for (const flag of TOKEN_FLAGS) assertEquals(TOKEN_HELP.includes(`--${flag} `), true, flag);
});

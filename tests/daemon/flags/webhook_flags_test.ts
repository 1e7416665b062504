import { assertEquals, assertThrows } from "@std/assert";
import { parseServerFlags } from "../../../src/daemon/flags/flags.ts";
import { WEBHOOK_HELP, WEBHOOK_LISTS } from "../../../src/daemon/flags/webhook_flags.ts";
import { pure } from "../../support/pure.ts";

const HOOK = "--webhook=https://a.example/secret-path";
const FILE = "--webhook-secret-file=data/webhook";

function read(...args: string[]) {
  const settings = parseServerFlags(args, {});
  if (typeof settings === "string") throw new Error(settings);
  return settings.webhooks;
}

const refusal = (...args: string[]) => assertThrows(() => read(...args), RangeError).message;

pure("nothing said is no webhooks", () => {
  assertEquals(read(), { urls: [], secretFile: undefined, networks: [] });
});

pure("several receivers share a secret, and networks are named", () => {
  const { urls, secretFile, networks } = read(
    ...[HOOK, "--webhook", "http://10.0.0.7/", FILE, "--webhook-network=10.0.0.0/8"],
  );
  assertEquals(urls.map(({ host }) => host), ["a.example", "10.0.0.7"]);
  assertEquals([secretFile, networks], ["data/webhook", [{ address: [10, 0, 0, 0], bits: 8 }]]);
});

pure("flags that do not go together are refused", () => {
  assertEquals(
    refusal(HOOK),
    "--webhook needs --webhook-secret-file: receivers know by it who sends",
  );
  assertEquals(refusal(FILE), "--webhook-secret-file needs --webhook");
  assertEquals(refusal("--webhook-network=10.0.0.0/8"), "--webhook-network needs --webhook");
  assertEquals(refusal(HOOK, HOOK, FILE), "--webhook names the same URL twice");
  const many = Array.from({ length: 17 }, (_, i) => `--webhook=https://a.example/${i}`);
  assertEquals(refusal(...many, FILE), "--webhook can be given 16 times, not 17");
  assertEquals(
    refusal(HOOK, FILE, "--store=nats://a:4222"),
    "--webhook needs --store memory or sqlite: there are none with nats yet",
  );
  assertEquals(
    refusal(HOOK, FILE, "--webhook-network=all"),
    '--webhook-network must be an address or a network, like 10.0.0.0/8, not "all"',
  );
});

pure("each of these flags is in the help", () => {
  for (const name of [...WEBHOOK_LISTS, "webhook-secret-file"]) {
    assertEquals(WEBHOOK_HELP.includes(`--${name} `), true);
  }
});

import { assertEquals } from "@std/assert";
import { parseServerFlags } from "../../src/daemon/flags/flags.ts";
import { readSecret, reloadedPartsOf, RenewedTokens } from "../../src/daemon/start.ts";
import { Reloader } from "../../src/daemon/reload.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";
import { PERMITTED } from "../support/permissions.ts";
import { pure } from "../support/pure.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";

function settingsOf(...args: string[]) {
  const settings = parseServerFlags(args, {});
  if (typeof settings === "string") throw new Error(settings);
  return settings;
}

pure("keys of tokens are exchanged, and those that cannot be had are kept", async () => {
  const answer = (sub: string) => () => Promise.resolve({ sub });
  const tokens = new RenewedTokens(answer("one"));
  const ask = () => tokens.authenticate!({ url: "", headers: new Headers() }, "token");
  assertEquals(await ask(), { sub: "one" });
  tokens.renew(answer("two"));
  assertEquals(await ask(), { sub: "two" });
  tokens.renew(undefined);
  assertEquals(await ask(), { sub: "two" });
  assertEquals(new RenewedTokens(undefined).authenticate, undefined);
});

Deno.test(
  "files that change are used, and those that break are not",
  { ignore: !PERMITTED },
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const [token, config] = [`${folder}/token`, `${folder}/config`];
      await Deno.writeTextFile(token, "a".repeat(32));
      await Deno.writeTextFile(config, "https://a.example");
      const settings = settingsOf(
        ...["--api-token-file", token, "--allow-origin", "https://a.example"],
      );
      const log: LogLine[] = [];
      const logger = { ...recordingLogger(log), say() {}, flush: () => Promise.resolve() };
      const used: string[] = [];
      const parts = reloadedPartsOf({
        settings,
        read: async () => settingsOf("--allow-origin", await Deno.readTextFile(config)),
        openStore: openMemoryStore,
        logger,
        certificate: undefined,
        apiToken: await readSecret("--api-token-file", token),
        tokens: new RenewedTokens(undefined),
        webhooks: undefined,
      }, {
        allowOrigins: (origins) => used.push(origins.join()),
        useApiToken: (text) => used.push(text),
        sign() {},
        renew: () => Promise.resolve(),
      });
      const reloader = new Reloader(parts, logger);
      await reloader.reload();
      assertEquals(used, []);
      await Deno.writeTextFile(token, "short");
      await Deno.writeTextFile(config, "https://b.example");
      await reloader.reload();
      assertEquals(used, ["https://b.example"]);
      await Deno.writeTextFile(token, "b".repeat(32));
      await Deno.writeTextFile(config, "no origin");
      await reloader.reload();
      assertEquals(used, ["https://b.example", "b".repeat(32)]);
      assertEquals(log.map(({ level, fields }) => [level, fields.what ?? fields.changed]), [
        ["info", "nothing"],
        ["error", "API token"],
        ["info", "origins"],
        ["error", "origins"],
        ["info", "API token"],
      ]);
      assertEquals(JSON.stringify(log).includes("short"), false);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

import { assertEquals, assertRejects } from "@std/assert";
import { prepareWebhooks } from "../../src/daemon/open_webhooks.ts";
import { PERMITTED } from "../support/permissions.ts";
import { recordingLogger } from "../support/recording_logger.ts";

Deno.test("webhooks begin only with a secret that will do", { ignore: !PERMITTED }, async () => {
  const logger = recordingLogger([]);
  const none = { urls: [], secretFile: undefined, networks: [] };
  assertEquals(await prepareWebhooks(none, logger, "0.0.0"), undefined);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "whsec_short");
    const settings = { ...none, urls: [new URL("https://a.example/")], secretFile: file };
    const { message } = await assertRejects(
      () => prepareWebhooks(settings, logger, "0.0.0"),
      RangeError,
    );
    assertEquals(message.includes("short"), false);
    await Deno.writeTextFile(file, `whsec_${new Uint8Array(24).toBase64()}`);
    const prepared = await prepareWebhooks(settings, logger, "0.0.0");
    assertEquals(prepared?.secrets.map(({ length }) => length), [24]);
  } finally {
    await Deno.remove(file);
  }
});

/**
 * From the flags about webhooks to what sends them; it is loaded only where there are any.
 *
 * @module
 */

import type { Logger } from "../server/logger.ts";
import type { Webhooks } from "../webhooks/webhooks.ts";
import type { WebhookSettings } from "./webhook_flags.ts";

/**
 * Reads the secret of webhooks, and returns what begins to send them for a chat; undefined where there
 * are none.
 *
 * @throws {RangeError} where the file has no secrets. None is shown.
 */
export async function prepareWebhooks(
  { urls, secretFile, networks }: WebhookSettings,
  logger: Logger,
  version: string,
): Promise<((chat: object) => Webhooks) | undefined> {
  if (secretFile === undefined) return undefined;
  const { checkedSecrets } = await import("../webhooks/signature.ts");
  const { openWebhooks } = await import("../webhooks/webhooks.ts");
  const secrets = checkedSecrets("--webhook-secret-file", await Deno.readTextFile(secretFile));
  return (chat) => openWebhooks(chat, { urls, networks, secrets, logger, version });
}

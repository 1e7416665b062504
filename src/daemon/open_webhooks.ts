/**
 * From the flags about webhooks to what sends them; it is loaded only where there are any.
 *
 * @module
 */

import type { Logger } from "../server/logging/logger.ts";
import type { WebhookSecret } from "../webhooks/signature.ts";
import type { Webhooks } from "../webhooks/webhooks.ts";
import type { WebhookSettings } from "./flags/webhook_flags.ts";

/** Webhooks that can begin. */
export interface PreparedWebhooks {
  /** The secrets that requests are signed with at first. */
  readonly secrets: readonly WebhookSecret[];
  /** Begins to send them for a chat. */
  open(chat: object): Webhooks;
}

/**
 * Reads the secret of webhooks, and makes them ready to begin; undefined where there are none.
 *
 * @throws {RangeError} where the file has no secrets. None is shown.
 */
export async function prepareWebhooks(
  { urls, secretFile, networks }: WebhookSettings,
  logger: Logger,
  version: string,
): Promise<PreparedWebhooks | undefined> {
  if (secretFile === undefined) return undefined;
  const { openWebhooks } = await import("../webhooks/webhooks.ts");
  const secrets = await readWebhookSecrets(secretFile);
  const options = { urls, networks, secrets, logger, version };
  return { secrets, open: (chat) => openWebhooks(chat, options) };
}

/**
 * Reads the secrets of a file.
 *
 * @throws {RangeError} where it has none. None is shown.
 */
export async function readWebhookSecrets(path: string): Promise<WebhookSecret[]> {
  const { checkedSecrets } = await import("../webhooks/signature.ts");
  return checkedSecrets("--webhook-secret-file", await Deno.readTextFile(path));
}

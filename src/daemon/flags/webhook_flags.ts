/**
 * The flags of the server about webhooks.
 *
 * @module
 */

import type { Network } from "../../server/admission/addresses.ts";
import { checkedNetwork } from "../../server/chat_options.ts";
import { checkedWebhookUrl } from "../../webhooks/url.ts";

/** The settings of webhooks, from the command line. */
export interface WebhookSettings {
  /** The receivers; none where there are no webhooks. */
  readonly urls: readonly URL[];
  /** The file that the secret is in which requests are signed with. */
  readonly secretFile: string | undefined;
  /** Networks that may be reached though they are not public, and without encryption. */
  readonly networks: readonly Network[];
}

/** The most receivers. */
const MOST_WEBHOOKS = 16;

/** The flag that takes one value. */
export const WEBHOOK_FLAG = "webhook-secret-file";

/** The flags that may be given several times. */
export const WEBHOOK_LISTS = ["webhook", "webhook-network"] as const;

/** Their part of `--help`. */
export const WEBHOOK_HELP =
  `  --webhook URL       where all entries of all rooms are sent, with https:; may be given several
                      times; needs the flag below
  --webhook-secret-file PATH
                      the secret that these requests are signed with, or the new and the old
                      one, a line each: whsec_ and base64
  --webhook-network NET
                      addresses of webhooks that are not public, like 10.0.0.0/8, where http: will
                      do; may be given several times`;

/**
 * Reads the flags about webhooks.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do.
 */
export function checkedWebhooks(
  secretFile: string | undefined,
  list: (name: typeof WEBHOOK_LISTS[number]) => string[],
  store: string,
): WebhookSettings {
  const urls = list("webhook").map((url) => checkedWebhookUrl("--webhook", url));
  const networks = list("webhook-network").map((network) =>
    checkedNetwork("--webhook-network", network)
  );
  if (urls.length === 0 && (secretFile !== undefined || networks.length > 0)) {
    const flag = secretFile === undefined ? "--webhook-network" : `--${WEBHOOK_FLAG}`;
    throw new RangeError(`${flag} needs --webhook`);
  }
  if (urls.length > MOST_WEBHOOKS) {
    throw new RangeError(`--webhook can be given ${MOST_WEBHOOKS} times, not ${urls.length}`);
  }
  if (new Set(urls.map(({ href }) => href)).size < urls.length) {
    throw new RangeError("--webhook names the same URL twice");
  }
  if (urls.length > 0 && secretFile === undefined) {
    throw new RangeError(`--webhook needs --${WEBHOOK_FLAG}: receivers know by it who sends`);
  }
  if (urls.length > 0 && store.startsWith("nats:")) {
    throw new RangeError("--webhook needs --store memory or sqlite: there are none with nats yet");
  }
  return { urls, secretFile, networks };
}

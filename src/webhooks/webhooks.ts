/**
 * Webhooks: receivers that are sent all entries of all rooms, each once or more. `docs/webhooks.md`
 * describes them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Room } from "../core/state/room.ts";
import type { Network } from "../server/admission/addresses.ts";
import { insideOf } from "../server/inside.ts";
import type { Logger } from "../server/logging/logger.ts";
import { Poster } from "./post.ts";
import { WAITS, WebhookSender } from "./sender.ts";
import type { WebhookSecret } from "./signature.ts";

/** Settings of webhooks. */
export interface WebhookOptions {
  readonly urls: readonly URL[];
  readonly secrets: readonly WebhookSecret[];
  /** Networks that may be reached though they are not public, and without encryption. */
  readonly networks: readonly Network[];
  readonly logger: Logger;
  /** The version of the program around the chat. */
  readonly version: string;
  /** The first wait before a request is tried again, and the longest; {@linkcode WAITS} unless given. */
  readonly waits?: typeof WAITS;
}

/** Webhooks that run. */
export interface Webhooks {
  /** Signs with these secrets from now on. */
  sign(secrets: readonly WebhookSecret[]): void;
  /** Ends them, when all is sent or after a time in milliseconds. */
  close(ms: number): Promise<void>;
}

/** Sends the entries of a chat to receivers from now on. */
export function openWebhooks(chat: object, options: WebhookOptions): Webhooks {
  const inside = insideOf(chat);
  if (inside === undefined) throw new TypeError("This is no chat of this package");
  const { voice, metrics, watchers } = inside;
  if (voice.store.bus !== undefined) {
    throw new RangeError("There are no webhooks with a store that several servers share");
  }
  const { urls, networks, logger, version, waits = WAITS } = options;
  const secrets = [...options.secrets];
  const senders = urls.map((url) =>
    new WebhookSender({
      voice,
      logger,
      numbers: metrics.webhooks,
      poster: new Poster(url, { networks }),
      receiver: url.host,
      cursorName: createHash("sha256").update(url.href).digest("hex"),
      secrets,
      version,
      waits,
    })
  );
  const grown = (room: Room) => {
    for (const sender of senders) sender.grown(room);
  };
  watchers.push(grown);
  return {
    sign: (renewed) => void secrets.splice(0, secrets.length, ...renewed),
    async close(ms) {
      await Promise.all(senders.map((sender) => sender.close(ms)));
      watchers.splice(watchers.indexOf(grown), 1);
    },
  };
}

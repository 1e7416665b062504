/**
 * The options and the outcomes of publishing: messages that are certainly not stored, and those in
 * doubt.
 *
 * @module
 */

import { ChatError, reasonOf } from "../../../protocol/errors.ts";
import type { LogPosition } from "../../cluster/continuity.ts";
import { type Published, unavailable } from "../../cluster/publish_queue.ts";
import { codeOf } from "./streams.ts";

/** The outcome of a published message. */
export type PublishOutcome =
  | { type: "stored"; seq: number; duplicate: boolean }
  /** Refused: the subject has a newer message than was expected, or it was a question. */
  | { type: "overtaken" }
  /** It has more bytes than NATS takes, and will never be stored. */
  | { type: "too_large"; reason: string }
  /** It is certainly not stored: the stream has said so. */
  | { type: "refused"; reason: string }
  /** It is certainly not stored: the stream has no leader, or there is no connection. */
  | { type: "unheard"; reason: string }
  /** It may be stored or not. */
  | { type: "unknown"; reason: string };

/** Options of publishing. */
export interface PublishOptions {
  /** The id that makes it stored once. */
  id?: string;
  /** The node that publishes it. */
  node?: string;
  /** The position of its room's log at the publisher. */
  position?: LogPosition;
  /** Its author, as its room knew it: see {@linkcode encodeAuthor}. */
  by?: string;
  /** The person whose message it is about, and what remains of what it redacts: each as JSON in ASCII. */
  about?: string;
  remains?: string;
  /** Store it only if the newest message on its subject has this `seq`; 0: if it has none. */
  expectedLastSeq?: number;
  /** Never store it: only ask what is stored under the same id. */
  isQuestion?: boolean;
}

/** The report about a message that is not stored, or may not be; the largest body has `bodyBytes`. */
export function notStored(
  outcome: Exclude<PublishOutcome, { type: "stored" }>,
  bodyBytes: number,
): Published {
  switch (outcome.type) {
    case "unknown":
      return outcome;
    case "too_large": {
      const message = `Message is too large to be stored: ${bodyBytes} bytes at most, ` +
        "fewer where characters have to be escaped";
      return { type: "refused", error: new ChatError("too_large", message) };
    }
    case "overtaken":
    case "unheard":
    case "refused":
      return { type: "refused", error: unavailable() };
    default:
      return outcome satisfies never;
  }
}

/**
 * The codes of JetStream for a subject with a newer message, for a header that no stream takes, and
 * for a message over the stream's own limit.
 */
const WRONG_LAST_SEQUENCE = new Set([10_071, 10_164]);
const ROLLUP_FAILED = 10_111;
const TOO_LARGE = 10_054;

/** Errors that the library throws before anything is sent. */
const UNSENT = new Set(["InvalidArgumentError", "InvalidSubjectError"]);

/** Finds the outcome of a message whose publishing failed with `error`. */
export function outcomeOf(error: unknown): PublishOutcome {
  const code = codeOf(error);
  const name = error instanceof Error ? error.name : "";
  const reason = reasonOf(error);
  if (WRONG_LAST_SEQUENCE.has(code) || code === ROLLUP_FAILED) return { type: "overtaken" };
  const unsent = UNSENT.has(name);
  if (code === TOO_LARGE || unsent && reason.includes("max_payload")) {
    return { type: "too_large", reason };
  }
  if (unsent || code > 0) return { type: "refused", reason };
  // NATS answers at once that the stream has no leader.
  if (name === "JetStreamNotEnabled") {
    return { type: "unheard", reason: "The stream has no leader" };
  }
  return { type: "unknown", reason };
}

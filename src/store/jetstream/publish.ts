/**
 * Publishing into a stream, and what became of it: what is certainly not stored is told from what
 * may be.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { Place } from "../cluster/continuity.ts";
import { codeOf } from "./streams.ts";

/** The outcome of something published. */
export type PublishOutcome =
  | { type: "stored"; seq: number; duplicate: boolean }
  /** Refused because there is a newer message on the subject than was said, or it was a question. */
  | { type: "overtaken" }
  /** It has more bytes than NATS takes: nothing like it will ever be stored. */
  | { type: "too_large"; reason: string }
  /** It is certainly not stored: the stream has said so. */
  | { type: "refused"; reason: string }
  /** It is certainly not stored: the stream has nobody who leads it, or there is no connection. */
  | { type: "unheard"; reason: string }
  /** Nobody knows. */
  | { type: "unknown"; reason: string };

/** Options of publishing. */
export interface PublishOptions {
  /** The id that makes it stored once. */
  id?: string;
  /** The node that publishes it. */
  node?: string;
  /** Where the log that it goes to is for whoever publishes it. */
  place?: Place;
  /** Only store it if the newest message on its subject has this `seq`; 0: if there is none. */
  behind?: number;
  /** Never store it: only ask what is stored under the same id. */
  isQuestion?: boolean;
}

/**
 * The codes of JetStream for a subject that has gone on, for what no stream takes, and for a message
 * over the stream's own limit.
 */
const WRONG_LAST_SEQUENCE = new Set([10_071, 10_164]);
const ROLLUP_FAILED = 10_111;
const TOO_LARGE = 10_054;

/** Errors that the library throws before anything was sent. */
const UNSENT = new Set(["InvalidArgumentError", "InvalidSubjectError"]);

/** Finds what became of a message whose publishing failed with `error`. */
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
  // NATS answers at once that nobody is there.
  if (name === "JetStreamNotEnabled") {
    return { type: "unheard", reason: "The stream has no leader" };
  }
  return { type: "unknown", reason };
}

/**
 * Answers of NATS, and what their failures mean to a client.
 *
 * @module
 */

import { ChatError } from "../../protocol/errors.ts";
import { unavailable } from "../cluster/publish_queue.ts";

/** Errors that are a fault of this program, or of a record: waiting for NATS does not help. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/** Waits for an answer of NATS. An error that is no fault becomes one after which a client may try again. */
export async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if ([ChatError, ...FAULTS].some((kind) => error instanceof kind)) throw error;
    throw unavailable("The log cannot be reached now", { cause: error });
  }
}

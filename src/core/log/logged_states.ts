/**
 * The present states of the messages in a log, for stores whose logs are in memory.
 *
 * @module
 */

import type { ChangeEntry, ChangeParts, Entry, MessageEntry } from "../../protocol/frames.ts";
import type { Log, NewestText } from "./log.ts";
import { MessageFold } from "./message_fold.ts";
import { type MessageStates, personOf, type Target } from "./message_states.ts";

/**
 * The states of the messages in the log that memory has. All about a message is behind it, so that
 * the log has all of it for as long as it has the message.
 */
export class LoggedStates implements MessageStates {
  readonly #log: Log;
  readonly #fold = new MessageFold();

  /** Makes the states of a log, in which nothing was said so far. */
  constructor(log: Log) {
    this.#log = log;
  }

  /** The message that a change is about. */
  target(seq: number): Target | undefined {
    const entry = messageIn(this.#log, seq);
    return entry === undefined ? undefined : this.#fold.target(seq, personOf(entry));
  }

  /**
   * Takes in an answer or a change that was pushed to the log as `seq`. A redaction takes the texts of
   * its message from the log.
   */
  take(seq: number, entry: { readonly from: string } & Partial<ChangeParts>): void {
    const { re } = entry;
    // An answer may name anything.
    if (re === undefined || messageIn(this.#log, re) === undefined) return;
    if (this.#fold.isFull) this.#fold.forget(this.#log.tail);
    for (const redacted of this.#fold.take(seq, re, entry)) this.#log.redact(redacted);
  }

  nows(after: number, upTo: number): ReadonlyMap<number, string> {
    return this.#fold.nows(after, upTo, (edit) => editIn(this.#log, edit));
  }
}

/** The message of a log with this `seq`; undefined where there is none. */
export function messageIn(log: Log, seq: number): MessageEntry | undefined {
  const entry: Entry = JSON.parse(log.find(seq) ?? "{}");
  return "body" in entry ? entry : undefined;
}

/** The text that the edit of a log with this `seq` has given; undefined where the log does not have it. */
export function editIn(log: Log, seq: number): NewestText | undefined {
  const text = log.find(seq);
  return text === undefined ? undefined : editOf(text);
}

/** The text that an encoded edit has given. */
export function editOf(entry: string): NewestText {
  const { edit: body = "", at = 0 }: Partial<ChangeEntry> = JSON.parse(entry);
  return { body, at };
}

// This module is pure: no sockets, no clock, no Deno.

/**
 * The present states of the messages of a room whose log is in a stream, as its entries add up. A
 * stream keeps more than memory, and every node has to come to the same.
 *
 * @module
 */

import { encodeRedacted, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { ChangeDraft, ChangeParts } from "../../protocol/frames.ts";
import type { Log, LogEntry, NewestText } from "../../core/log/log.ts";
import { editIn } from "../../core/log/logged_states.ts";
import { MessageFold } from "../../core/log/message_fold.ts";
import type { MessageStates, Target } from "../../core/log/message_states.ts";
import { parseRemains, type Remain } from "./remains.ts";

/** An entry that answers or changes a message, as it stands in a stream. */
export interface AboutEntry {
  readonly seq: number;
  /** The person whose message it is about, as JSON. */
  readonly about: string;
  /** The remains that it brings, where it is a redaction. */
  readonly remains: string;
}

/** The states of the messages of one room. */
export class StreamedStates implements MessageStates {
  readonly #log: Log;
  readonly #fold = new MessageFold();
  /** The `seq` after which all that was said about messages is known. */
  #from: number;
  /** The remains of redacted entries. */
  readonly #remains = new Map<number, Remain>();

  /** Makes the states of a log in which nothing was said so far. */
  constructor(log: Log) {
    this.#log = log;
    this.#from = log.head;
  }

  /** Says whether there may be much about messages that are gone. */
  get isFull(): boolean {
    return this.#fold.isFull || this.#remains.size > MOST_REMAINS;
  }

  /**
   * The message that a change is about, of the person that the publisher of the change has found. Where
   * not all is known that was said about it, the publisher is believed: that message is gone from the
   * stream by now.
   */
  target({ re, unreact }: ChangeDraft, about: string): Target {
    const person: string = JSON.parse(about);
    if (re > this.#from) return this.#fold.target(re, person);
    const has = (_: string, of?: string) => of !== undefined && unreact !== undefined;
    return { person, redacted: false, kinds: 0, has };
  }

  /** Says whether a redaction comes behind an edit that its publisher did not know. */
  isStale({ re }: ChangeDraft, remains: string): boolean {
    return re > this.#from && this.newestEdit(re) !== parseRemains(remains).edit;
  }

  /** The `seq` of the newest edit of a message; 0 where there is none. */
  newestEdit(seq: number): number {
    return this.#fold.editsOf(seq).at(-1) ?? 0;
  }

  /** The `seq`s of the edits of a message, in order. */
  editsOf(seq: number): readonly number[] {
    return this.#fold.editsOf(seq);
  }

  /**
   * Takes in an entry that was pushed to the log. Returns what it redacts: that is to be erased from the
   * stream.
   */
  take(
    { seq, remains }: AboutEntry,
    entry: { readonly from: string } & Partial<ChangeParts>,
  ): readonly number[] {
    const redacted = this.#fold.take(seq, entry.re!, entry);
    if (redacted.length === 0) return redacted;
    for (const one of redacted) this.#log.redact(one);
    // It came with an archive, and so did what remains of its message: there was never more in this stream.
    if (remains === "") return [];
    for (const remain of parseRemains(remains).left) this.#remains.set(remain.seq, remain);
    return redacted;
  }

  nows(
    after: number,
    upTo: number,
    edits?: ReadonlyMap<number, NewestText>,
  ): ReadonlyMap<number, string> {
    return this.#fold.nows(after, upTo, (edit) => editIn(this.#log, edit) ?? edits?.get(edit));
  }

  /** The newest edits of messages of a page that memory does not have. */
  editsBeyond(page: readonly LogEntry[]): number[] {
    return page.map(({ seq }) => this.newestEdit(seq))
      .filter((edit) => edit > 0 && edit <= this.#log.tail);
  }

  /** Says whether an entry of the stream, with this text, is redacted here, and not another one. */
  redacts(seq: number, text: string): boolean {
    const remain = this.#remains.get(seq);
    const whole = withSeq(seq, text);
    if (remain !== undefined) return withoutSeq(encodeRedacted(whole)) === remain.text;
    const { re = 0, edit }: Partial<ChangeParts> = JSON.parse(whole);
    return edit !== undefined && this.#fold.target(re, "").redacted;
  }

  /** Finds what remains of an entry; undefined where it was not redacted. */
  remainOf(seq: number): Remain | undefined {
    return this.#remains.get(seq);
  }

  /** Finds what remains of the redacted entries behind `after` up to `upTo`, in no order. */
  remainsIn(after: number, upTo: number): Remain[] {
    return [...this.#remains.values()].filter(({ seq }) => seq > after && seq <= upTo);
  }

  /** Goes on behind `seq`: what was before is gone from the stream, or not known to be all of it. */
  begin(seq: number): void {
    this.#from = Math.max(this.#from, seq);
    this.#fold.forget(seq);
    for (const redacted of this.#remains.keys()) {
      if (redacted <= seq) this.#remains.delete(redacted);
    }
  }
}

/** The number of remains at which it is time to forget some. */
const MOST_REMAINS = 1_024;

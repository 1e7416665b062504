/**
 * Messages with more than a text, and changes of messages, on the wire.
 *
 * @module
 */

import type { Ref } from "./frames.ts";
import type { Author } from "./moderation.ts";

/** The parts of a message besides its text. */
export interface MessageParts {
  /** A value for programs, as JSON text. */
  readonly data?: string;
  /** The `seq` of the message that it answers. */
  readonly re?: number;
}

/** A change of an older message: it has one of `edit`, `redact`, `react` and `unreact`. */
export interface ChangeParts {
  /** The `seq` of the message that is changed. */
  readonly re: number;
  /** The text that it has from now on. */
  readonly edit?: string;
  /** Set where it shall have no text any more, nor anything else that it said. */
  readonly redact?: true;
  /** The reason of that, for people. */
  readonly reason?: string;
  /** A reaction to it: an emoji, or a word. */
  readonly react?: string;
  /** A reaction that its author takes back. */
  readonly unreact?: string;
}

/** The state of a message as the later entries about it add up. */
export interface MessageNow {
  /** The `seq` of the last of them. */
  seq: number;
  /** Its newest text, where it was edited. */
  body?: string;
  /** The time of that, in milliseconds since 1970. */
  edited_at?: number;
  /** Set where it has no text any more, nor anything else that it said. */
  redacted?: true;
  /** The number of people with each reaction, where there are any. */
  reactions?: Record<string, number>;
  /** The number of its answers, where there are any. */
  replies?: number;
}

/**
 * A change of an older message in a room's log: it has one of `edit`, `redact`, `react` and
 * `unreact`. The entry of that message stays as it was, but that a redaction takes its text.
 */
export interface ChangeEntry {
  /** The position in the room's log; it only grows. */
  seq: number;
  /** The time at which the server took it, in milliseconds since 1970. */
  at: number;
  /** The client id of whoever changes it. */
  from: string;
  /** The number of this among the messages of that client. */
  n: number;
  /** The name of that client, where there is one. */
  name?: string;
  /** The `sub` of that client, where that is proved. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
  /** The `seq` of the message that is changed. */
  re: number;
  /** The text that it has from now on; empty where a redaction has taken that since. */
  edit?: string;
  /** Set where it has no text any more, nor anything else that it said. */
  redact?: true;
  /** The reason of that, for people. */
  reason?: string;
  /** A reaction to it. */
  react?: string;
  /** A reaction that its author has taken back. */
  unreact?: string;
}

/** A change of an older message that has no `seq` yet: see {@linkcode ChangeEntry}. */
export interface ChangeDraft extends Readonly<Omit<ChangeEntry, "seq" | "name" | "sub" | "bot">> {
  /** The author's name, if there is one. */
  readonly name: string | undefined;
  /** The `sub` of the author, where that is proved. */
  readonly sub?: string | undefined;
  /** Set where a token says that the author is a program. */
  readonly bot?: true | undefined;
  /** The `ref` of its request, for the reply; it is not stored. */
  readonly ref?: Ref | undefined;
  /** The author, where more is known of it than its client id. */
  readonly by?: Author | undefined;
}

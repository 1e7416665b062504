/**
 * The surroundings of a room of a stream, and its reports.
 *
 * @module
 */

import type { StoreLimits } from "../../core/store/store.ts";
import type { ChatError } from "../../protocol/errors.ts";
import type { ModerationDraft } from "../../protocol/moderation.ts";
import type { JetStreamLink } from "./link/link.ts";

/** Reports of a room. */
export interface RoomEvents {
  /** The message `n` of `from` is in the log, as `seq`. */
  found(from: string, n: number, seq: number): void;
  /**
   * The message with that id was published and is void: its author may not write it; or, without an
   * error, it is to be published again.
   */
  denied(id: string, seq: number, error: ChatError | undefined): void;
  /** These entries were redacted by a client, and are to be erased from the stream. */
  redacted(by: string, seqs: readonly number[]): void;
  /** Moderation that was published under that id is in the log, as `seq`. */
  moderated(id: string, draft: ModerationDraft, seq: number): void;
  /** The log goes up to `seq` now: earlier entries were pushed, or are gone. */
  moved(seq: number): void;
  /** Another node passes on an ephemeral frame. */
  relayed(text: string): void;
  /** The room is no longer in the stream, or another one has its id. */
  gone(how: "deleted" | "lost"): void;
}

/** The surroundings of a room. */
export interface RoomSetting {
  link: JetStreamLink;
  limits: StoreLimits;
  events: RoomEvents;
  /** The id of this node. */
  node: string;
}

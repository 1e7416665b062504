/**
 * Publishes the drafts of one node, and reports what became of them once they are judged: the stream
 * takes whatever it is given, and the rooms judge what comes out of it.
 *
 * @module
 */

import type { StoreEvents } from "../../core/store/store.ts";
import { isChange } from "../../core/log/message_states.ts";
import { denial, isModeration } from "../../core/authority/verdict.ts";
import { withDeadline } from "../../protocol/deadline.ts";
import { encodeEntry, withoutSeq } from "../../protocol/encode.ts";
import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import type { ClientDraft, Draft, PresenceDraft } from "../../protocol/frames.ts";
import type { ModerationDraft } from "../../protocol/moderation.ts";
import type { PendingEntries } from "../cluster/pending_entries.ts";
import { encodeAuthor } from "../cluster/judgement.ts";
import { idOf, messageOf } from "../cluster/message_ids.ts";
import { type Published, type PublishQueue, unavailable } from "../cluster/publish_queue.ts";
import type { JetStreamLink } from "./link/link.ts";
import { notStored } from "./link/publish.ts";
import type { JetStreamRoom } from "./room.ts";
import { aboutOf, type TargetHeaders } from "./targets.ts";

/** The most bytes of an entry besides its body, with its headers. */
const ENVELOPE_BYTES = 2_048;

const CLOSED = "The room was closed meanwhile";

/** The surroundings of a publisher. */
export interface PublisherSetting {
  /** The id of this node. */
  readonly node: string;
  /** The time that a stored entry may take to come by, in milliseconds. */
  readonly patienceMs: number;
  readonly link: JetStreamLink;
  readonly queue: PublishQueue;
  readonly pending: PendingEntries;
  readonly events: Pick<StoreEvents, "repeated" | "refused" | "moderated">;
  /** The room with this id, where it is open here. */
  roomOf(roomId: string): JetStreamRoom | undefined;
  /** Opens a room to look at it, and lets go of it again. */
  look(roomId: string): Promise<JetStreamRoom | undefined>;
  release(roomId: string): void;
}

/** Moderation that was published and is not in the log yet. */
interface Unjudged {
  readonly roomId: string;
  readonly draft: ModerationDraft;
}

/** The drafts of one node on their way. */
export class JetStreamPublisher {
  readonly #setting: PublisherSetting;
  /** Moderation of this node by the id under which it is published. */
  readonly #unjudged = new Map<string, Unjudged>();
  /** Changes that were published once, and may be in the log: nothing but their place says what they are. */
  readonly #tried = new WeakSet<Draft>();
  #announcements = 0;

  /** Makes a publisher that has published nothing. */
  constructor(setting: PublisherSetting) {
    this.#setting = setting;
  }

  /** The most bytes of a body that NATS takes. */
  get bodyBytes(): number {
    return (this.#setting.link.maxPayload ?? Infinity) - ENVELOPE_BYTES;
  }

  /** Makes the id under which a draft is published. */
  idFor(roomId: string, draft: Draft): string {
    if (!("event" in draft)) return idOf(draft);
    if (!isModeration(draft)) return this.#presenceId(draft, this.#setting.roomOf(roomId));
    const id = this.#newId(draft);
    this.#unjudged.set(id, { roomId, draft });
    return id;
  }

  /** The reason why an author may not write a draft, as far as this node has read the log. */
  denied(roomId: string, draft: Draft): ChatError | undefined {
    const room = this.#setting.roomOf(roomId);
    // The message that a change is about has to be found first.
    const isJudged = "event" in draft ? isModeration(draft) : !isChange(draft);
    return room && isJudged ? denial(room.charter, draft, roomId) : undefined;
  }

  /** Publishes a draft. A message or moderation that is stored is judged before this resolves. */
  async publish(roomId: string, draft: Draft, id: string): Promise<Published> {
    const { link, node, roomOf } = this.#setting;
    const about = "re" in draft ? await this.#aboutOf(roomId, draft) : undefined;
    if (about !== undefined && "type" in about) return about;
    const position = roomOf(roomId)?.position;
    const outcome = await link.publish(
      link.subject("room", roomId),
      withoutSeq(encodeEntry(0, draft)),
      {
        id,
        ..."event" in draft ? { node } : {},
        ...position === undefined ? {} : { position },
        by: encodeAuthor(draft.by),
        ...about,
      },
    );
    if (outcome.type === "stored") return await this.#stored(roomId, draft, outcome);
    return notStored(outcome, this.bodyBytes);
  }

  /** Notes that a message is void: its author is told why; or, without an error, it is published again. */
  judged(id: string, seq: number, error: ChatError | undefined): void {
    const unjudged = this.#unjudged.get(id);
    if (unjudged !== undefined && error !== undefined) {
      this.#unjudged.delete(id);
      this.#setting.events.refused(unjudged.draft, error);
      return;
    }
    const { from, n } = messageOf(id);
    if (n > 0) this.#setting.queue.voided(from, n, seq, error);
  }

  /** Reports moderation that is in the log. */
  moderated(roomId: string, id: string, draft: ModerationDraft, seq: number): void {
    const own = this.#unjudged.get(id)?.draft;
    this.#unjudged.delete(id);
    this.#setting.events.moderated(roomId, own ?? draft, seq);
  }

  /** Reports a draft that was not stored. */
  refused(draft: Draft, error: ChatError, doubtful?: boolean): void {
    if (isModeration(draft)) {
      for (const [id, known] of this.#unjudged) {
        if (known.draft === draft) this.#unjudged.delete(id);
      }
    }
    this.#setting.events.refused(draft, error, doubtful);
  }

  /** Answers whoever waits for moderation in a room that is closed here. */
  forgetRoom(roomId: string): void {
    for (const [id, { roomId: of, draft }] of this.#unjudged) {
      if (of !== roomId) continue;
      this.#unjudged.delete(id);
      this.#setting.events.refused(draft, unavailable(CLOSED), true);
    }
  }

  async #stored(
    roomId: string,
    draft: Draft,
    outcome: Extract<Published, { type: "stored" }>,
  ): Promise<Published> {
    const { queue, pending, events, patienceMs, roomOf } = this.#setting;
    const { seq, duplicate } = outcome;
    const room = roomOf(roomId);
    if (room === undefined) {
      if (!("event" in draft)) events.repeated(draft, seq, true);
      else if (isModeration(draft)) this.refused(draft, unavailable(CLOSED), true);
      return { ...outcome, duplicate: false };
    }
    if (duplicate && !("event" in draft) && await this.#isVoid(seq, room)) {
      // A void message has that id. Under another one this is published again.
      queue.voided(draft.from, draft.n, seq);
      return { type: "unknown" };
    }
    if (duplicate) return outcome;
    room.expect(seq);
    if ("event" in draft && !isModeration(draft)) return outcome;
    const reached = room.reached(seq);
    if (reached !== undefined) {
      await withDeadline(patienceMs, reached);
      // Where it has not come by, it may be void: it is asked for again under the same id.
      if (room.log.head < seq && room.state !== "closed") return { type: "unknown" };
    }
    // A redaction that is void for what it did not know is made again.
    if ("redact" in draft && room.isVoid(seq)) return { type: "unknown" };
    if (!("event" in draft) && seq > room.log.head) pending.expect(roomId, seq, draft);
    return outcome;
  }

  /** Finds what a draft is about; or says why its author may not write it, for all that is known here. */
  async #aboutOf(
    roomId: string,
    draft: ClientDraft,
  ): Promise<TargetHeaders | Published | undefined> {
    const { link, roomOf } = this.#setting;
    const room = roomOf(roomId);
    if (room === undefined) {
      return isChange(draft) ? { type: "refused", error: unavailable(CLOSED) } : undefined;
    }
    try {
      const found = await aboutOf(link, room, draft);
      if (!isChange(draft)) return found;
      if (found === undefined) {
        const error = stacklessError(
          "message_not_found",
          `Room ${roomId} has no message ${draft.re}`,
        );
        return { type: "refused", error };
      }
      const target = room.states.target(draft, found.about);
      const denied = denial(room.charter, draft, roomId, target);
      if (denied !== undefined && !this.#tried.has(draft)) {
        return { type: "refused", error: denied };
      }
      this.#tried.add(draft);
      return found;
    } catch {
      return { type: "refused", error: unavailable() };
    }
  }

  /** Says whether the entry at `seq`, of this room or another one, is void. */
  async #isVoid(seq: number, room: JetStreamRoom): Promise<boolean> {
    if (room.isVoid(seq)) return true;
    const { log } = room;
    if (seq > log.tail && log.countAfter(seq - 1) > log.countAfter(seq)) return false;
    const { link, look, release } = this.#setting;
    try {
      const subject = await link.subjectOf(seq) ?? "";
      const other = decodeURIComponent(subject.slice(link.subject("room", "").length));
      if (other === "" || other === room.id) return false;
      const wasOpen = this.#setting.roomOf(other) !== undefined;
      const opened = await look(other);
      const isVoid = opened?.isVoid(seq) === true;
      if (opened !== undefined && !wasOpen) release(other);
      return isVoid;
    } catch {
      return false;
    }
  }

  /** The id of a presence entry: all nodes use the same for a client of a dead node that is gone. */
  #presenceId(draft: PresenceDraft, room: JetStreamRoom | undefined): string {
    const { event, from } = draft;
    const speaker = room?.speakers.get(from);
    const foreign = speaker !== undefined && speaker.node !== this.#setting.node;
    return foreign && (event === "leave" || event === "away")
      ? `${from}.${encodeURIComponent(room?.id ?? "")}-${speaker.seq}`
      : this.#newId(draft);
  }

  #newId({ from }: Draft): string {
    return `${from}.${this.#setting.node}-${++this.#announcements}`;
  }
}

/**
 * Acts of the program around a chat, as owner of every room: moderation, revocations of tokens, and
 * connections that it ends. Each is that of a client that comes, asks for one thing and goes.
 *
 * @module
 */

import type { Effect } from "../core/state/effects.ts";
import type { Hub } from "../core/hub.ts";
import { newClientId, type RandomBytes } from "../core/authority/ids.ts";
import { type CheckedProof, checkedProof } from "../core/authority/proof.ts";
import type { Outlet, Room } from "../core/state/room.ts";
import type { Peer, Session } from "../core/state/sessions.ts";
import type { Instant } from "../core/state/time.ts";
import { deferred } from "../protocol/deadline.ts";
import { decode } from "../protocol/decode.ts";
import { ChatError, type ErrorCode, isErrorCode } from "../protocol/errors.ts";
import type { SuccessFrame } from "../protocol/frames.ts";
import type { ModerationFrame } from "../protocol/moderation.ts";
import type { Clock } from "./connections/clock.ts";

/** The longest that an act waits for its answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** The mark of the one request of such a client. */
const REF = 1;

/** The parts of an engine that acts need. */
export interface HostActsParts {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Carries effects out. */
  perform(effects: readonly Effect[]): void;
  /** Opens a room; rejects where there is none. */
  room(roomId: string): Promise<Room>;
}

/** The actions that moderate a room, but to delete it. */
export type HostAct = Exclude<ModerationFrame["action"], "delete">;

/** Somebody who asks for one thing, and hears the answer. */
class Asking implements Peer, Outlet {
  readonly plain = false;
  readonly ready = true;
  readonly idle = true;
  session: Session | undefined;
  readonly proof: CheckedProof | undefined;
  readonly #answer = deferred<SuccessFrame>("An answer", ANSWER_MS);

  constructor(proof?: CheckedProof) {
    this.proof = proof;
    // Where nobody waits any more, a refusal is nobody's.
    this.#answer.promise.catch(() => {});
  }

  get answer(): Promise<SuccessFrame> {
    return this.#answer.promise;
  }

  send(text: string): void {
    const frame = JSON.parse(text);
    if (frame.ref !== REF) return;
    if (frame.status === "success") return this.#answer.resolve(frame);
    const code: ErrorCode = isErrorCode(frame.code) ? frame.code : "internal";
    this.#answer.reject(new ChatError(code, frame.message));
  }

  /** Ends the wait, whether or not there was an answer. */
  end(): void {
    this.#answer.resolve({ status: "success" });
  }
}

/** The deeds of the program around a chat besides what it says. */
export class HostActs {
  readonly #parts: HostActsParts;

  /** Acts with the parts of an engine. */
  constructor(parts: HostActsParts) {
    this.#parts = parts;
  }

  /**
   * Moderates a room with the fields that such a request has on the wire. Resolves with the answer when
   * it is in the log; rejects with a ChatError where it is refused.
   */
  async moderate(
    roomId: string,
    action: HostAct,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<SuccessFrame> {
    const { hub, random } = this.#parts;
    const { id: room_id } = await this.#parts.room(roomId);
    const body = { ...fields, room_id };
    const frame = decode(JSON.stringify({ action, ref: REF, body }), "v1") as ModerationFrame;
    const client = { id: newClientId(random), name: undefined, isKept: false };
    return await this.#ask(new Asking(), (peer, t) => hub.host.moderate(peer, client, frame, t));
  }

  /**
   * Revokes the tokens of somebody from before a time, in seconds since 1970, or all up to now; resolves
   * with that time. Rejects with a ChatError where that cannot be.
   */
  async revoke(sub: unknown, issuedBefore: unknown): Promise<number> {
    const { hub, random, clock } = this.#parts;
    const body = { sub, issued_before: issuedBefore };
    const frame = decode(JSON.stringify({ action: "revoke", ref: REF, body }), "v1");
    if (frame.action !== "revoke") throw new ChatError("internal", "Internal error");
    const id = newClientId(random);
    const proof = checkedProof({ sub: id, scope: "admin" }, clock.read().at);
    const told = await this.#ask(
      new Asking(proof),
      (peer, t) => hub.host.revoke(peer, id, frame, t),
    );
    return told.issued_before ?? 0;
  }

  /** Ends the connections here of a client, or of a `sub`; returns their number. */
  disconnect(who: { readonly clientId?: string; readonly sub?: string }, reason: string): number {
    const { hub, clock } = this.#parts;
    const isMeant = ({ id, sub }: Session) =>
      id === who.clientId || sub !== undefined && sub === who.sub;
    const { effects, count } = hub.host.dismiss(isMeant, reason, clock.read());
    this.#parts.perform(effects);
    return count;
  }

  async #ask(
    peer: Asking,
    act: (peer: Asking, t: Instant) => Effect[],
  ): Promise<SuccessFrame> {
    const { hub, clock } = this.#parts;
    try {
      this.#parts.perform(act(peer, clock.read()));
      return await peer.answer;
    } catch (error) {
      throw error instanceof ChatError && isErrorCode(error.code) ? error : new ChatError(
        "unavailable",
        "Nobody knows whether this is done",
        { cause: error },
      );
    } finally {
      peer.end();
      this.#parts.perform(hub.host.leave(peer, false, clock.read()));
    }
  }
}

/**
 * Waits: what a frame waits for before it is answered, and what the next one waits for behind it.
 *
 * @module
 */

import type { Hub } from "../../core/hub.ts";
import type { Proceed } from "../../core/perform.ts";
import type { Store } from "../../core/store/store.ts";
import { withDeadline } from "../../protocol/deadline.ts";
import type { ClientFrame, Ref } from "../../protocol/frames.ts";
import type { Connection } from "./connection.ts";
import type { Pump } from "./pump.ts";

/** The longest that a `hello` waits until all is stored that its client said before, in milliseconds. */
const HELLO_WAIT_MS = 1_000;

/** Something that has to come before a connection is heard again. */
export type Wait =
  /** The turn of a frame that may take long; it is taken again then. */
  | { readonly type: "turn"; readonly frame: ClientFrame }
  /** An event before a frame, of the store or of a peer that does not read. The frame is taken again then. */
  | {
    readonly type: "event";
    readonly of: "store" | "peer";
    readonly frame: ClientFrame;
    readonly until: Promise<unknown>;
  }
  /** An answer to a frame that was taken, and the way to go on with it. */
  | {
    readonly type: "answer";
    readonly ref: Ref | undefined;
    readonly until: Promise<Proceed<Wait>>;
  };

/** The parts of a server that waits look at. */
export interface WaitsParts {
  readonly hub: Hub;
  readonly store: Store;
  readonly pump: Pump;
  /** Throws a plain client out, as the store does not say what of it is stored: no answer can follow. */
  unsettled(connection: Connection, error: unknown): void;
}

/** Looks for what frames wait for. */
export class Waits {
  readonly #parts: WaitsParts;
  readonly #helloWaitMs: number;

  /** Looks at these parts of a server; a connection is given up that has not said `hello` after `helloMs` milliseconds. */
  constructor(parts: WaitsParts, helloMs: number) {
    this.#parts = parts;
    this.#helloWaitMs = Math.min(HELLO_WAIT_MS, helloMs / 2);
  }

  /**
   * Looks for what a frame waits for. It has just been read if it `isNew`; else it has waited before.
   * With `isItsTurn` its turn has come.
   */
  before(
    connection: Connection,
    frame: ClientFrame,
    isNew: boolean,
    isItsTurn: boolean,
  ): Wait | undefined {
    const { action } = frame;
    // One that leaves gets first what it said before, and one that comes back is told what is stored.
    if (isNew && (action === "leave" || action === "hello")) {
      const settled = this.#settled(connection, frame);
      if (settled !== undefined) {
        const until = action === "hello" ? withDeadline(this.#helloWaitMs, settled) : settled;
        return { type: "event", of: "store", frame, until };
      }
    }
    const drained = this.#drained(connection, action);
    if (drained !== undefined) return { type: "event", of: "peer", frame, until: drained };
    return !isItsTurn && mayTakeLong(frame) ? { type: "turn", frame } : undefined;
  }

  /**
   * Looks for what the next frame waits for behind one that was taken. Plain clients tell answers by
   * their order: nothing overtakes that of a message. Nor is moderation overtaken by what comes behind.
   */
  behind(connection: Connection, frame: ClientFrame): Wait | undefined {
    const waits = connection.plain || isJudged(frame);
    const settled = waits ? this.#settled(connection, frame) : undefined;
    if (settled === undefined) return undefined;
    const unsettled = (error: unknown) => {
      this.#parts.unsettled(connection, error);
      return goOn;
    };
    return { type: "answer", ref: undefined, until: settled.then(() => goOn, unsettled) };
  }

  /**
   * Resolves when a peer that does not read has taken more; undefined where it may have its answer at
   * once, or where that is small.
   */
  #drained(connection: Connection, action: ClientFrame["action"]): Promise<void> | undefined {
    const { pump } = this.#parts;
    const moves = action === "create" || action === "join" || action === "leave";
    const isLong = moves || action === "history" || action === "rooms" || action === "search";
    // One that leaves a room gets first all that the room has for it. Plain clients leave one by all of these.
    if (action === "leave" || moves && connection.plain) pump.deliverAll(connection);
    return isLong || connection.plain ? pump.drained(connection) : undefined;
  }

  /**
   * Resolves when all is reported that the client behind a connection has said; undefined where it
   * is. Rejects where the store does not say.
   */
  #settled(connection: Connection, frame: ClientFrame): Promise<void> | undefined {
    const { hub, store } = this.#parts;
    const clientId = hub.clientOf(connection, frame);
    if (clientId === undefined) return undefined;
    try {
      const settled = store.settled?.(clientId);
      return settled && Promise.resolve(settled);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

const goOn: Proceed<Wait> = () => undefined;

/** Says whether the store judges what a frame asks for. */
function isJudged({ action }: ClientFrame): boolean {
  return action === "kick" || action === "role" || action === "room" || action === "link" ||
    action === "unlink";
}

/** Says whether a frame may be told in a hundred rooms, or answered with much. */
function mayTakeLong(frame: ClientFrame): boolean {
  switch (frame.action) {
    case "join":
    case "create":
    case "rename":
    case "pause":
    case "history":
    case "search":
    case "rooms":
      return true;
    case "hello":
      return frame.session !== undefined;
    default:
      return false;
  }
}

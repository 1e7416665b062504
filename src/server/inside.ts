/**
 * The inside of a chat, for the parts of this package that are built on it, and for nobody else.
 *
 * @module
 */

import type { Gauges, Metrics } from "../core/state/metrics.ts";
import type { Room } from "../core/state/room.ts";
import type { Voice } from "./voice.ts";

/** The part of a chat that its users do not see. */
export interface Inside {
  /** The numbers that it keeps of itself. */
  readonly metrics: Metrics;
  /** The voice of the program around it. */
  readonly voice: Voice;
  /** Whoever wants to know that the log of an open room has grown: called within that very step. */
  readonly watchers: ((room: Room) => void)[];
  /** Lets pages of these origins connect from now on, and of no others but the server's own. */
  allowOrigins(origins: readonly string[]): void;
  /** Asks everybody to connect again, each at its own moment, with a reason. Resolves when they took that, or after `closeMs`. */
  sendAllAway(reason: string): Promise<void>;
  /** Those that are as they are now. */
  readonly gauges: Gauges;
}

const INSIDES = new WeakMap<object, Inside>();

/** Shows the inside of a chat. */
export function revealInside(chat: object, inside: Inside): void {
  INSIDES.set(chat, inside);
}

/** Returns the inside of a chat; undefined where it is no chat of this package. */
export function insideOf(chat: object): Inside | undefined {
  return INSIDES.get(chat);
}

/**
 * Asks the app around the chat whether somebody may do something that the rules allow.
 *
 * @module
 */

import { forbidden, notFound } from "../core/authority/authority.ts";
import type { Actor, Authorize } from "../core/authority/authenticate.ts";
import { normalizeRoomId } from "../core/authority/ids.ts";
import type { Session } from "../core/state/sessions.ts";
import type { ClientFrame } from "../protocol/frames.ts";

/** The actions that are about nothing but the connection. */
const UNASKED: ReadonlySet<string> = new Set<ClientFrame["action"]>([
  "hello",
  "auth",
  "ping",
  "pong",
  "pause",
]);

/** The actions that are about no room. */
const ROOMLESS: ReadonlySet<string> = new Set<ClientFrame["action"]>([
  "create",
  "rename",
  "revoke",
  "rooms",
]);

/** The actions by which somebody comes to see a room. */
const SEEING: ReadonlySet<string> = new Set<ClientFrame["action"]>([
  "join",
  "history",
  "read",
  "search",
]);

/**
 * Checks that an app allows what a client is about to do.
 *
 * @throws {ChatError} where it does not: of a room that the client may not see, as if there were none.
 * @throws {TypeError} where the app answers something else than yes or no.
 */
export function checkAllowed(authorize: Authorize, session: Session, frame: ClientFrame): void {
  const { action } = frame;
  if (UNASKED.has(action)) return;
  const roomId = roomOf(session, frame);
  const answer: unknown = authorize(action, actorOf(session), roomId);
  if (answer === true) return;
  if (answer !== false) {
    // A promise would be as good as a yes in a condition: an app must not let people in by a slip.
    throw new TypeError(`authorize must return true or false, not ${typeof answer}`);
  }
  throw SEEING.has(action) ? notFound(roomId ?? "") : forbidden(`You may not ${action} here`);
}

function actorOf({ id, name, sub, bot }: Session): Actor {
  return {
    clientId: id,
    ...(name === undefined ? {} : { name }),
    ...(sub === undefined ? {} : { sub }),
    ...(bot && { bot }),
  };
}

/** The room that a frame is about; plain clients name none, and are in one. */
function roomOf(session: Session, frame: ClientFrame): string | undefined {
  if ("roomId" in frame && frame.roomId !== undefined) return normalizeRoomId(frame.roomId);
  return ROOMLESS.has(frame.action) ? undefined : session.rooms.any?.room.id;
}

/**
 * Carries effects out: the one place that knows which of them is for the sockets, which for the pump
 * and which for the store. The server, the tests of the rules and the random stories share it.
 *
 * @module
 */

import type { ChatError, ErrorCode } from "../protocol/errors.ts";
import type { Draft } from "../protocol/frames.ts";
import type { Closing, Effect, Notice, Question } from "./state/effects.ts";
import type { Hub } from "./hub.ts";
import type { Member, Outlet, Room } from "./state/room.ts";
import type { Peer } from "./state/sessions.ts";
import {
  checkedClient,
  checkedFound,
  checkedMarkers,
  checkedPage,
  checkedRoom,
} from "./store/store_answers.ts";
import type { Marker, Store, StoredRoom } from "./store/store.ts";
import type { Instant } from "./state/time.ts";

/** The hands that carry effects out. `Pending` stands for an answer of the store that is awaited. */
export interface Hands<Pending> {
  /** Sends a frame; one that says no has the code of a `refusal`. */
  send(to: Outlet, text: string, refusal?: ErrorCode): void;
  /** Sends a last frame and closes. */
  close(closing: Closing): void;
  /** Sends a member what it has not been sent yet. */
  deliver(member: Member): void;
  /** Sends the members of a room its frames of the moment. */
  pass(room: Room): void;
  /** Stores entries, each only if the one before it was not refused. */
  append(roomId: string, drafts: readonly Draft[]): void;
  /** Deletes a room. */
  delete(roomId: string): void;
  /** Tells the store something, as {@linkcode tell} does. */
  tell(notice: Notice): void;
  /** Asks the store something, as {@linkcode ask} does. */
  ask(question: Question): Pending;
}

/** Goes on when the store has answered; returns the answer that is awaited next, if there is one. */
export type Proceed<Pending> = (t: Instant) => Pending | undefined;

/** Carries effects out in their order. Returns the answer that is awaited: at most one of them asks. */
export function perform<Pending>(
  effects: readonly Effect[],
  hands: Hands<Pending>,
): Pending | undefined {
  let pending: Pending | undefined;
  for (const effect of effects) {
    switch (effect.type) {
      case "append":
        hands.append(effect.roomId, effect.drafts);
        break;
      case "delete":
        hands.delete(effect.roomId);
        break;
      case "send":
        hands.send(effect.to, effect.text, effect.refusal);
        break;
      case "deliver":
        hands.deliver(effect.member);
        break;
      case "pass":
        hands.pass(effect.room);
        break;
      case "close":
        hands.close(effect);
        break;
      case "create":
      case "open":
      case "recall":
      case "page":
      case "search":
      case "markers":
      case "mark":
      case "use":
      case "revoke":
        pending = hands.ask(effect);
        break;
      case "relay":
      case "release":
      case "remember":
      case "trim":
      case "forget":
        hands.tell(effect);
        break;
      default:
        effect satisfies never;
    }
  }
  return pending;
}

/** Tells a store what the hub wants it to know. */
export function tell(notice: Notice, store: Store): void {
  switch (notice.type) {
    case "relay":
      store.bus?.relay(notice.roomId, notice.text);
      break;
    case "release":
      store.release(notice.roomId);
      break;
    case "remember":
      store.clients?.remember(notice.clientId, notice.name);
      break;
    case "trim":
      store.trim?.(notice.clientId);
      break;
    case "forget":
      store.forget(notice.clientId);
      break;
    default:
      notice satisfies never;
  }
}

/**
 * Asks a store what the hub wants to know. Resolves with how to go on, which throws a `ChatError`
 * where the frame that it is about is refused.
 */
export function ask<Pending>(
  question: Question,
  hub: Hub,
  store: Store,
  hands: Hands<Pending>,
): Promise<Proceed<Pending>> {
  const { peer } = question;
  if (question.type === "recall") {
    const { frame, clientId } = question;
    const back = { n: frame.n, sent: frame.sent, isHere: () => hub.isHere(peer) };
    const recalled = store.bus?.recall(clientId, back) ?? Promise.resolve(undefined);
    return recalled.then((client) => (t) => {
      const known = client && checkedClient(client, clientId);
      return perform(hub.recalled(peer, frame, clientId, known, t), hands);
    });
  }
  if (question.type === "page") {
    const { frame, roomId, queries } = question;
    const read = queries.map((query) =>
      store.history!.page(roomId, query).then((page) => checkedPage(page, query))
    );
    return Promise.all(read).then((pages) => (t) =>
      perform(hub.reading.paged(peer, frame, pages, t), hands)
    );
  }
  if (question.type === "search") {
    const { frame, roomId, query } = question;
    return store.search!.find(roomId, query).then((found) => (t) =>
      perform(hub.reading.found(peer, frame, checkedFound(found, query), t), hands)
    );
  }
  if (question.type === "markers") {
    const goOn =
      (markers: ReadonlyMap<string, Marker> | undefined, error?: unknown) => (t: Instant) =>
        perform(hub.markersLoaded(question, markers, error, t), hands);
    return store.markers!.load(question.person).then(
      (markers) => goOn(checkedMarkers(markers)),
      (error) => goOn(undefined, error),
    );
  }
  if (question.type === "mark") {
    const { person, roomId, marker } = question;
    return store.markers!.set(person, roomId, marker).then(() => () =>
      perform(hub.reading.marked(question), hands)
    );
  }
  if (question.type === "use") {
    const { frame, roomId, draft } = question;
    const judged = Promise.withResolvers<ChatError | undefined>();
    hub.moderation.expect(draft, {
      enacted: () => (judged.resolve(undefined), []),
      refused: (error) => (judged.resolve(error), []),
    });
    hands.append(roomId, [draft]);
    return judged.promise.then((refusal) => (t) =>
      perform(hub.joining.used(peer, frame, roomId, refusal, t), hands)
    );
  }
  if (question.type === "revoke") {
    const { frame: { sub }, before, over } = question;
    return Promise.resolve(store.revocations!.revoke(sub, before, over)).then(() => (t) =>
      perform(hub.proofs.revoked(question, t), hands)
    );
  }
  const { frame, roomId } = question;
  const opened = question.type === "create"
    ? store.create(roomId, question.name, ...(question.owner === undefined ? [] : [question.owner]))
    : store.open(roomId, question.frame.after);
  return opened.then((room) => (t) => {
    if (question.type === "open" && question.refusal !== undefined) throw question.refusal;
    if (room !== undefined) perform(admit(peer, checkedRoom(room, roomId), t, hub, store), hands);
    return perform(hub.joining.opened(peer, frame, room, t), hands);
  });
}

/** Takes a room in that the store has opened. The store does not keep one open that finds no place. */
export function admit(peer: Peer, room: StoredRoom, t: Instant, hub: Hub, store: Store): Effect[] {
  try {
    return hub.joining.admit(peer, room, t);
  } catch (error) {
    store.release(room.id);
    throw error;
  }
}

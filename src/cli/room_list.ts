// This module runs in browsers: it needs no Deno.

/**
 * The rooms of a terminal session, by their numbers, and the one where somebody is.
 *
 * @module
 */

import type { ChatRoom } from "../../client.ts";
import { shownName } from "../protocol/names.ts";
import { complete, type Completion } from "./screen/completion.ts";
import type { RoomView } from "./room_view.ts";
import type { ListedRoom } from "./words/shown.ts";
import { roomsLine } from "./words/status.ts";

/** The rooms in the order in which they were entered: the first is number 1. */
export class RoomList {
  readonly #views: RoomView[] = [];
  /** The room where somebody is. */
  current: RoomView | undefined;

  /** All rooms, by number. */
  get views(): readonly RoomView[] {
    return this.#views;
  }

  /** Adds a room at the end, and goes there. */
  add(view: RoomView): void {
    this.#views.push(view);
    this.current = view;
  }

  /** Takes a room off the list. */
  remove(view: RoomView): void {
    const place = this.#views.indexOf(view);
    if (place >= 0) this.#views.splice(place, 1);
    if (this.current === view) this.current = undefined;
  }

  /** The view of a room, where it is on the list. */
  viewOf(room: ChatRoom): RoomView | undefined {
    return this.#views.find((view) => view.room === room);
  }

  /** The number of a room, from 1. */
  numberOf(view: RoomView): number {
    return this.#views.indexOf(view) + 1;
  }

  /**
   * Finds a room by its number, its id, or how its name begins.
   *
   * @throws {Error} where there is none, or more than one.
   */
  find(text: string): RoomView {
    const wanted = text.trim().toLowerCase();
    const numbered = /^\d{1,4}$/.test(wanted) ? this.#views[Number(wanted) - 1] : undefined;
    if (numbered !== undefined) return numbered;
    const exact = this.#views.filter(({ room }) =>
      room.id === wanted || room.name.toLowerCase() === wanted
    );
    const found = exact.length > 0
      ? exact
      : this.#views.filter(({ room }) => room.name.toLowerCase().startsWith(wanted));
    if (found.length === 1) return found[0]!;
    const quoted = JSON.stringify(text.slice(0, 40));
    if (found.length > 1) throw new Error(`More than one room is called ${quoted}: say its number`);
    throw new Error(`You are in no room ${quoted}: /rooms lists them, /join ID enters one`);
  }

  /** Finds ways to go on with a text, for the person with the client id `own`. */
  complete(before: string, own: string): Completion | undefined {
    const people = this.current?.people().filter(({ to }) => to !== own) ?? [];
    return complete(before, {
      people: people.map(({ label }) => label),
      rooms: this.#views.map(({ room }) => shownName(room.name)),
    });
  }

  /** The rooms with what is unread in each. */
  summaries(): ListedRoom[] {
    return this.#views.map((view, i) => {
      const { room, unread, mentioned } = view;
      const { id: roomId, name } = room;
      const isCurrent = view === this.current;
      const summary = { number: i + 1, roomId, name, unread, mentions: mentioned };
      return isCurrent ? { ...summary, current: true } : summary;
    });
  }

  /** The status line, at a time in milliseconds since 1970. */
  line(at: number): string {
    const { current } = this;
    if (current === undefined) return roomsLine(this.summaries(), undefined);
    const { charter, room } = current;
    return roomsLine(this.summaries(), {
      role: charter.role(at),
      topic: charter.settings.topic,
      members: room.presence ? room.members.size : undefined,
    });
  }
}

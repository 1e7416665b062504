// This module runs in browsers.

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Lines of the list, one after the other: messages under their authors, days, gaps, and who came
 * and went.
 *
 * @module
 */

import type { LoggedRoomEvent, Message, RoomEvent } from "../client.ts";
import { h } from "./dom.ts";
import { type MessageActions, MessageLine } from "./message_line.ts";
import type { ModerationEvent } from "./moderation_words.ts";
import { loadActions } from "./parts.ts";
import { Fold } from "./presence.ts";
import { count, dayOf, dayWords } from "./words.ts";

/** Messages of one person within this time stand under one name, in milliseconds. */
const TOGETHER_MS = 300_000;

/** The words about a part of the log that is missing. */
const MISSING = "The server no longer has what was said here";

/** The most names that are kept of people who were seen in the list. */
const MOST_NAMES = 1_000;

/** A part of the list. */
export class Lines {
  readonly element: HTMLOListElement = h("ol", { part: "list" });
  readonly #actions: MessageActions;
  readonly #messages = new Map<number, MessageLine>();
  #last: { from: string; name: string; at: number } | undefined;
  #day = NaN;
  #fold: Fold | undefined;
  /** Names by client id: moderation says to whom, not what they are called. */
  readonly #names = new Map<string, string>();

  /** Makes an empty part. */
  constructor(actions: MessageActions) {
    this.#actions = actions;
  }

  /** The message of this person that may be edited, the last one. */
  get lastOwn(): MessageLine | undefined {
    return [...this.#messages.values()].findLast(({ isOwn }) => isOwn);
  }

  /** Adds the line of an event, where it has one, and returns that of a message. */
  add(event: RoomEvent): HTMLElement | undefined {
    if ("seq" in event) this.#know(event);
    switch (event.type) {
      case "message":
        return this.#message(event);
      case "gap": {
        const missing = count(event.toSeq - event.fromSeq + 1, "entry", "entries");
        this.#notice(`${MISSING}: ${missing}`, "gap");
        return;
      }
      case "recovered":
        if (!event.recovered) this.#notice(MISSING, "gap");
        return;
      case "closed": {
        const { reason, removed } = event;
        const why = reason === "" ? "" : `: ${reason}`;
        this.#notice(removed ? `You were removed from this room${why}` : reason, "gap");
        return;
      }
      case "quiet":
        this.#notice("The room is too large to tell who comes and goes", "quiet");
        return;
      case "change":
        this.#messages.get(event.re)?.change(event);
        return;
      case "role":
      case "kick":
      case "room":
        this.#moderation(event);
        return;
      case "typing":
        return;
      default: {
        const fold = this.#fold ?? new Fold();
        if (event.own || !fold.add(event)) return;
        if (this.#fold === undefined) {
          this.separate(event.sentAt);
          fold.element.dataset.seq = `${event.seq}`;
          this.append(fold.element);
          this.#fold = fold;
        }
      }
    }
  }

  /** Adds a line that is no event; what follows has its name again. */
  append(line: HTMLElement): void {
    this.#fold = this.#last = undefined;
    this.element.append(line);
  }

  /** Begins anew. */
  clear(): void {
    this.#fold = this.#last = undefined;
    this.#day = NaN;
    this.element.replaceChildren();
    this.#messages.clear();
  }

  /** Takes the first line out. */
  shift(): void {
    const line = this.element.firstElementChild as HTMLElement | null;
    line?.remove();
    this.#messages.delete(Number(line?.dataset.seq));
  }

  /** Puts the lines of an earlier part before these. */
  prepend(earlier: Lines): void {
    const days = earlier.element.querySelectorAll<HTMLElement>(".day");
    const first = this.element.querySelector<HTMLElement>(".day");
    if (days[days.length - 1]?.dataset.day === first?.dataset.day) first?.remove();
    this.element.prepend(...earlier.element.childNodes);
    const later = [...this.#messages];
    this.#messages.clear();
    for (const [seq, line] of [...earlier.#messages, ...later]) this.#messages.set(seq, line);
  }

  /** The line of a message. */
  line(seq: number): HTMLElement | undefined {
    return this.#messages.get(seq)?.element;
  }

  /** The `seq` of the first line that has one. */
  get first(): number | undefined {
    const seq = this.element.querySelector<HTMLElement>("[data-seq]")?.dataset.seq;
    return seq === undefined ? undefined : Number(seq);
  }

  /** Puts the day above its first line. */
  separate(at: number): void {
    const day = dayOf(at);
    if (day === this.#day) return;
    this.#day = day;
    const line = h("li", { class: "day", part: "day" });
    line.dataset.day = `${day}`;
    this.append(line);
    const now = Date.now();
    for (const one of this.element.querySelectorAll<HTMLElement>(".day")) {
      one.textContent = dayWords(Number(one.dataset.day), now);
    }
  }

  #notice(text: string, kind: string): void {
    this.append(h("li", { class: `notice ${kind}`, part: "notice" }, text));
  }

  #know({ from, name, sub }: LoggedRoomEvent): void {
    if (name === undefined) return;
    for (const id of [from, sub ?? from]) this.#names.set(id, name);
    const [first] = this.#names.keys();
    if (this.#names.size > MOST_NAMES) this.#names.delete(first!);
  }

  /** Moderation: rare enough for its words to be loaded. */
  #moderation(event: ModerationEvent): void {
    this.separate(event.sentAt);
    const line = h("li", { class: "notice", part: "notice", dir: "auto" });
    line.dataset.seq = `${event.seq}`;
    this.append(line);
    loadActions().then(
      ({ moderationWords }) => line.append(...moderationWords(event, (id) => this.#names.get(id))),
      () => line.append("Somebody has moderated here"),
    );
  }

  #message(message: Message): HTMLElement {
    const { from, sentAt, seq, re, name = "Somebody" } = message;
    this.separate(sentAt);
    const last = this.#last;
    const follows = last?.from === from && last.name === name && sentAt - last.at < TOGETHER_MS &&
      re === undefined;
    const answered = re === undefined ? undefined : this.#messages.get(re);
    const line = new MessageLine(message, follows, answered, this.#actions);
    this.#messages.set(seq, line);
    this.append(line.element);
    this.#last = { from, name, at: sentAt };
    return line.element;
  }
}

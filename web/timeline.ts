// This module runs in browsers.

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The list of what was said: days, people, gaps, the line above what is new, and what is on its
 * way.
 *
 * @module
 */

import type { Message, RoomEvent } from "../client.ts";
import type { KeptMessage } from "../src/client/offline.ts";
import { button, h, nameOf } from "./dom.ts";
import { render } from "./markup.ts";
import { Fold } from "./presence.ts";
import { clock, count, dayOf, dayWords, exact } from "./words.ts";

/** Calls of a list to whoever it belongs to. */
export interface TimelineActions {
  retry(id: number): void;
  /** Drops a message that failed; `edit` puts it back where it was written. */
  discard(id: number, edit: boolean): void;
  /** Leaves the list, for the field to write in. */
  leave(): void;
  /** Everything up to the end is being read, or no longer. */
  reading(): void;
}

/**
 * A message as news: `live` where nobody looks, `missed` in any case, as it came when the page
 * was not there.
 */
export type News = "live" | "missed" | "none";

/** The most lines that are kept; more than a person scrolls through. */
const MOST_LINES = 2_000;

/** Messages of one person within this time stand under one name, in milliseconds. */
const TOGETHER_MS = 300_000;

/** The distance from the end that counts as being there, in pixels. */
const NEAR = 48;

/** The list. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #actions: TimelineActions;
  readonly #log: HTMLElement;
  readonly #lines = h("ol", { part: "list" });
  readonly #pending = h("ol", { part: "pending" });
  readonly #hint = h("p", { class: "hint", hidden: true });
  readonly #end: HTMLButtonElement;
  readonly #jump: HTMLButtonElement;
  #last: { from: string; name: string; at: number } | undefined;
  #day = NaN;
  #fold: Fold | undefined;
  #newLine: HTMLElement | undefined;
  /** Stands under the last message of this person. */
  readonly #sent = h("span", { class: "sent" }, "Sent");
  #isAtEnd = true;
  #top = 0;
  #unread = 0;

  /** Makes an empty list. */
  constructor(actions: TimelineActions) {
    this.#actions = actions;
    this.#log = h(
      "div",
      {
        "role": "log",
        "aria-live": "off",
        "aria-label": "Messages",
        "tabindex": "0",
        "part": "log",
        "scroll": () => this.#scrolled(),
        "keydown": (event) => this.#key(event as KeyboardEvent),
      },
      this.#hint,
      this.#lines,
      this.#pending,
    );
    this.#end = button("", () => this.toEnd(), { class: "chip end", hidden: true });
    this.#jump = button("", () => this.#toNew(), { class: "chip jump", hidden: true });
    this.element = h("div", { class: "timeline" }, this.#log, this.#jump, this.#end);
    const observer = new ResizeObserver(() => this.#isAtEnd && this.#scrollToEnd());
    observer.observe(this.#log);
    observer.observe(this.#lines);
    observer.observe(this.#pending);
  }

  /** The number of messages of others that were not seen. */
  get unread(): number {
    return this.#unread;
  }

  /** `true` where somebody looks at the end of the list. */
  get isReading(): boolean {
    return this.#isAtEnd && document.visibilityState === "visible";
  }

  /** Empties the list; above it stands the name of the room as long as nobody has said anything. */
  clear(room: string): void {
    this.#hint.replaceChildren(
      h("b", {}, nameOf(room)),
      "Nobody has said anything yet. Copy the link, and send it to those who shall be here.",
    );
    this.#hint.hidden = false;
    this.#lines.replaceChildren();
    this.#last = this.#fold = this.#newLine = undefined;
    this.#day = NaN;
    this.#isAtEnd = true;
    this.#unread = 0;
    this.#jump.hidden = true;
  }

  /** Adds events. */
  add(events: RoomEvent[], newsOf: (message: Message) => News): void {
    for (const event of events) this.#add(event, newsOf);
    for (let more = this.#lines.childElementCount - MOST_LINES; more > 0; more--) {
      this.#lines.firstElementChild?.remove();
    }
    if (this.#isAtEnd) this.#scrollToEnd();
    this.#chips();
  }

  /** Shows what is on its way. */
  outgoing(messages: readonly KeptMessage[], isConnected: boolean): void {
    const lines = messages.map((message) => this.#pendingLine(message, isConnected));
    this.#pending.replaceChildren(...lines);
    if (this.#isAtEnd) this.#scrollToEnd();
  }

  /** Says that what was new was seen. */
  seen(): void {
    this.#unread = 0;
    this.#chips();
  }

  /** Where history ends: says how much of it is new, above which the line stands. */
  historyEnds(news: number): void {
    this.#unread = 0;
    if (news === 0) return;
    this.#jump.textContent = `${count(news, "new message")} ↑`;
    this.#jump.hidden = false;
  }

  /** Takes the line above what was new away. */
  forgetNew(): void {
    this.#newLine?.remove();
    this.#newLine = undefined;
    this.#jump.hidden = true;
  }

  /** Goes to the end, and stays there. */
  toEnd(): void {
    this.#isAtEnd = true;
    this.#scrollToEnd();
    this.#chips();
    this.#actions.reading();
  }

  #add(event: RoomEvent, newsOf: (message: Message) => News): void {
    switch (event.type) {
      case "message":
        return this.#message(event, newsOf(event));
      case "gap": {
        const missing = count(event.toSeq - event.fromSeq + 1, "entry", "entries");
        return this.#notice(
          `${missing} missing here: the server no longer has what was said`,
          "gap",
        );
      }
      case "recovered":
        if (event.recovered) return;
        return this.#notice("Something may be missing here: the server no longer has it", "gap");
      case "closed":
        return this.#notice(event.reason, "gap");
      case "quiet":
        return this.#notice("The room is too large to tell who comes and goes", "quiet");
      case "change":
      case "typing":
        return;
      default: {
        const fold = this.#fold ?? new Fold();
        if (event.own || !fold.add(event)) return;
        if (this.#fold === undefined) {
          this.#separate(event.sentAt);
          this.#append(this.#fold = fold, fold.element);
        }
      }
    }
  }

  #append(fold: Fold | undefined, line: HTMLElement): void {
    this.#fold = fold;
    this.#last = undefined;
    this.#lines.append(line);
  }

  #notice(text: string, kind: string): void {
    this.#append(undefined, h("li", { class: `notice ${kind}`, part: "notice" }, text));
  }

  /** Puts the day above its first line. */
  #separate(at: number): void {
    const day = dayOf(at);
    if (day === this.#day) return;
    this.#day = day;
    const line = h("li", { class: "day", part: "day" });
    line.dataset.day = `${day}`;
    this.#append(undefined, line);
    const now = Date.now();
    for (const one of this.#lines.querySelectorAll<HTMLElement>(".day")) {
      one.textContent = dayWords(Number(one.dataset.day), now);
    }
  }

  #message(message: Message, news: News): void {
    const { from, sentAt, body, own, name = "Somebody" } = message;
    this.#hint.hidden = true;
    this.#separate(sentAt);
    if (news === "missed" || news === "live" && !this.isReading) {
      if (this.#unread++ === 0) this.#placeNew();
    }
    const last = this.#last;
    const follows = last?.from === from && last.name === name && sentAt - last.at < TOGETHER_MS;
    const line = messageLine(name, sentAt, body, own, follows);
    this.#append(undefined, line);
    this.#last = { from, name, at: sentAt };
    if (own) line.append(this.#sent);
  }

  #placeNew(): void {
    this.#newLine?.remove();
    this.#newLine = h("li", { class: "new", part: "new" }, "New");
    this.#append(undefined, this.#newLine);
  }

  #pendingLine({ id, body, state, reason }: KeptMessage, isConnected: boolean): HTMLLIElement {
    const words = {
      waiting: isConnected ? "Sending…" : "Waits for the connection",
      sending: "Sending…",
      failed: `Not sent: ${reason}`,
      doubt: "May have been sent. The server cannot tell any more",
    }[state];
    const line = h(
      "li",
      { "class": `message own pending ${state}`, "part": "message", "tabindex": "-1" },
      h("div", { class: "body", part: "body" }, render(body)),
      h("p", { class: "state" }, words),
    );
    if (state !== "failed" && state !== "doubt") return line;
    const { retry, discard } = this.#actions;
    line.lastElementChild?.append(
      button(state === "failed" ? "Try again" : "Send again", () => retry(id)),
      button("Edit", () => discard(id, true)),
      button("Remove", () => discard(id, false)),
    );
    return line;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const wasAtEnd = this.#isAtEnd;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.#isAtEnd = true;
    // What grows below moves the end away, and is no sign of a person.
    else if (scrollTop < this.#top) this.#isAtEnd = false;
    this.#top = scrollTop;
    if (wasAtEnd === this.#isAtEnd) return;
    this.#chips();
    this.#actions.reading();
  }

  #scrollToEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #toNew(): void {
    this.#jump.hidden = true;
    this.#isAtEnd = false;
    this.#newLine?.scrollIntoView({ block: "start" });
    this.#chips();
  }

  #chips(): void {
    this.#end.hidden = this.#isAtEnd;
    this.#end.textContent = this.#unread > 0
      ? `${count(this.#unread, "new message")} ↓`
      : "Latest ↓";
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") return this.#actions.leave();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const lines = [...this.#log.querySelectorAll<HTMLElement>(".message")];
    const root = this.#log.getRootNode() as ShadowRoot;
    const place = lines.findIndex((line) => line.contains(root.activeElement));
    const next = place < 0 ? lines.at(-1) : lines[place + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

function messageLine(
  name: string,
  at: number,
  body: string,
  own: boolean,
  follows: boolean,
): HTMLLIElement {
  const kind = `message${own ? " own" : ""}${follows ? " follows" : ""}`;
  return h(
    "li",
    { "class": kind, "part": kind.replace("follows", ""), "tabindex": "-1" },
    h(
      "p",
      { class: "head" },
      h("b", { class: "author", part: "author" }, nameOf(name)),
      " ",
      h(
        "time",
        { datetime: new Date(at).toISOString(), title: exact(at), part: "time" },
        clock(at),
      ),
    ),
    h("div", { class: "body", part: "body" }, render(body)),
  );
}

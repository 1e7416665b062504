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
import { Lines } from "./lines.ts";
import type { MessageActions, MessageLine } from "./message_line.ts";
import { render } from "./markup.ts";
import { count } from "./words.ts";

/** Calls of a list to whoever it belongs to. */
export interface TimelineActions extends MessageActions {
  retry(id: number): void;
  /** Drops a message that failed; `edit` puts it back where it was written. */
  discard(id: number, edit: boolean): void;
  /** Leaves the list, for the field to write in. */
  leave(): void;
  /** Reads what was said before a `seq`, the nearest of it; nothing where there is no more. */
  earlier(seq: number): Promise<RoomEvent[]>;
  /** Everything up to the end is being read, or no longer. */
  reading(): void;
}

/**
 * A message as news: `live` where nobody looks, `missed` in any case, as it came when the page
 * was not there.
 */
export type News = "live" | "missed" | "none";

/** The most lines that are kept at the end of the list: earlier ones are asked for again. */
const KEPT_LINES = 2_000;

/** The most lines of somebody who reads back, in pages from the end. */
const MOST_LINES = 20_000;

/** The distance from the beginning at which earlier lines are asked for, in pixels. */
const EARLY = 600;

/** The distance from the end that counts as being there, in pixels. */
const NEAR = 48;

/** The list. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #actions: TimelineActions;
  readonly #log: HTMLElement;
  readonly #lines: Lines;
  readonly #pending = h("ol", { part: "pending" });
  readonly #hint = h("p", { class: "hint", hidden: true });
  readonly #end: HTMLButtonElement;
  readonly #jump: HTMLButtonElement;
  #newLine: HTMLElement | undefined;
  /** Stands under the last message of this person. */
  readonly #sent = h("span", { class: "sent" }, "Sent");
  #isAtEnd = true;
  #top = 0;
  #unread = 0;
  /** Set while earlier lines are on their way. */
  #isReadingBack = false;
  /** The `seq` that is read back from, where it is not that of the first line. */
  #before: number | undefined;

  /** Makes an empty list. */
  constructor(actions: TimelineActions) {
    this.#actions = actions;
    this.#lines = new Lines(actions);
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
      this.#lines.element,
      this.#pending,
    );
    this.#end = button("", () => this.toEnd(), { class: "chip end", hidden: true });
    this.#jump = button("", () => this.#toNew(), { class: "chip jump", hidden: true });
    this.element = h("div", { class: "timeline" }, this.#log, this.#jump, this.#end);
    const observer = new ResizeObserver(() => this.#isAtEnd && this.#scrollToEnd());
    observer.observe(this.#log);
    observer.observe(this.#lines.element);
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
      "Nobody has said anything yet. Copy the link, and send it to others.",
    );
    this.#hint.hidden = false;
    this.#lines.clear();
    this.#newLine = this.#before = undefined;
    this.#isAtEnd = true;
    this.#unread = 0;
    this.#jump.hidden = true;
  }

  /** Adds events. */
  add(events: RoomEvent[], newsOf: (message: Message) => News): void {
    for (const event of events) this.#add(event, newsOf);
    if (this.#isAtEnd) {
      const { element } = this.#lines;
      for (let more = element.childElementCount - KEPT_LINES; more > 0; more--) {
        this.#lines.shift();
        this.#before = undefined;
      }
      this.#scrollToEnd();
    }
    this.#chips();
  }

  /** Shows what is on its way. */
  outgoing(messages: readonly KeptMessage[], isConnected: boolean): void {
    const lines = messages.map((message) => this.#pendingLine(message, isConnected));
    this.#pending.replaceChildren(...lines);
    if (this.#isAtEnd) this.#scrollToEnd();
  }

  /** Says whether the list has a message. */
  has(seq: number): boolean {
    return this.#lines.line(seq) !== undefined;
  }

  /** Goes to a message; says whether the list has it. */
  show(seq: number): boolean {
    const line = this.#lines.line(seq);
    if (line === undefined) return false;
    this.#isAtEnd = false;
    line.scrollIntoView({ block: "center" });
    line.focus();
    this.#chips();
    return true;
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

  /** The message of this person that may be edited, the last one. */
  get lastOwn(): MessageLine | undefined {
    return this.#lines.lastOwn;
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
    if (event.type === "message") {
      const news = newsOf(event);
      this.#hint.hidden = true;
      if (news === "missed" || news === "live" && !this.isReading) {
        if (this.#unread++ === 0) this.#placeNew(event.sentAt);
      }
    }
    const line = this.#lines.add(event);
    if (event.type === "message" && event.own) line?.append(this.#sent);
  }

  #placeNew(at: number): void {
    this.#newLine?.remove();
    this.#lines.separate(at);
    this.#newLine = h("li", { class: "new", part: "new" }, "New");
    this.#lines.append(this.#newLine);
  }

  #pendingLine(message: KeptMessage, isConnected: boolean): HTMLLIElement {
    const { id, state, reason, fields: { edit, react } = {} } = message;
    const body = message.body || String(edit ?? react ?? "");
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
    if (scrollTop < EARLY && !this.#isAtEnd) this.#readBack();
    if (wasAtEnd === this.#isAtEnd) return;
    this.#chips();
    this.#actions.reading();
  }

  /** Puts earlier lines before these, without moving what is seen. */
  async #readBack(): Promise<void> {
    const first = this.#before ?? this.#lines.first ?? 0;
    if (this.#isReadingBack || first <= 1) return;
    if (this.#lines.element.childElementCount >= MOST_LINES) return;
    this.#isReadingBack = true;
    this.#log.setAttribute("aria-busy", "true");
    try {
      const events = await this.#actions.earlier(first);
      // The list may be another one by now.
      if (first !== (this.#before ?? this.#lines.first)) return;
      // Where nothing comes, the log of the server begins here.
      const earliest = events[0];
      this.#before = earliest && "seq" in earliest ? earliest.seq : 0;
      const part = new Lines(this.#actions);
      for (const event of events) part.add(event);
      const { firstElementChild: line } = this.#lines.element;
      const before = line?.getBoundingClientRect().top ?? 0;
      this.#lines.prepend(part);
      const moved = line?.isConnected ? line.getBoundingClientRect().top - before : 0;
      this.#log.scrollTop += moved;
    } catch {
      // It is asked for again when somebody scrolls on.
      return;
    } finally {
      this.#isReadingBack = false;
      this.#log.removeAttribute("aria-busy");
    }
    // Who is at the top by now cannot scroll on.
    this.#scrolled();
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
    const target = event.target as HTMLElement;
    if (event.key === "Enter" && target.matches(".message")) {
      event.preventDefault();
      return target.querySelector<HTMLElement>(":scope > .more")?.click();
    }
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

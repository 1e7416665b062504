// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Says new messages to screen readers: one a second at most, and how many there are where there
 * are more. The list itself is silent, as readers would read times, days and names again and again.
 *
 * @module
 */

import { h } from "./dom.ts";
import { count } from "./words.ts";

/** The messages that are said: all, those with this person's name in them, or none. */
export type Wanted = "all" | "mentions" | "none";

/** The time between two announcements, in milliseconds. */
const PAUSE_MS = 1_000;

/** The most characters of a message that are said. */
const MOST_CHARS = 300;

/** Says whether a text names somebody. */
export function mentions(body: string, name: string): boolean {
  return name !== "" && body.toLowerCase().includes(name.toLowerCase());
}

/** An announcer, with its two hidden regions. */
export class Announcer {
  readonly element: HTMLElement;
  readonly #status = h("div", { role: "status" });
  readonly #alert = h("div", { role: "alert" });
  /** The first message that waits, and how many there are from whom. */
  #first = "";
  #messages = 0;
  readonly #people = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The messages that are said. */
  wanted: Wanted = "all";

  /** Makes an announcer that is silent. */
  constructor() {
    this.element = h("div", { class: "unseen" }, this.#status, this.#alert);
  }

  /** Says a message of somebody else. */
  message(name: string, body: string, own: string): void {
    if (this.wanted === "none" || this.wanted === "mentions" && !mentions(body, own)) return;
    if (this.#messages++ === 0) this.#first = `${name}: ${body.slice(0, MOST_CHARS)}`;
    this.#people.add(name);
    if (this.#timer === undefined) this.#say();
  }

  /** Says that something went wrong; an empty text ends that. */
  alert(text: string): void {
    if (this.#alert.textContent !== text) this.#alert.textContent = text;
  }

  /** Says what this person has asked for. */
  say(text: string): void {
    this.#status.textContent = text;
  }

  #say(): void {
    this.#timer = undefined;
    if (this.#messages === 0) return;
    const from = count(this.#people.size, "person", "people");
    this.#status.textContent = this.#messages === 1
      ? this.#first
      : `${count(this.#messages, "new message")} from ${from}`;
    this.#messages = 0;
    this.#people.clear();
    this.#timer = setTimeout(() => this.#say(), PAUSE_MS);
  }
}

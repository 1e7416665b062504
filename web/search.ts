// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The search at the side: what was said in the room, also long before what the list shows. A part of
 * its own: it is loaded when it is opened for the first time.
 *
 * @module
 */

import type { ChatClient, ChatRoom, Message, RoomEvent } from "../client.ts";
import { history, search } from "../src/client/conversation/conversation.ts";
import STYLE from "./dist/search.css" with { type: "text" };
import { button, field, h, nameOf } from "./dom.ts";
import { clock, count, dayOf, dayWords } from "./words.ts";

const style = new CSSStyleSheet();
style.replaceSync(STYLE);

/** The messages that are asked for at once. */
const PAGE = 20;

/** The entries that are shown around a message which the list does not have. */
const AROUND = 11;

/** The most characters of a message that are shown, and those before the first word that was found. */
const MOST_CHARS = 240;
const BEFORE_CHARS = 40;

/** Calls of a search. */
export interface SearchActions {
  /** The room that is searched; undefined where this person is in none. */
  room(): ChatRoom | undefined;
  /** Does something with the client, as often as it takes. */
  with<Result>(work: (chat: ChatClient) => Promise<Result>): Promise<Result>;
  /** Goes to a message in the list; `false` where the list does not have it. */
  show(seq: number): boolean;
}

/** The search. */
export class Search {
  readonly elements: HTMLElement[];
  readonly style = style;
  readonly #actions: SearchActions;
  readonly #input: HTMLInputElement;
  readonly #status = h("p", { role: "status" });
  readonly #found = h("ol", { "aria-label": "Messages that were found" });
  readonly #more = button("Earlier messages", () => this.#find(), { hidden: true });
  /** The words that are looked for. */
  #text = "";
  /** The `seq` before which the search goes on. */
  #before: number | undefined;

  /** Makes a search that has found nothing yet. */
  constructor(actions: SearchActions) {
    this.#actions = actions;
    const [label, input] = field("Search the messages", {
      required: true,
      maxlength: "256",
      dir: "auto",
      enterkeyhint: "search",
    });
    this.#input = input;
    const form = h(
      "form",
      {
        role: "search",
        submit: (event) => {
          event.preventDefault();
          this.#begin();
        },
      },
      label,
      button("Search", () => form.requestSubmit()),
    );
    this.elements = [
      h("div", { class: "search" }, form, this.#status, this.#found, this.#more),
    ];
  }

  /** Puts a person into the field. */
  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #begin(): void {
    this.#text = this.#input.value.trim();
    this.#before = undefined;
    this.#found.replaceChildren();
    if (this.#text !== "") this.#find();
  }

  /** Finds more, from where the search has come to. */
  async #find(): Promise<void> {
    const room = this.#actions.room();
    const [text, before] = [this.#text, this.#before];
    this.#status.textContent = "Searching…";
    try {
      if (room === undefined) throw new Error("You are not in the room");
      const found = await this.#actions.with((chat) =>
        search(chat, room, text, { before, limit: PAGE })
      );
      // Somebody looks for something else by now.
      if (text !== this.#text || before !== this.#before) return;
      const messages = found.events.filter(({ type }) => type === "message") as Message[];
      const hits = messages.sort((a, b) => b.seq - a.seq).map((message) => this.#hit(message));
      this.#found.append(...hits);
      const isFocused = (this.#more.getRootNode() as ShadowRoot).activeElement === this.#more;
      this.#before = found.before;
      this.#more.hidden = found.before === undefined;
      if (isFocused && this.#more.hidden) (hits[0]?.querySelector("button") ?? this.#input).focus();
      const { childElementCount } = this.#found;
      this.#status.textContent = childElementCount === 0 && this.#more.hidden
        ? "Nothing was found"
        : `${count(childElementCount, "message")} found`;
    } catch (error) {
      if (text === this.#text) this.#status.textContent = (error as Error).message;
    }
  }

  /** A message that was found; pressing it leads there. */
  #hit(message: Message): HTMLLIElement {
    const place = h("li", {});
    const open = h(
      "button",
      { type: "button", class: "hit", click: () => this.#open(message, place) },
      h("b", {}, nameOf(message.name ?? "Somebody")),
      h("span", { class: "when" }, ` ${when(message.sentAt)}`),
      h("span", { class: "text", dir: "auto" }, ...marked(textOf(message), this.#text)),
    );
    place.append(open);
    return place;
  }

  async #open({ seq }: Message, place: HTMLLIElement): Promise<void> {
    if (this.#actions.show(seq)) return;
    const shown = place.querySelector(".around");
    if (shown !== null) return shown.remove();
    const room = this.#actions.room();
    try {
      if (room === undefined) throw new Error("You are not in the room");
      const { events } = await this.#actions.with((chat) =>
        history(chat, room, { around: seq, limit: AROUND })
      );
      place.querySelector(".around")?.remove();
      place.append(around(events, seq));
      this.#status.textContent = "What was said around it is shown below it";
    } catch (error) {
      this.#status.textContent = (error as Error).message;
    }
  }
}

/** Lists what was said around a message. */
function around(events: RoomEvent[], seq: number): HTMLElement {
  const messages = events.filter(({ type }) => type === "message") as Message[];
  return h(
    "ol",
    { "class": "around", "aria-label": "Around it" },
    ...messages.map((message) => {
      const line = h(
        "li",
        { dir: "auto" },
        h("b", {}, nameOf(message.name ?? "Somebody")),
        `: ${textOf(message).slice(0, MOST_CHARS)}`,
      );
      if (message.seq === seq) line.setAttribute("aria-current", "true");
      return line;
    }),
  );
}

function textOf({ body, now }: Message): string {
  return now?.redacted ? "This message was deleted" : now?.body ?? body;
}

function when(at: number): string {
  return `${dayWords(dayOf(at), Date.now())}, ${clock(at)}`;
}

/** The part of a text around the first of some words, with all of them marked. */
export function marked(text: string, words: string): (Node | string)[] {
  const wanted = words.split(/\s+/).filter((word) => word !== "").map(RegExp.escape);
  const pattern = new RegExp(`(${wanted.join("|")})`, "iu");
  const first = wanted.length === 0 ? 0 : Math.max(text.search(pattern), 0);
  const from = first > BEFORE_CHARS ? first - BEFORE_CHARS : 0;
  const part = (from > 0 ? "…" : "") + text.slice(from, from + MOST_CHARS);
  if (wanted.length === 0) return [part];
  return part.split(new RegExp(pattern, "giu")).map((piece, place) =>
    place % 2 === 1 ? h("mark", {}, piece) : piece
  );
}

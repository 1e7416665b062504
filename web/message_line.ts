// This module runs in browsers.

/// <reference lib="dom" />
/**
 * One message in the list: its author, its text as it is now, reactions, and what can be done with it.
 *
 * @module
 */

import type { Message, MessageChange } from "../client.ts";
import { button, h, nameOf } from "./dom.ts";
import { render } from "./markup.ts";
import type { Moderation } from "./moderation.ts";
import { fill, loadActions } from "./parts.ts";
import { clock, exact } from "./words.ts";

/** Calls of a message to whoever shows it. */
export interface MessageActions {
  /** Begins an answer. */
  reply(line: MessageLine): void;
  /** Begins another text for it. */
  edit(line: MessageLine): void;
  /** Changes it: `edit`, `redact`, `react` or `unreact`, in the words of the protocol. */
  change(seq: number, change: Record<string, unknown>): void;
  /** The moderation of the room, once it is loaded. */
  moderation(): Moderation | undefined;
}

/** The most characters of a message that an answer shows of it. */
const MOST_QUOTED = 80;

/** A line of the list. */
export class MessageLine {
  readonly element: HTMLLIElement;
  readonly message: Message;
  readonly #actions: MessageActions;
  readonly #body = h("div", { class: "body", part: "body" });
  readonly #note = h("span", { class: "note" });
  readonly #reacted = h("div", { class: "reactions", part: "reactions" });
  readonly #reactions = new Map<string, { count: number; own: boolean }>();
  readonly #menu = h("div", {
    class: "menu",
    part: "menu",
    hidden: true,
    tabindex: "-1",
    keydown: (event) => {
      if ((event as KeyboardEvent).key !== "Escape") return;
      // Not out of the list: back to the message.
      event.stopPropagation();
      this.#close();
    },
  });
  readonly #more: HTMLButtonElement;
  #text: string;
  #isRedacted: boolean;
  /** The `seq` of the last change that it came with. */
  readonly #upTo: number;

  /** Makes a line; it `follows` one of the same author, and `answered` is the line that it answers. */
  constructor(
    message: Message,
    follows: boolean,
    answered: MessageLine | undefined,
    actions: MessageActions,
  ) {
    const { sentAt, seq, own, now, body, re } = message;
    this.message = message;
    this.#actions = actions;
    this.#text = now?.body ?? body;
    this.#isRedacted = now?.redacted === true;
    this.#upTo = now?.seq ?? seq;
    if (now?.edited_at !== undefined) this.#note.textContent = "edited";
    for (const [name, count] of Object.entries(now?.reactions ?? {})) {
      this.#reactions.set(name, { count, own: false });
    }
    this.#more = button("⋯", () => this.#toggle(), {
      "class": "more",
      "aria-label": `Actions for the message of ${this.author}`,
      "aria-expanded": "false",
      // One stop for each message would be too many: Enter on a message does the same.
      "tabindex": "-1",
    });
    const kind = own ? "message own" : "message";
    this.element = h(
      "li",
      { "class": follows ? `${kind} follows` : kind, "part": kind, "tabindex": "-1" },
      h(
        "p",
        { class: "head" },
        h("b", { class: "author", part: "author" }, nameOf(this.author)),
        " ",
        h(
          "time",
          { datetime: new Date(sentAt).toISOString(), title: exact(sentAt), part: "time" },
          clock(sentAt),
        ),
      ),
      re !== undefined && quoteOf(answered),
      this.#body,
      this.#note,
      this.#reacted,
      this.#menu,
      this.#more,
    );
    this.element.dataset.seq = `${seq}`;
    this.#show();
  }

  /** The name of the author. */
  get author(): string {
    return this.message.name ?? "Somebody";
  }

  /** The text as it is now. */
  get text(): string {
    return this.#text;
  }

  /** Says whether this person may give it another text. */
  get isOwn(): boolean {
    return this.message.own && !this.#isRedacted;
  }

  /** Takes in a change of it. What it had when it came is counted, but not known to be its own. */
  change({ seq, edit, redact, react, unreact, own }: MessageChange): void {
    const isNew = seq > this.#upTo;
    const reaction = react ?? unreact;
    if (reaction !== undefined) {
      this.#count(reaction, react === undefined ? -1 : 1, isNew, own);
    } else if (!isNew) return;
    else if (redact) {
      this.#isRedacted = true;
      this.#reactions.clear();
    } else if (typeof edit === "string") {
      this.#text = edit;
      this.#note.textContent = "edited";
    }
    this.#show();
  }

  /** Adds a reaction of this person, or takes it back. */
  react(name: string): void {
    const isThere = this.#reactions.get(name)?.own;
    this.#actions.change(this.message.seq, { [isThere ? "unreact" : "react"]: name });
  }

  #count(name: string, by: number, isNew: boolean, isOwn: boolean): void {
    const known = this.#reactions.get(name) ?? { count: 0, own: false };
    const count = known.count + (isNew ? by : 0);
    if (count <= 0) this.#reactions.delete(name);
    else this.#reactions.set(name, { count, own: isOwn ? by > 0 : known.own });
  }

  #show(): void {
    if (this.#isRedacted) {
      this.#text = "";
      this.#note.textContent = "";
      this.#body.replaceChildren(h("p", { class: "gone" }, "This message was deleted"));
    } else this.#body.replaceChildren(render(this.#text));
    this.#more.hidden = this.#isRedacted;
    this.#reacted.replaceChildren(
      ...[...this.#reactions].map(([name, { count, own }]) =>
        button(`${name} ${count}`, () => this.react(name), { "aria-pressed": `${own}` })
      ),
    );
  }

  #toggle(): void {
    if (!this.#menu.hidden) return this.#close();
    this.#menu.hidden = false;
    this.#more.setAttribute("aria-expanded", "true");
    fill(
      this.#menu,
      async () => (await loadActions()).menu(this, this.#actions, () => this.#close()),
      // A line that was not drawn yet takes no focus.
      () => requestAnimationFrame(() => this.#menu.querySelector("button")?.focus()),
    );
  }

  #close(): void {
    this.#menu.hidden = true;
    this.#more.setAttribute("aria-expanded", "false");
    this.element.focus();
  }
}

/** The beginning of what a message answers, which leads there. */
function quoteOf(answered: MessageLine | undefined): HTMLElement {
  if (answered === undefined) return h("p", { class: "quote" }, "↩ an earlier message");
  const words = button("", () => answered.element.focus(), { class: "quote", dir: "auto" });
  words.append("↩ ", nameOf(answered.author), `: ${answered.text.slice(0, MOST_QUOTED)}`);
  return words;
}

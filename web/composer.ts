// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The field to write in. Enter sends, Shift+Enter breaks the line, a paste is one message however
 * many lines it has, and what is not sent yet is kept for each room.
 *
 * @module
 */

import { button, h, icon } from "./dom.ts";
import { draftOf, keepDraft, type Said } from "./kept.ts";

/** Calls of a composer to whoever it belongs to. */
export interface ComposerActions {
  /** Says something, written at a time; resolves once it does not go with the page. */
  say(text: string, writtenAt: number): Promise<void>;
  /** Begins to edit what was said last. */
  editLast(): void;
  typing(): void;
}

const ARROW = "M4 12h14M12 6l6 6-6 6";

/** The field, and its button. */
export class Composer {
  readonly element: HTMLFormElement;
  readonly #actions: ComposerActions;
  readonly #text: HTMLTextAreaElement;
  readonly #mode = h("p", { class: "mode", hidden: true });
  #roomId = "";
  /** Texts that were said and would go with the page. They are kept with the draft. */
  readonly #unkept: Said[] = [];
  /** The new message that was begun before something else is written. */
  #begun = "";
  /** Said instead of a new message: an answer, or another text. */
  #instead: ((text: string) => Promise<void>) | undefined;

  /** Makes a field that belongs to no room, and is hidden. */
  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#text = h("textarea", {
      "rows": "1",
      "aria-label": "Message",
      "placeholder": "Write a message",
      "enterkeyhint": "send",
      "dir": "auto",
      "part": "field",
      "autocomplete": "off",
      "keydown": (event) => this.#key(event as KeyboardEvent),
      "input": () => this.#changed(),
    });
    this.element = h(
      "form",
      {
        class: "composer",
        part: "composer",
        hidden: true,
        submit: (event) => {
          event.preventDefault();
          this.#send();
        },
      },
      this.#mode,
      this.#text,
      h("button", { "aria-label": "Send", "part": "send" }, icon(ARROW)),
    );
  }

  /** Belongs to a room from now on, and has its draft, without what is kept elsewhere. */
  room(id: string, isKept: (writtenAt: number) => boolean): void {
    this.#roomId = id;
    this.#text.value = draftOf(id, isKept);
    this.element.hidden = false;
    this.#keep();
    this.#fit();
  }

  /** Puts a text back that was not sent, before what is written. */
  putBack(text: string): void {
    this.#text.value = this.#text.value === "" ? text : `${text}\n${this.#text.value}`;
    this.#changed();
    this.focus();
  }

  /** Writes something else than a new message: `words` say what, from `text` on. */
  begin(words: string, text: string, say: (text: string) => Promise<void>): void {
    if (this.#instead === undefined) this.#begun = this.#text.value;
    this.#instead = say;
    this.#mode.replaceChildren(words, " ", button("Cancel", () => this.#end()));
    this.#mode.hidden = false;
    if (text !== "") this.#text.value = text;
    this.#fit();
    this.focus();
  }

  /** Writes new messages again, from the draft on. */
  #end(): void {
    this.#instead = undefined;
    this.#mode.hidden = true;
    this.#text.value = this.#begun;
    this.#fit();
    this.focus();
  }

  focus(): void {
    this.#text.focus();
  }

  #changed(): void {
    this.#keep();
    if (this.#text.value.trim() !== "") this.#actions.typing();
    this.#fit();
  }

  /** Keeps the draft. What is written instead of a new message is none. */
  #keep(): void {
    if (this.#instead !== undefined) return;
    keepDraft(this.#roomId, this.#text.value, this.#unkept);
  }

  /** Where the browser does not fit the field to its text by itself. */
  #fit(): void {
    if (CSS.supports("field-sizing", "content")) return;
    const { style } = this.#text;
    style.blockSize = "auto";
    style.blockSize = `${this.#text.scrollHeight}px`;
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.#instead !== undefined) return this.#end();
    if (event.key === "ArrowUp" && this.#text.value === "") return this.#actions.editLast();
    // Enter also ends the choice of a word in Japanese or Chinese: 229 is how Safari says so.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) {
      return;
    }
    event.preventDefault();
    this.#send();
  }

  async #send(): Promise<void> {
    const text = this.#text.value.replace(/^\s*\n|\s+$/g, "");
    const instead = this.#instead;
    if (instead !== undefined && text !== "") {
      this.#end();
      return await instead(text);
    }
    this.#text.value = "";
    this.#fit();
    this.focus();
    if (text !== "") {
      const said = { text, writtenAt: Date.now() };
      this.#unkept.push(said);
      this.#keep();
      await this.#actions.say(text, said.writtenAt);
      this.#unkept.splice(this.#unkept.indexOf(said), 1);
    }
    this.#keep();
  }
}

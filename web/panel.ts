// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The contents of the panel at the side: who is here, who this person is, and how the page looks and
 * speaks. A part of its own: it is loaded when the panel is opened for the first time.
 *
 * @module
 */

import type { ChatRoom } from "../client.ts";
import { type Choices, choices } from "./choices.ts";
import STYLE from "./dist/panel.css" with { type: "text" };
import { button, field, h, nameOf } from "./dom.ts";
import { keep } from "./kept.ts";
import { count } from "./words.ts";

const style = new CSSStyleSheet();
style.replaceSync(STYLE);

/** The most people who are listed. */
const MOST_LISTED = 200;

/** Choices of the page, each with its values. */
const CHOICES = {
  theme: ["Colours", { auto: "As the system", light: "Light", dark: "Dark" }],
  density: ["Density", { comfortable: "Comfortable", compact: "Compact" }],
  announce: ["Screen readers hear", { all: "All messages", mentions: "My name", none: "Nothing" }],
} as const;

/** Calls of a panel. */
export interface PanelActions {
  rename(name: string): Promise<void>;
  chosen(choices: Choices): void;
  leave(): void;
}

/** The contents of the panel. */
export class Panel {
  readonly elements: HTMLElement[];
  readonly style = style;
  readonly #people = h("ul", { class: "people", part: "people" });
  readonly #heading = h("h2", {}, "Here");
  readonly #name: HTMLInputElement;
  readonly #problem = h("p", { class: "problem", role: "alert" });

  /** Makes a panel that shows nobody. */
  constructor(name: string, { rename, chosen, leave }: PanelActions) {
    const [label, input] = field("Your name", {
      value: name,
      required: true,
      maxlength: "64",
      dir: "auto",
      pattern: ".*\\S.*",
    });
    this.#name = input;
    const form = h(
      "form",
      {
        submit: async (event) => {
          event.preventDefault();
          const wanted = this.#name.value.trim();
          this.#problem.textContent = await rename(wanted).then(() => "", ({ message }) => message);
        },
      },
      label,
      button("Change", () => form.requestSubmit()),
      this.#problem,
    );
    const selects = Object.entries(CHOICES).map(([name, [words, values]]) => {
      const select = h("select", {
        change: () => {
          keep(name, select.value);
          chosen(choices());
        },
      }, ...Object.entries(values).map(([value, text]) => h("option", { value }, text)));
      const value = choices()[name as keyof Choices];
      if (Object.hasOwn(values, value)) select.value = value;
      return h("label", {}, h("span", {}, words), select);
    });
    const leaving = button("Leave the room", leave);
    this.elements = [this.#heading, this.#people, h("hr"), form, ...selects, leaving];
  }

  /** Shows who is in the room; `typing` are the ids of those who type. */
  show(room: ChatRoom, clientId: string, typing: ReadonlyMap<string, string>): void {
    const { members, presence } = room;
    this.#heading.textContent = presence
      ? `${count(members.size, "person", "people")} in the room`
      : "Too many to list";
    const listed = [...members.values()].slice(0, MOST_LISTED);
    this.#people.replaceChildren(...listed.map(({ clientId: id, name = "Somebody", away }) => {
      const note = typing.has(id) ? "typing" : away ? "away" : "";
      const own = id === clientId ? " (you)" : "";
      return h("li", { class: note }, nameOf(name), own, note && h("span", {}, ` ${note}`));
    }));
    const more = members.size - listed.length;
    if (more > 0) this.#people.append(h("li", {}, `and ${more.toLocaleString()} more`));
  }
}

// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The panel at the side: who is here, who this person is, and how the page looks and speaks.
 *
 * @module
 */

import type { ChatRoom } from "../client.ts";
import type { Wanted } from "./announcer.ts";
import { button, field, h, nameOf } from "./dom.ts";
import { keep, kept } from "./kept.ts";
import { count } from "./words.ts";

/** The most people who are listed. */
const MOST_LISTED = 200;

/** Choices of the page, each with its values. */
const CHOICES = {
  theme: ["Colours", { auto: "As the system", light: "Light", dark: "Dark" }],
  density: ["Density", { comfortable: "Comfortable", compact: "Compact" }],
  announce: ["Screen readers hear", { all: "All messages", mentions: "My name", none: "Nothing" }],
} as const;

/** The choices that were made. */
export interface Choices {
  theme: string;
  density: string;
  announce: Wanted;
}

/** Calls of a panel. */
export interface PanelActions {
  rename(name: string): Promise<void>;
  chosen(choices: Choices): void;
  leave(): void;
  close(): void;
}

/** Reads the choices that are kept. */
export function choices(): Choices {
  const chosen = Object.entries(CHOICES).map(([name, [, values]]) => {
    const value = kept(name) ?? "";
    return [name, Object.hasOwn(values, value) ? value : Object.keys(values)[0]];
  });
  return Object.fromEntries(chosen);
}

/** The panel. */
export class Panel {
  readonly element: HTMLElement;
  readonly #people = h("ul", { class: "people", part: "people" });
  readonly #heading = h("h2", {}, "Here");
  readonly #name: HTMLInputElement;
  readonly #problem = h("p", { class: "problem", role: "alert" });

  /** Makes a panel that shows nobody. */
  constructor(name: string, { rename, chosen, leave, close }: PanelActions) {
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
      select.value = choices()[name as keyof Choices];
      return h("label", {}, h("span", {}, words), select);
    });
    this.element = h(
      "aside",
      {
        "class": "panel",
        "part": "panel",
        "aria-label": "Room",
        "hidden": true,
        "keydown": (event) => (event as KeyboardEvent).key === "Escape" && close(),
      },
      button("Close", close, { class: "close" }),
      this.#heading,
      this.#people,
      h("hr"),
      form,
      ...selects,
      button("Leave the room", leave),
    );
  }

  /** Shows who is in the room; `typing` are the ids of those who type. */
  show(room: ChatRoom, clientId: string, typing: ReadonlyMap<string, string>): void {
    if (this.element.hidden) return;
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

  /** Shows the name of this person. */
  set name(name: string) {
    this.#name.value = name;
  }
}

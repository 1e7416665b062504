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
import type { Moderation } from "./moderation.ts";
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
  search(): void;
  leave(): void;
}

/** The contents of the panel. */
export class Panel {
  readonly elements: HTMLElement[];
  readonly style = style;
  readonly #people = h("ul", { class: "people", part: "people" });
  readonly #heading = h("h2", { tabindex: "-1" }, "Here");
  /** The tools of those who moderate. */
  readonly #tools = h("div");
  readonly #name: HTMLInputElement;
  readonly #problem = h("p", { class: "problem", role: "alert" });

  /** Makes a panel that shows nobody. */
  constructor(name: string, { rename, chosen, search, leave }: PanelActions) {
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
    const searching = button("Search the messages…", search);
    this.elements = [
      this.#heading,
      this.#people,
      searching,
      this.#tools,
      h("hr"),
      form,
      ...selects,
      leaving,
    ];
  }

  /** Shows who is in the room; `typing` are the ids of those who type. */
  show(
    room: ChatRoom,
    clientId: string,
    typing: ReadonlyMap<string, string>,
    moderation?: Moderation,
  ): void {
    const { settings } = moderation ?? {};
    if (settings?.parentElement !== this.#tools) {
      this.#tools.replaceChildren(...settings ? [settings] : []);
    }
    const { members, presence } = room;
    this.#heading.textContent = presence
      ? `${count(members.size, "person", "people")} in the room`
      : "Too many to list";
    // Whoever is in the middle of something would lose it.
    if (this.#people.querySelector(".tools:not([hidden])") !== null) return;
    const { activeElement } = this.#people.getRootNode() as ShadowRoot;
    if (activeElement?.closest("dialog")) return;
    const isHere = this.#people.contains(activeElement);
    const listed = [...members.values()].slice(0, MOST_LISTED);
    this.#people.replaceChildren(...listed.map(({ clientId: id, name = "Somebody", away }) => {
      const note = typing.has(id) ? "typing" : away ? "away" : "";
      const own = id === clientId ? " (you)" : "";
      const said = note && h("span", {}, ` ${note}`);
      return h(
        "li",
        { class: away && "away" },
        nameOf(name),
        own,
        said,
        toolsOf(id, name, moderation),
      );
    }));
    if (isHere) {
      const label = activeElement?.ariaLabel;
      const buttons = [...this.#people.querySelectorAll("button")];
      (buttons.find(({ ariaLabel }) => ariaLabel === label) ?? this.#heading).focus();
    }
    const more = members.size - listed.length;
    if (more > 0) this.#people.append(h("li", {}, `and ${more.toLocaleString()} more`));
  }
}

/** A button that opens the tools for a person, where there are any. */
function toolsOf(id: string, name: string, moderation?: Moderation): HTMLElement | undefined {
  if (moderation === undefined || moderation.toolsFor(id, name).length === 0) return undefined;
  const tools = h("div", { class: "tools", hidden: true });
  const show = (isShown: boolean) => {
    tools.hidden = !isShown;
    more.setAttribute("aria-expanded", `${isShown}`);
  };
  const used = () => {
    show(false);
    more.focus();
  };
  const more = button("⋯", () => {
    tools.replaceChildren(...moderation.toolsFor(id, name, used));
    show(tools.hidden === true);
  }, { "class": "quiet", "aria-label": `Moderate ${name}`, "aria-expanded": "false" });
  return h("div", { class: "moderate" }, more, tools);
}

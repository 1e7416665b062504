// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Those who came and went between two messages, folded into one line.
 *
 * @module
 */

import type { PresenceChange } from "../client.ts";
import { h, nameOf } from "./dom.ts";
import { count } from "./words.ts";

/** The most people who are named on the line itself. */
const MOST_NAMED = 4;

/** The most people who are named at all. */
const MOST_LISTED = 100;

interface Change {
  name: string;
  /** The first and the last thing that happened. */
  first: string;
  last: string;
}

/** One line of who came and went. */
export class Fold {
  readonly element: HTMLLIElement = h("li", { class: "fold", part: "presence" });
  readonly #changes = new Map<string, Change>();

  /** Adds a change; says whether there is anything to show. */
  add({ type, from, name = "Somebody" }: PresenceChange): boolean {
    if (type !== "join" && type !== "leave" && type !== "rename") return this.#changes.size > 0;
    const known = this.#changes.get(from);
    if (known === undefined) this.#changes.set(from, { name, first: type, last: type });
    else if (type === "rename") known.name = name;
    else Object.assign(known, { name, last: type });
    this.#show();
    return true;
  }

  #show(): void {
    const groups = Map.groupBy(this.#changes.values(), wordOf);
    const parts: Node[] = [];
    const all = this.#changes.size <= MOST_NAMED;
    for (const [word, changes] of groups) {
      if (parts.length > 0) parts.push(document.createTextNode(" · "));
      const names = changes.map(({ name }) => name);
      if (all) parts.push(...phrase(names));
      else parts.push(document.createTextNode(count(names.length, "person", "people")));
      parts.push(document.createTextNode(` ${word}`));
    }
    if (all) {
      this.element.replaceChildren(...parts);
      return;
    }
    const names = [...this.#changes.values()].slice(0, MOST_LISTED).map(({ name }) => name);
    const open = this.element.querySelector("details")?.open ?? false;
    const details = h(
      "details",
      { open },
      h("summary", {}, ...parts),
      h("p", {}, ...phrase(names)),
    );
    this.element.replaceChildren(details);
  }
}

/** Says what became of somebody. */
function wordOf({ first, last }: Change): string {
  if (last === "rename") return "changed the name";
  if (last === "join") return first === "leave" ? "left and came back" : "came";
  return first === "join" ? "came and left" : "left";
}

/** Names as a phrase, each with its own direction. */
function phrase(names: string[]): Node[] {
  return names.flatMap((name, place) => {
    const before = place === 0 ? "" : place === names.length - 1 ? " and " : ", ";
    return [document.createTextNode(before), nameOf(name)];
  });
}

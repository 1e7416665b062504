// This module is pure: no sockets, no clock, no Deno.

/**
 * What people in a room are called in the terminal chat, so that nobody passes for another.
 *
 * @module
 */

import { visible } from "./visible.ts";

/** What somebody without a name is called. */
export const NAMELESS = "guest";

/** How many people are known at the most; those who were met first are forgotten first. */
const MAX_KNOWN = 2_000;

/** How much of an id stands behind a name at the least. */
const MIN_TAG = 4;

/** The people of one room. */
export class Names {
  readonly #people = new Map<string, { name: string | undefined; likeness: string }>();
  /** The ids of those who look alike. */
  readonly #alike = new Map<string, Set<string>>();

  /** Makes a room in which nobody is but this person, whom the terminal chat calls "You". */
  constructor() {
    this.know("", "You");
  }

  /** Remembers what somebody is called from now on. */
  know(id: string, name: string | undefined): void {
    this.forget(id);
    const likeness = likenessOf(name);
    this.#people.set(id, { name, likeness });
    const alike = this.#alike.get(likeness);
    if (alike === undefined) this.#alike.set(likeness, new Set([id]));
    else alike.add(id);
    if (this.#people.size <= MAX_KNOWN) return;
    const [, first] = this.#people.keys();
    this.forget(first!);
  }

  /** The name that somebody had last. */
  last(id: string): string | undefined {
    return this.#people.get(id)?.name;
  }

  /** Forgets somebody who has gone. */
  forget(id: string): void {
    const person = this.#people.get(id);
    if (person === undefined) return;
    this.#people.delete(id);
    const alike = this.#alike.get(person.likeness)!;
    alike.delete(id);
    if (alike.size === 0) this.#alike.delete(person.likeness);
  }

  /**
   * Says what to call somebody, in one harmless line. The end of the id, as in `Ana#x7k2`, stands
   * behind a name that looks like that of somebody else, or like more than a name.
   */
  of(id: string, name: string | undefined): string {
    const likeness = likenessOf(name);
    const others = [...this.#alike.get(likeness) ?? []].filter((other) => other !== id);
    const label = visible((name ?? NAMELESS).replace(/\s+/g, " ").trim());
    const clear = name !== undefined && likeness !== "" && !/[#:]/.test(likeness);
    if (clear && others.length === 0) return label;
    let length = MIN_TAG;
    while (length < id.length && others.some((other) => other.endsWith(id.slice(-length)))) {
      length++;
    }
    return `${label}#${visible(id.slice(-length))}`;
  }
}

/** What is left of a name for somebody who looks at it: compatible forms and cases are one (NFKC). */
function likenessOf(name: string = NAMELESS): string {
  return name.normalize("NFKC")
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu, "")
    .toUpperCase().toLowerCase().normalize("NFKC")
    .replace(/\s+/g, " ").trim();
}

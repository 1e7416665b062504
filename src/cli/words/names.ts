// This module is pure: no sockets, no clock, no Deno.

/**
 * Names of people in the terminal chat, shown so that nobody can pass for somebody else.
 *
 * @module
 */

import unhomoglyph from "unhomoglyph";
import { shownName } from "../../protocol/names.ts";

/** The name shown for somebody without one. */
export const NAMELESS = "guest";

/** The most people who are known; those met first are forgotten first. */
const MAX_KNOWN = 2_000;

/** The least characters of an id that follow a name. */
const MIN_TAG = 4;

/** Signs that look like more than a name: as after one, between two, or at the start of a line. */
const MORE = /[#♯:,()]|^[>+~.!-]/;

/** Marks that nobody sees: on an equal mark, or on the dot that a letter has anyway. */
const MARKS_UNSEEN = /(?<=(\p{M}))\1|(?<=\p{Soft_Dotted})\u0307/gu;

/** The people of one room. */
export class Names {
  readonly #people = new Map<string, { name: string | undefined; looks: string[] }>();
  /** The ids of people who look alike, by their looks. */
  readonly #alike = new Map<string, Set<string>>();

  /** Makes a room with only this person in it, called "You". */
  constructor() {
    this.know("", "You");
  }

  /** Remembers the name that somebody has from now on. */
  know(id: string, name: string | undefined): void {
    const person = this.#people.get(id);
    if (person !== undefined && person.name === name) {
      this.#people.delete(id);
      this.#people.set(id, person);
      return;
    }
    this.forget(id);
    const looks = looksOf(name);
    this.#people.set(id, { name, looks });
    for (const look of looks) {
      const alike = this.#alike.get(look);
      if (alike === undefined) this.#alike.set(look, new Set([id]));
      else alike.add(id);
    }
    if (this.#people.size <= MAX_KNOWN) return;
    const [, first] = this.#people.keys();
    this.forget(first!);
  }

  /** Remembers the members of the room, and nobody else. */
  meet(members: Iterable<{ clientId: string; name?: string }>): void {
    const here = new Map(
      [...members].slice(1 - MAX_KNOWN).map(({ clientId, name }) => [clientId, name]),
    );
    for (const [id, { name }] of this.#people) {
      if (here.has(id) && here.get(id) === name) here.delete(id);
      else if (id !== "") this.forget(id);
    }
    for (const [id, name] of here) this.know(id, name);
  }

  /** The name that somebody had last. */
  last(id: string): string | undefined {
    return this.#people.get(id)?.name;
  }

  /** Says whether somebody is known by this id. */
  knows(id: string): boolean {
    return this.#people.has(id);
  }

  /** Forgets somebody who has gone. */
  forget(id: string): void {
    const person = this.#people.get(id);
    if (person === undefined) return;
    this.#people.delete(id);
    for (const look of person.looks) {
      const alike = this.#alike.get(look)!;
      alike.delete(id);
      if (alike.size === 0) this.#alike.delete(look);
    }
  }

  /**
   * Returns the name to show for somebody, in one harmless line. The end of the id, as in
   * `Ana#x7k2`, follows a name that looks like that of somebody else, or like more than a name.
   */
  of(id: string, name: string | undefined): string {
    const looks = this.#looksOf(id, name);
    const others = looks.flatMap((look) => [...this.#alike.get(look) ?? []])
      .filter((other) => other !== id);
    const label = shownName(name ?? NAMELESS);
    const clear = name !== undefined && !looks.some((look) => look === "" || MORE.test(look));
    if (clear && others.length === 0) return label;
    let length = MIN_TAG;
    while (length < id.length && others.some((other) => other.endsWith(id.slice(-length)))) {
      length++;
    }
    return `${label}#${shownName(id.slice(-length))}`;
  }

  /** The looks of a name, remembered for the latest name of each person. */
  #looksOf(id: string, name: string | undefined): string[] {
    const person = this.#people.get(id);
    return person !== undefined && person.name === name ? person.looks : looksOf(name);
  }
}

/**
 * The looks of a name: its form for comparison by eye. Two names look alike where compatible forms
 * (NFKC) and letters that look alike (the skeleton of Unicode Technical Standard 39) make them
 * equal, as they are written or in lower case: `Ina` is like `lna` and like `ina`.
 */
function looksOf(name: string = NAMELESS): string[] {
  const seen = name.normalize("NFKC").replace(/[\p{Default_Ignorable_Code_Point}\p{C}]/gu, "");
  const looks = [seen, seen.toUpperCase().toLowerCase()].map(skeletonOf);
  return [...new Set(looks)];
}

function skeletonOf(text: string): string {
  const marked = text.normalize("NFD").replace(MARKS_UNSEEN, "");
  const skeleton = unhomoglyph(marked).normalize("NFKC");
  return skeleton.replace(/[\s\u2800]+/g, " ").trim();
}

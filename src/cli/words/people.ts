// This module is pure: no sockets, no clock, no Deno.

/**
 * The people that a command is about, found by what others see of them.
 *
 * @module
 */

/** Somebody that a command can be about. */
export interface KnownPerson {
  /** The client id, or the `sub` where one is proved. */
  to: string;
  /** The name as it is shown. */
  label: string;
}

/** Somebody that was found, and the text behind the name. */
export interface FoundPerson {
  to: string;
  rest: string;
}

/** A client id as people write it. */
const ID = /^#(\S+)(?:\s+(.*))?$/su;

/** The most names that are listed where one is not clear. */
const MOST_LISTED = 5;

/**
 * Finds the person that a text begins with: by name as it is shown, in any case, with or without the
 * `#…` that tells it from names that look alike, with or without `@`; or by `#` and its id.
 *
 * @throws {Error} where there is no such person, or more than one.
 */
export function findPerson(text: string, people: readonly KnownPerson[]): FoundPerson {
  const written = text.replace(/^@/, "");
  const id = ID.exec(written);
  if (id !== null) return { to: id[1]!, rest: id[2] ?? "" };
  // The longest name first: "Ana Maria" is not Ana.
  for (const nameOf of [whole, folded, withoutTag]) {
    const found = people
      .map(({ to, label }) => ({ to, label, rest: restBehind(nameOf(label), written, nameOf) }))
      .filter(({ rest }) => rest !== undefined)
      .toSorted((a, b) => a.rest!.length - b.rest!.length);
    const best = found.filter(({ rest }) => rest === found[0]!.rest);
    if (new Set(best.map(({ to }) => to)).size > 1) {
      const labels = best.slice(0, MOST_LISTED).map(({ label }) => label).join(" or ");
      throw new Error(`More than one is called that: ${labels}`);
    }
    if (best.length > 0) return { to: best[0]!.to, rest: best[0]!.rest!.trim() };
  }
  const [word = ""] = written.split(/[\s:,]/u, 1);
  const begun = word === ""
    ? []
    : people.filter(({ label }) => folded(label).startsWith(`${folded(word)} `));
  if (begun.length === 1) {
    return { to: begun[0]!.to, rest: written.slice(word.length).replace(/^[:,]/, "").trim() };
  }
  throw new Error(
    `There is nobody called ${JSON.stringify(word.slice(0, 40))}: /members lists them`,
  );
}

/** The text behind a name at the beginning of a line; undefined where the line begins otherwise. */
function restBehind(
  name: string,
  written: string,
  nameOf: (text: string) => string,
): string | undefined {
  if (name === "") return undefined;
  const beginning = written.slice(0, name.length);
  // A tag is a part of the line only where it is one of the name.
  const same = nameOf === withoutTag ? folded(beginning) === name : nameOf(beginning) === name;
  const rest = written.slice(name.length);
  return same && /^(?:$|[\s:,])/u.test(rest) ? rest.replace(/^[:,]/, "") : undefined;
}

function whole(label: string): string {
  return label;
}

function folded(label: string): string {
  return label.toLowerCase();
}

function withoutTag(label: string): string {
  return folded(label).replace(/#[^#\s]*$/, "");
}

/** The lengths of units of time, in milliseconds. */
const UNITS: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a time like `10m` at the beginning of a text: milliseconds, and the text behind it. */
export function readTime(text: string): { forMs?: number; rest: string } {
  const [, number, unit, rest = ""] = /^(\d{1,6})(s|m|min|h|d)(?:\s+(.*))?$/su.exec(text) ?? [];
  if (number === undefined || Number(number) === 0) return { rest: text };
  return { forMs: Number(number) * UNITS[unit!]!, rest };
}

// This module is pure: no sockets, no clock, no Deno.

/**
 * Completion of what is being typed: commands, names of people, and rooms.
 *
 * @module
 */

import { COMMAND_NAMES } from "../words/commands.ts";

/** The ways to go on with a text. */
export interface Completion {
  /** The index of the text that is replaced; it reaches to the cursor. */
  from: number;
  /** The texts to put there, the best first. */
  candidates: readonly string[];
}

/** The names that there are. */
export interface CompletionNames {
  /** People, as they are shown. */
  people: readonly string[];
  /** Rooms where this person is. */
  rooms: readonly string[];
}

/** Commands whose text begins with somebody's name. */
const ABOUT_PEOPLE = /^\/(?:kick|ban|unban|mute|unmute|op|deop)\s+/;

/** Commands whose text is a room. */
const ABOUT_ROOMS = /^\/room\s+/;

/** The most UTF-16 units of a name that is begun: longer ones are not looked for. */
const MOST_BEGUN = 128;

/** Finds ways to go on with the text before the cursor; undefined where there is none. */
export function complete(
  before: string,
  { people, rooms }: CompletionNames,
): Completion | undefined {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const isCommand = before === line && line.startsWith("/") && !line.startsWith("//");
  if (isCommand && !/\s/.test(line)) {
    return found(before, 0, COMMAND_NAMES.map((name) => `/${name}`), " ");
  }
  const [about] = isCommand ? ABOUT_PEOPLE.exec(line) ?? ABOUT_ROOMS.exec(line) ?? [] : [];
  if (about !== undefined) {
    const names = ABOUT_ROOMS.test(about) ? rooms : people;
    return found(before, about.length, names, " ");
  }
  return completedName(before, people);
}

/** Goes on with a name; it may have several words, so that each beginning of a word is tried. */
function completedName(before: string, people: readonly string[]): Completion | undefined {
  const start = Math.max(before.length - MOST_BEGUN, 0);
  for (const { index } of before.slice(start).matchAll(/(?<!\S)@?(?=[^\s@])/gu)) {
    const from = start + index;
    const at = before[from] === "@" ? from + 1 : from;
    const completion = found(before, at, people, from === 0 ? ": " : " ");
    if (completion !== undefined) return completion;
  }
}

function found(
  before: string,
  from: number,
  names: readonly string[],
  behind: string,
): Completion | undefined {
  const begun = before.slice(from).toLowerCase();
  const candidates = names.filter((name) => name.toLowerCase().startsWith(begun));
  if (candidates.length === 0) return undefined;
  return { from, candidates: candidates.map((name) => name + behind) };
}

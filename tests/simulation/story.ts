/**
 * Stories: what happens in a simulated world, as lines that people can read and write.
 *
 * ```
 * seed 7
 * nodes 1
 * store memory
 * option logEntries 20
 * person Ana
 * person Ben
 * 100 Ana connect
 * 200 Ana create A
 * 300 Ben connect
 * 400 Ben join A 10
 * 500 Ben say A 3 20
 * 510 net cut Ben both
 * ```
 *
 * A line begins with the time in milliseconds, and says who does what. Lines that begin with `#` are
 * for readers.
 *
 * @module
 */

import { RANGES } from "../../src/core/state/options.ts";
import type { ChatLimits } from "../../src/core/state/options.ts";

/** The stores that a world can have. */
export const STORES = ["memory", "sqlite", "jetstream"] as const;

/** Those who take part: clients as they are published, the clients of the Python server, and others. */
export const KINDS = ["person", "plain", "stranger"] as const;

/** One thing that happens. */
export interface Step {
  /** The time since the beginning, in milliseconds. */
  readonly at: number;
  /** Somebody by name, `net`, `nats`, or a node like `n1`. */
  readonly who: string;
  readonly verb: string;
  readonly args: readonly string[];
}

/** A world and what happens in it. */
export interface Story {
  readonly seed: number;
  readonly nodes: number;
  readonly store: typeof STORES[number];
  readonly options: ChatLimits;
  /** The kinds of those who take part, by name. */
  readonly cast: ReadonlyMap<string, typeof KINDS[number]>;
  readonly steps: readonly Step[];
}

/** Those who can do each verb: people of some kinds, the network, or nodes; and how many words follow. */
export const VERBS: Record<string, { by: readonly string[]; words: readonly [number, number] }> = {
  connect: { by: KINDS, words: [0, 0] },
  create: { by: KINDS, words: [1, 1] },
  join: { by: KINDS, words: [1, 2] },
  leave: { by: KINDS, words: [0, 1] },
  say: { by: KINDS, words: [2, 3] },
  answer: { by: ["person"], words: [2, 2] },
  edit: { by: ["person"], words: [2, 2] },
  redact: { by: ["person"], words: [2, 2] },
  react: { by: ["person"], words: [3, 3] },
  unreact: { by: ["person"], words: [3, 3] },
  read: { by: ["person"], words: [2, 2] },
  role: { by: ["person"], words: [3, 3] },
  kick: { by: ["person"], words: [2, 2] },
  link: { by: ["person"], words: [3, 3] },
  admit: { by: ["person"], words: [2, 2] },
  enter: { by: ["person"], words: [1, 1] },
  drop: { by: ["plain", "stranger"], words: [0, 0] },
  nonsense: { by: ["stranger"], words: [1, 1] },
  history: { by: ["person"], words: [3, 3] },
  rename: { by: ["person"], words: [1, 1] },
  typing: { by: ["person"], words: [1, 1] },
  nudge: { by: ["person"], words: [0, 0] },
  close: { by: ["person"], words: [0, 0] },
  reload: { by: ["person"], words: [1, 1] },
  crash: { by: ["person"], words: [0, 0] },
  vanish: { by: ["person"], words: [0, 0] },
  return: { by: ["person"], words: [1, 1] },
  hide: { by: ["person"], words: [0, 0] },
  show: { by: ["person"], words: [0, 0] },
  freeze: { by: ["person"], words: [1, 1] },
  hang: { by: ["person", "node"], words: [1, 1] },
  skew: { by: ["person", "node"], words: [1, 1] },
  cut: { by: ["net"], words: [2, 2] },
  stall: { by: ["net"], words: [3, 3] },
  deaf: { by: ["net"], words: [2, 2] },
  start: { by: ["node"], words: [0, 0] },
  stop: { by: ["node"], words: [0, 0] },
  kill: { by: ["node"], words: [0, 0] },
  tear: { by: ["node"], words: [0, 0] },
  fill: { by: ["node"], words: [1, 1] },
  sever: { by: ["node"], words: [1, 1] },
  snap: { by: ["node"], words: [0, 0] },
  miss: { by: ["node"], words: [1, 1] },
  unlead: { by: ["nats"], words: [1, 1] },
  restart: { by: ["nats"], words: [0, 0] },
  wipe: { by: ["nats"], words: [0, 0] },
  delete: { by: ["node"], words: [1, 1] },
};

/** The longest that a story can take, in milliseconds: a day. */
const LONGEST_MS = 86_400_000;

/** Writes a story down. */
export function textOf({ seed, nodes, store, options, cast, steps }: Story): string {
  return [
    `seed ${seed}`,
    `nodes ${nodes}`,
    `store ${store}`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`),
    ...[...cast].map(([name, kind]) => `${kind} ${name}`),
    ...steps.map(lineOf),
    "",
  ].join("\n");
}

/** Writes one step down. */
export function lineOf({ at, who, verb, args }: Step): string {
  return [at, who, verb, ...args].join(" ");
}

/**
 * Reads a story.
 *
 * @throws {RangeError} with one line that says which line cannot be, and why.
 */
export function parseStory(text: string): Story {
  let seed = 0;
  let nodes = 1;
  let store = "memory" as Story["store"];
  const options: Record<string, number> = {};
  const cast = new Map<string, typeof KINDS[number]>();
  const steps: Step[] = [];
  text.split("\n").forEach((line, index) => {
    const words = line.trim().split(/\s+/);
    const [first = "", ...rest] = words;
    if (first === "" || first.startsWith("#")) return;
    const wrong = (why: string) =>
      new RangeError(`Line ${index + 1}: ${why}: ${line.trim().slice(0, 80)}`);
    const [second = "", third] = rest;
    if (first === "seed") seed = whole(second, 0, 2 ** 32 - 1, wrong);
    else if (first === "nodes") nodes = whole(second, 1, 5, wrong);
    else if (first === "store") {
      if (!isOneOf(STORES, second)) throw wrong(`a store is one of ${STORES.join(", ")}`);
      store = second;
    } else if (first === "option") {
      if (!Object.hasOwn(RANGES, second)) throw wrong("there is no such option");
      const [least, most] = RANGES[second as keyof typeof RANGES];
      options[second] = whole(third ?? "", least, most, wrong);
    } else if (isOneOf(KINDS, first)) {
      if (!/^[A-Z][a-z]*$/.test(second)) throw wrong("a name is a word like Ana");
      cast.set(second, first);
    } else steps.push(stepOf(words, cast, nodes, wrong));
  });
  if (nodes > 1 && store !== "jetstream") {
    throw new RangeError(`${nodes} nodes cannot share a store that is ${store}`);
  }
  return { seed, nodes, store, options, cast, steps: steps.toSorted((a, b) => a.at - b.at) };
}

function stepOf(
  [time = "", who = "", verb = "", ...args]: string[],
  cast: Story["cast"],
  nodes: number,
  wrong: (why: string) => RangeError,
): Step {
  const at = whole(time, 0, LONGEST_MS, wrong);
  const isNode = /^n[1-5]$/.test(who) && Number(who.slice(1)) <= nodes;
  const kind = who === "net" || who === "nats" ? who : isNode ? "node" : cast.get(who);
  if (kind === undefined) throw wrong(`nobody is called ${who}`);
  const rule = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (rule === undefined || !rule.by.includes(kind)) throw wrong(`a ${kind} cannot ${verb}`);
  const [least, most] = rule.words;
  if (args.length < least || args.length > most) throw wrong(`${verb} has other words behind it`);
  return { at, who, verb, args };
}

function whole(
  text: string,
  least: number,
  most: number,
  wrong: (why: string) => RangeError,
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw wrong(`a number from ${least} to ${most} is missing`);
}

function isOneOf<Word extends string>(words: readonly Word[], word: string): word is Word {
  return (words as readonly string[]).includes(word);
}

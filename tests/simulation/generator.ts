/**
 * Makes stories from seeds. Each seed leaves out some kinds of things that can happen, and has more of
 * others: what hides a fault is as often something that happens too much as too little.
 *
 * @module
 */

import { chance } from "../chaos/setting.ts";
import { type KINDS, type Step, type Story, VERBS } from "./story.ts";
import { NONSENSE } from "./strangers.ts";

/** The size of a story. */
export interface StorySize {
  readonly steps: number;
  readonly nodes: number;
  readonly store: Story["store"];
}

/** Names of those who take part. */
const NAMES: Record<typeof KINDS[number], string[]> = {
  person: ["Ana", "Ben", "Cleo", "Dan", "Eve", "Finn"],
  plain: ["Pia", "Pit"],
  stranger: ["Max"],
};

const LETTERS = ["A", "B", "C"];

/** The weight of each thing that happens, where a story does not leave it out. */
const WEIGHTS: Record<string, number> = {
  "person say": 40,
  "person answer": 4,
  "person edit": 8,
  "person redact": 3,
  "person react": 10,
  "person unreact": 5,
  "person read": 4,
  "person role": 3,
  "person kick": 1,
  "person link": 4,
  "person admit": 3,
  "person enter": 8,
  "person join": 8,
  "person leave": 3,
  "person create": 2,
  "person connect": 2,
  "person history": 8,
  "person rename": 2,
  "person typing": 2,
  "person nudge": 2,
  "person close": 1,
  "person reload": 4,
  "person crash": 3,
  "person vanish": 2,
  "person return": 5,
  "person hide": 2,
  "person show": 3,
  "person freeze": 2,
  "person hang": 3,
  "person skew": 1,
  "plain connect": 4,
  "plain create": 1,
  "plain join": 4,
  "plain leave": 1,
  "plain say": 8,
  "plain drop": 1,
  "stranger connect": 2,
  "stranger create": 1,
  "stranger join": 2,
  "stranger leave": 1,
  "stranger say": 3,
  "stranger drop": 1,
  "stranger nonsense": 5,
  "net cut": 12,
  "net stall": 8,
  "net deaf": 6,
  "node hang": 3,
  "node skew": 1,
  "node delete": 1,
  "node kill": 1,
  "node tear": 1,
  "node fill": 1,
  "node sever": 3,
  "node snap": 2,
  "node miss": 3,
  "nats unlead": 2,
  "nats restart": 0.5,
  "nats wipe": 0.3,
  "node stop": 1,
  "node start": 4,
};

/** Things that happen to one store only. */
const ONLY_WITH: Record<string, StorySize["store"]> = {
  "node tear": "sqlite",
  "node fill": "sqlite",
  "node sever": "jetstream",
  "node snap": "jetstream",
  "node miss": "jetstream",
  "nats unlead": "jetstream",
  "nats restart": "jetstream",
  "nats wipe": "jetstream",
};

/** Choices of a story, made with its seed. */
class Choices {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = chance(seed);
  }

  below(bound: number): number {
    return Math.floor(bound * this.#random());
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** One of several, each as often as it weighs. */
  weighed<T>(list: readonly (readonly [T, number])[]): T {
    let left = this.#random() * list.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of list) if ((left -= weight) < 0) return item;
    return list.at(-1)![0];
  }
}

/** Makes the story of a seed; `focus` names a thing that happens ten times as often as elsewhere. */
export function makeStory(
  seed: number,
  { steps: count, nodes, store }: StorySize,
  focus?: string,
): Story {
  const choices = new Choices(seed);
  const cast = new Map<string, typeof KINDS[number]>();
  for (const name of NAMES.person.slice(0, 2 + choices.below(5))) cast.set(name, "person");
  for (const name of NAMES.plain.slice(0, choices.below(3))) cast.set(name, "plain");
  if (choices.chance(0.4)) cast.set("Max", "stranger");
  const options = {
    logEntries: choices.one([5, 20, 100, 1_000]),
    logBytes: choices.one([2_000, 4_194_304, 4_194_304]),
    rate: choices.one([0, 20, 50, 200]),
    graceMs: choices.one([3_000, 30_000]),
    heartbeatMs: choices.one([5_000, 25_000]),
    highWaterBytes: choices.one([2_048, 131_072]),
    presenceLimit: choices.one([2, 500, 500]),
    maxAway: choices.one([1, 10_000, 10_000]),
  };
  const kinds: (readonly [string, number])[] = Object.entries(WEIGHTS)
    .map(([kind, weight]) => {
      const scale = kind === focus ? 10 : choices.one([0, 0.3, 1, 1, 3]);
      const stays = /connect|join|start|say/.test(kind) ? Math.max(scale, 0.3) : scale;
      return [kind, weight * stays] as const;
    })
    .filter(([kind]) =>
      [...cast.values(), "net", "nats", "node"].some((who) => kind.startsWith(`${who} `)) &&
      (ONLY_WITH[kind] ?? store) === store
    );
  const steps = beginning(choices, cast);
  let at = 3_000;
  while (steps.length < count) {
    at += choices.weighed([[choices.below(60), 60], [choices.below(2_000), 30], [
      choices.below(40_000),
      10,
    ]]);
    const [kind = "", verb = ""] = choices.weighed(kinds).split(" ");
    const who = kind === "net" || kind === "nats"
      ? kind
      : kind === "node"
      ? `n${1 + choices.below(nodes)}`
      : choices.one([...cast].filter((member) => member[1] === kind))[0];
    steps.push({ at, who, verb, args: wordsOf(kind, verb, choices, cast) });
  }
  return { seed, nodes, store, options, cast, steps };
}

/** Everybody connects, and most meet in a room. */
function beginning(choices: Choices, cast: Story["cast"]): Step[] {
  const steps: Step[] = [];
  for (const who of cast.keys()) {
    steps.push({ at: choices.below(500), who, verb: "connect", args: [] });
    steps.push({ at: 2_000 + choices.below(500), who, verb: "join", args: ["A"] });
  }
  steps.push({ at: 1_000, who: "Ana", verb: "create", args: ["A"] });
  steps.push({ at: 1_500, who: "Ben", verb: "create", args: ["B"] });
  return steps.toSorted((a, b) => a.at - b.at);
}

function wordsOf(kind: string, verb: string, choices: Choices, cast: Story["cast"]): string[] {
  const letter = () => choices.weighed([["A", 6], ["B", 3], ["C", 1]]);
  const ms = (most: number) => `${1 + choices.below(choices.one([most / 30, most / 5, most]))}`;
  switch (verb) {
    case "create":
      return [choices.one(LETTERS)];
    case "join":
      return choices.chance(0.5) ? [letter()] : [letter(), `${choices.one([1, 10, 1_000])}`];
    case "leave":
      return kind === "plain" ? [] : [letter()];
    case "say":
      return [
        letter(),
        `${choices.one([1, 1, 1, 2, 5, 30])}`,
        `${choices.one([0, 0, 20, 300, 3_000, 30_000])}`,
      ];
    case "answer":
    case "edit":
    case "redact":
      return [letter(), `${choices.one([0, 0, 1, 5])}`];
    case "enter":
      return [letter()];
    case "link":
      return [letter(), choices.one(["member", "reader"]), `${choices.one([1, 1, 2, 1_000])}`];
    case "admit":
      return [letter(), choices.one(["open", "link", "link"])];
    case "read":
    case "kick":
      return [letter(), `${choices.below(4)}`];
    case "role": {
      const roles = ["reader", "reader", "member", "member", "member", "none", "moderator"];
      return [letter(), `${choices.below(4)}`, choices.one(roles)];
    }
    case "react":
    case "unreact":
      return [letter(), `${choices.one([0, 0, 0, 1])}`, choices.one(["+1", "+1", "hm"])];
    case "typing":
    case "delete":
      return [letter()];
    case "history":
      return [
        letter(),
        choices.one(["newest", "before", "after", "around"]),
        `${choices.one([1, 3, 50, 256])}`,
      ];
    case "rename":
      return [choices.one(["Alias", "Nobody", "Ana"])];
    case "nonsense":
      return [choices.one(NONSENSE)];
    case "reload":
    case "return":
      return [ms(20_000)];
    case "freeze":
      return [ms(90_000)];
    case "sever":
    case "miss":
    case "unlead":
    case "fill":
      return [ms(20_000)];
    case "hang":
      return [ms(kind === "node" ? 20_000 : 90_000)];
    case "skew":
      return [ms(600_000)];
    case "cut":
      return [choices.one([...cast.keys()]), choices.one(["both", "both", "client", "server"])];
    case "stall":
      return [
        choices.one([...cast.keys()]),
        ms(90_000),
        choices.one(["up", "down", "both", "both"]),
      ];
    case "deaf":
      return [choices.one([...cast.keys()]), ms(30_000)];
    default:
      if (VERBS[verb] === undefined) throw new RangeError(`No words for ${verb}`);
      return [];
  }
}

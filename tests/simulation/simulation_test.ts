import { assert, assertEquals, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import "../support/ignore_unpermitted.ts";
import { PERMITTED } from "../support/permissions.ts";
import { makeStory } from "./generator.ts";
import { shrink } from "./shrink.ts";
import { parseStory, type Story, textOf } from "./story.ts";
import { simulate } from "./world.ts";

/** Worlds of the test of every day: each store has some. */
const WORLDS = [
  { from: 1, count: 30, size: { steps: 100, nodes: 1, store: "memory" } },
  { from: 1, count: 15, size: { steps: 80, nodes: 1, store: "sqlite" } },
  { from: 1, count: 6, size: { steps: 60, nodes: 1, store: "jetstream" } },
  { from: 1, count: 6, size: { steps: 60, nodes: 3, store: "jetstream" } },
  { from: 1, count: 3, size: { steps: 60, nodes: 5, store: "jetstream" } },
] as const;

const STORIES = new URL("stories/", import.meta.url);

/** The fault of a story, with the story; undefined where it has none. */
async function faultOf(story: Story): Promise<string | undefined> {
  const { fault } = await simulate(story);
  return fault && `${fault.oracle}: ${fault.what}\n${textOf(story)}`;
}

for (const { from, count, size } of WORLDS) {
  const { nodes, store } = size;
  Deno.test(`${count} random stories over ${store} with ${nodes} nodes show no fault`, async () => {
    for (let seed = from; seed < from + count; seed++) {
      assertEquals(await faultOf(makeStory(seed, size)), undefined);
    }
  });
}

const NAMES = PERMITTED ? [...Deno.readDirSync(STORIES)].map(({ name }) => name).toSorted() : [];
for (const name of NAMES) {
  Deno.test(`the story ${name} shows no fault`, async () => {
    const story = parseStory(await Deno.readTextFile(new URL(name, STORIES)));
    assertEquals(await faultOf(story), undefined);
  });
}

Deno.test("the same seed is the same run, byte for byte, in another process too", async () => {
  const size = { steps: 60, nodes: 1, store: "memory" } as const;
  const [first, again, other] = [
    await simulate(makeStory(7, size), { trace: true }),
    await simulate(makeStory(7, size), { trace: true }),
    await simulate(makeStory(8, size), { trace: true }),
  ];
  assert(first.trace.length > 50);
  assertEquals(again.trace, first.trace);
  assertEquals([again.hash, again.events], [first.hash, first.events]);
  assert(other.hash !== first.hash);
  const { code, stdout } = await simulateTool("--seed", "7", "--steps", "60", "--trace");
  assertEquals([code, stdout.split("\n").slice(0, first.trace.length)], [0, first.trace]);
});

Deno.test("a story is the same when it was written down and read", () => {
  for (let seed = 0; seed < 50; seed++) {
    const story = makeStory(seed, { steps: 100, nodes: 1, store: "memory" });
    assertEquals(parseStory(textOf(story)), story);
  }
});

Deno.test("what cannot be in a story is named in one line", () => {
  const wrong: [line: string, why: string][] = [
    ["seed x", "Line 2: a number from 0 to 4294967295 is missing: seed x"],
    ["store floppy", "Line 2: a store is one of memory, sqlite, jetstream: store floppy"],
    ["option speed 9", "Line 2: there is no such option: option speed 9"],
    ["option rate -1", "Line 2: a number from 0 to 1000000000 is missing: option rate -1"],
    ["person 7", "Line 2: a name is a word like Ana: person 7"],
    ["5 Zoe connect", "Line 2: nobody is called Zoe: 5 Zoe connect"],
    ["5 Ana fly", "Line 2: a person cannot fly: 5 Ana fly"],
    ["5 Ana constructor", "Line 2: a person cannot constructor: 5 Ana constructor"],
    ["5 n2 kill", "Line 2: nobody is called n2: 5 n2 kill"],
    ["5 Ana say A", "Line 2: say has other words behind it: 5 Ana say A"],
    ["soon Ana connect", "Line 2: a number from 0 to 86400000 is missing: soon Ana connect"],
  ];
  for (const [line, why] of wrong) {
    assertThrows(() => parseStory(`person Ana\n${line}`), RangeError, why);
  }
  const two = assertThrows(() => parseStory("nodes 2"), RangeError);
  assertEquals(two.message, "2 nodes cannot share a store that is memory");
});

Deno.test("a story is shrunk to the steps, people and settings that a fault needs", async () => {
  const story = makeStory(3, { steps: 120, nodes: 1, store: "memory" });
  const fault = { oracle: "o", at: Infinity, what: "" };
  // Ana has to create A, and somebody to say something there later.
  const run = ({ steps }: Story) => {
    const made = steps.findIndex(({ who, verb }) => who === "Ana" && verb === "create");
    const isSaid = steps.some(({ verb }, i) => verb === "say" && i > made);
    return Promise.resolve({ fault: made >= 0 && isSaid ? fault : undefined });
  };
  const short = await shrink(story, fault, run);
  assertEquals(short.story.steps.map(({ verb }) => verb), ["create", "say"]);
  assertEquals(short.story.steps[1]?.args.slice(1), ["1", "0"]);
  assertEquals(short.story.options, {});
  assert(short.story.cast.size <= 2, [...short.story.cast.keys()].join());
});

Deno.test("a seed, a number or a file that makes no sense is one line, and exit code 2", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/bad.txt`, "person Ana\n5 Ana fly\n");
  const wrong: [args: string[], line: string][] = [
    [["--seed", "x"], '--seed must be a whole number from 0 to 4294967295, not "x"'],
    [["--steps", "0"], '--steps must be a whole number from 10 to 1000000, not "0"'],
    [["--nodes", "9"], '--nodes must be a whole number from 1 to 5, not "9"'],
    [["--store", "x"], "--store must be one of memory, sqlite, jetstream"],
    [["--speed", "2"], "There is no --speed: see --help"],
    [["--story", `${folder}/bad.txt`], `${folder}/bad.txt: Line 2: a person cannot fly: 5 Ana fly`],
    [["--nodes", "2"], "2 nodes cannot share a store that is memory"],
  ];
  const answers = await Promise.all(wrong.map(([args]) => simulateTool(...args)));
  await Deno.remove(folder, { recursive: true });
  assertEquals(
    answers.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
    wrong.map(([, line]) => [2, "", `${line}\n`]),
  );
});

/** Runs the program. */
async function simulateTool(...args: string[]) {
  const path = fileURLToPath(new URL("../../tools/simulate.ts", import.meta.url));
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", path, ...args],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

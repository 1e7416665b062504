import { assertEquals } from "@std/assert";
import { makeStory, type StorySize } from "../simulation/generator.ts";
import { hunt, MUTANTS } from "../simulation/mutants.ts";
import { textOf } from "../simulation/story.ts";
import { simulate } from "../simulation/world.ts";
import { FULL, report, SEED, setting } from "./setting.ts";

/** The worlds, and how many of a thousand stories happen in each. */
const WORLDS: [StorySize, stories: number][] = [
  [{ steps: 150, nodes: 1, store: "memory" }, 400],
  [{ steps: 150, nodes: 1, store: "sqlite" }, 300],
  [{ steps: 120, nodes: 1, store: "jetstream" }, 100],
  [{ steps: 120, nodes: 3, store: "jetstream" }, 150],
  [{ steps: 120, nodes: 5, store: "jetstream" }, 50],
];

for (const [size, most] of WORLDS) {
  const { store, nodes } = size;
  const where = `${store}${nodes > 1 ? `, ${nodes} nodes` : ""}`;
  Deno.test(`R20 random stories over ${where} show no fault`, async () => {
    const count = setting(1, most);
    const faults: string[] = [];
    let simulatedMs = 0;
    const begin = performance.now();
    for (let seed = SEED; seed < SEED + count; seed++) {
      const story = makeStory(seed, size);
      const outcome = await simulate(story);
      simulatedMs += outcome.simulatedMs;
      const { fault } = outcome;
      if (fault !== undefined) faults.push(`${textOf(story)}# ${fault.oracle}: ${fault.what}`);
    }
    const seconds = (performance.now() - begin) / 1_000;
    report("R20", `stories over ${where}`, {
      stories: count,
      "simulated h": (simulatedMs / 3_600_000).toFixed(1),
      "simulated s in a second": Math.round(simulatedMs / 1_000 / seconds),
      faults: faults.length,
    });
    assertEquals(faults, []);
  });
}

Deno.test("R20 known faults that are put back are found", async () => {
  // The others take minutes.
  const mutants = FULL ? MUTANTS : MUTANTS.filter(({ name }) => name.startsWith("a cursor"));
  const missed: string[] = [];
  let hours = 0;
  for (const mutant of mutants) {
    const found = await hunt(mutant, SEED, 150);
    hours += found.hours;
    if (found.seed === undefined) missed.push(`${mutant.name}: ${found.line}`);
  }
  report("R20", "known faults, put back one by one, each looked for in up to 150 stories", {
    "put back": mutants.length,
    found: mutants.length - missed.length,
    "simulated h": hours.toFixed(1),
  }, missed);
});

/**
 * Makes a story that shows a fault as short as it can be, so that a person can read it: fewer steps,
 * fewer people, fewer settings, smaller numbers.
 *
 * @module
 */

import type { Step, Story } from "./story.ts";
import { type Fault, simulate } from "./world.ts";

/** The most worlds that are tried. */
const MOST_TRIES = 400;

/** A shorter story, and the fault that it shows. */
export interface Shrunk {
  readonly story: Story;
  readonly fault: Fault;
  /** The number of worlds that were tried. */
  readonly tries: number;
}

/** Shrinks a story that shows a fault, as long as the same oracle sees one. */
export async function shrink(
  story: Story,
  fault: Fault,
  run: (story: Story) => Promise<{ fault: Fault | undefined }> = simulate,
): Promise<Shrunk> {
  let best = { story, fault };
  let tries = 0;
  /** Goes on with a story if it shows the fault too. */
  async function attempt(change: Partial<Story>): Promise<boolean> {
    if (tries >= MOST_TRIES) return false;
    tries++;
    const candidate = { ...best.story, ...change };
    const { fault: seen } = await run(candidate);
    if (seen?.oracle !== fault.oracle) return false;
    best = { story: candidate, fault: seen };
    return true;
  }

  await attempt({ steps: story.steps.filter(({ at }) => at <= fault.at) });
  await shrinkSteps();
  for (const name of [...best.story.cast.keys()]) {
    const cast = new Map(best.story.cast);
    cast.delete(name);
    const steps = best.story.steps.filter(({ who, args }) => who !== name && args[0] !== name);
    await attempt({ cast, steps });
  }
  for (const name of Object.keys(best.story.options)) {
    const { [name as keyof Story["options"]]: _, ...options } = best.story.options;
    await attempt({ options });
  }
  await shrinkSteps();
  await shrinkNumbers();
  return { ...best, tries };

  /** Leaves steps out: first many at once, then one by one (Zeller's delta debugging). */
  async function shrinkSteps(): Promise<void> {
    let size = Math.ceil(best.story.steps.length / 2);
    while (size >= 1) {
      let isShorter = false;
      for (let from = 0; from < best.story.steps.length;) {
        const steps = best.story.steps.toSpliced(from, size);
        if (await attempt({ steps })) isShorter = true;
        else from += size;
      }
      if (size === 1 && !isShorter) return;
      size = size === 1 ? 1 : Math.ceil(size / 2);
      if (tries >= MOST_TRIES) return;
    }
  }

  async function shrinkNumbers(): Promise<void> {
    for (let i = 0; i < best.story.steps.length; i++) {
      for (const smaller of smallerThan(best.story.steps[i]!)) {
        if (await attempt({ steps: best.story.steps.with(i, smaller) })) break;
      }
    }
  }
}

/** Steps like one, but with a smaller number in it, the smallest first. */
function smallerThan(step: Step): Step[] {
  const { verb, args } = step;
  if (verb !== "say") return [];
  const [letter = "", count = "1", size = "0"] = args;
  return [[1, 0], [Number(count), 0], [1, Number(size)]]
    .filter(([a, b]) => a !== Number(count) || b !== Number(size))
    .map(([a, b]) => ({ ...step, args: [letter, `${a}`, `${b}`] }));
}

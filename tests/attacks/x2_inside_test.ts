/**
 * The same attacks while the two who talk are members of the attacked room.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/protocol/errors.ts";
import { FULL, report } from "../chaos/setting.ts";
import { attack, SETTING } from "./arena.ts";
import { CROWDING } from "./crowding.ts";
import { COMPILER } from "./generators.ts";
import { HOARDING } from "./hoarding.ts";
import { SPREADING } from "./spreading.ts";

/** The least that must arrive of the hundred messages that the two say each second. */
const LEAST_PER_SECOND = 5;

const INTO_A_ROOM = [...SPREADING, ...CROWDING, ...HOARDING].filter(({ members, before }) =>
  members ?? before
);

for (const what of INTO_A_ROOM) {
  Deno.test(`X2 a room goes on under ${what.name}`, {
    ignore: COMPILER === undefined || !FULL && what.daily === undefined,
  }, async () => {
    const figures: Record<string, string> = {};
    const missed: string[] = [];
    for (const attackers of FULL ? [1, 10] : [1]) {
      const title = `×${attackers}`;
      const trial = { attackers, store: "memory", ...SETTING, inside: true } as const;
      const outcome = await attack(what, trial).catch(reasonOf);
      if (typeof outcome === "string") {
        // The two were thrown out, or the server is gone.
        figures[title] = outcome;
        missed.push(`the two under ${what.name} ${title}`);
        continue;
      }
      const { perSecond, p99, lost, disordered, refused } = outcome.attacked;
      figures[title] = `${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(0)} ms, refused ${refused}, ` +
        `lost ${lost}, out of order ${disordered}`;
      const short = [
        ...(perSecond < LEAST_PER_SECOND ? [`${LEAST_PER_SECOND} messages a second`] : []),
        ...(lost > 0 ? ["nothing lost"] : []),
        ...(disordered > 0 ? ["in order"] : []),
      ];
      missed.push(...short.map((figure) => `${figure} under ${what.name} ${title}`));
    }
    report("X2", what.name, figures, missed);
    if (!FULL) assertEquals(missed, []);
  });
}

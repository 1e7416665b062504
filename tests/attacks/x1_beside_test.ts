/**
 * Attacks within the documented limits, at the defaults, beside two people who talk in a room of
 * their own. To try one: `CHAOS=full deno test -A tests/attacks/x1_beside_test.ts --filter typing`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/protocol/errors.ts";
import { FULL, report } from "../chaos/setting.ts";
import { attack, figuresOf, missedBy, SETTING, type Trial } from "./arena.ts";
import { CROWDING } from "./crowding.ts";
import { FLOODING } from "./flooding.ts";
import { COMPILER } from "./generators.ts";
import { HOARDING } from "./hoarding.ts";
import { SPREADING } from "./spreading.ts";

const TRIALS: Pick<Trial, "attackers" | "store">[] = FULL
  ? ([1, 10] as const).flatMap((attackers) =>
    (["memory", "sqlite"] as const).map((store) => ({ attackers, store }))
  )
  : [{ attackers: 1, store: "memory" }];

for (const what of [...SPREADING, ...CROWDING, ...HOARDING, ...FLOODING]) {
  Deno.test(`X1 nobody suffers from ${what.name}`, {
    ignore: COMPILER === undefined || !FULL && what.daily === undefined,
  }, async () => {
    const figures: Record<string, string> = {};
    const missed: string[] = [];
    for (const trial of TRIALS) {
      const title = `×${trial.attackers}, ${trial.store}`;
      const outcome = await attack(what, { ...trial, ...SETTING }).catch(reasonOf);
      // The two were thrown out, or the server is gone.
      const broken = typeof outcome === "string";
      figures[title] = broken ? outcome : figuresOf(outcome);
      const short = broken ? ["the two"] : missedBy(outcome);
      missed.push(...short.map((figure) => `${figure} of ${what.name} ${title}`));
    }
    report("X1", what.name, figures, missed);
    if (!FULL) assertEquals(missed, []);
  });
}

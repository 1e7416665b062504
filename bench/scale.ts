/**
 * `deno task bench:scale`: what a delivery costs as a room gets more members, and a server
 * more rooms.
 *
 * @module
 */

import { denoAlone, parleyWith } from "./peer_list.ts";
import { runComparison } from "./run_comparison.ts";
import { scaleCards } from "./scale_text.ts";
import { SCALE_SHAPES } from "./shapes.ts";

const NOTES = [
  "Deno alone: the runtime's sockets, read and written as Parley does, and nothing else. What its line " +
  "rises by is what the runtime and the kernel take for sockets that are in no cache.",
];

if (import.meta.main) {
  Deno.exit(
    await runComparison({
      title: "Parley as it grows",
      usage: "deno task bench:scale [flags]",
      csv: "scale.csv",
      rounds: 3,
      seconds: 5,
      warmup: 5,
      shapes: SCALE_SHAPES,
      notes: NOTES,
      cards: scaleCards,
      contenders: (store) => [
        parleyWith(store),
        denoAlone(),
      ],
      switches: {},
    }, Deno.args),
  );
}

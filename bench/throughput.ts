/**
 * `deno task bench:throughput`: how much Parley delivers when there is always more to
 * deliver, and what that costs.
 *
 * @module
 */

import { parleyWith } from "./peer_list.ts";
import { runComparison } from "./run_comparison.ts";

if (import.meta.main) {
  Deno.exit(
    await runComparison({
      title: "Parley throughput",
      usage: "deno task bench:throughput [flags]",
      csv: "throughput.csv",
      rounds: 1,
      notes: [],
      contenders: (store) => [parleyWith(store)],
      switches: {},
    }, Deno.args),
  );
}

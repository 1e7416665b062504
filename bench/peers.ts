// deno-lint-ignore-file no-console -- a program that talks to its user
/**
 * `deno task bench:peers`: Parley and the same small protocol on other stacks, in one run.
 *
 * @module
 */

import { denoAlone, installPeers, parleyWith, PEERS } from "./peer_list.ts";
import { runComparison } from "./run_comparison.ts";

const NOTES = [
  "All: entries have the same fields and lengths: seq, at, from, n, body. Nobody compresses.",
  "Parley: speaks parley.v1: entries that wait together share a frame, which also names the room. " +
  "It keeps a log of the newest 1,000 entries and drops repeated sends; no peer does either.",
  "Deno alone: the runtime's sockets, read and written as Parley does; no log, limits, sessions or " +
  "presence. What Parley could be at the most.",
  ...PEERS.map(({ name, note }) => `${name}: ${note}.`),
];

async function install(): Promise<number> {
  if (!await installPeers()) {
    console.error("Cannot install the peers: is the npm registry reachable?");
    return 1;
  }
  console.log("Installed Bun, ws and socket.io in bench/data/.peers");
  return 0;
}

if (import.meta.main) {
  Deno.exit(
    await runComparison({
      title: "Parley and its peers",
      usage: "deno task bench:peers [flags]",
      csv: "peers.csv",
      rounds: 3,
      notes: NOTES,
      contenders(store) {
        const there = PEERS.flatMap((peer) => {
          const contender = peer.contender();
          if (contender === undefined) {
            console.error(`Skipped ${peer.name}: it is not installed. ${peer.install}`);
          }
          return contender ?? [];
        });
        return [parleyWith(store), denoAlone(), ...there];
      },
      switches: { install: "install the peers that come from npm, and end" },
      switched: install,
    }, Deno.args),
  );
}

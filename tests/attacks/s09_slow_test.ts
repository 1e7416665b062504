/**
 * Connections that take a place and say next to nothing: how many of them are still there.
 *
 * @module
 */

import { ServerProcess } from "../../bench/server_process.ts";
import { FULL, report, SEED } from "../chaos/setting.ts";
import { pause } from "../support/waiting.ts";
import { FRONTS, startFront } from "./arena.ts";
import { COMPILER, Generator, onCore } from "./generators.ts";
import { slowGroups } from "./runtime.ts";
import { scriptOf } from "./script.ts";

const EACH = 300;
/** When they are counted, in milliseconds. */
const GONE_MS = 15_000;

Deno.test("S9 connections that say next to nothing are ended", {
  ignore: COMPILER === undefined || !FULL,
}, async () => {
  for (const front of FRONTS) {
    const where = front === undefined ? "bare" : `behind ${front}`;
    await using server = await ServerProcess.start({
      args: ["--log-level", "error"],
      within: onCore(0),
    });
    await using proxy = await startFront(server, front);
    const port = `${proxy?.port ?? server.host.split(":")[1]}`;
    await using pair = await Generator.start("pair", [port, "50", "127.0.4.1"]);
    await pair.line();
    const p99 = async () => {
      await pair.write(`measure 2000\n`);
      return `${(JSON.parse(await pair.line()).p99 / 1_000).toFixed(1)} ms`;
    };
    await p99();
    const alone = await p99();
    await using peers = await Generator.start("peers", [port, `${SEED}`], { nice: 10 });
    const begin = performance.now();
    await peers.write(scriptOf(slowGroups(EACH)));
    const beside = await p99();
    const figures: Record<string, string> = { "p99 alone": alone, "p99 beside them": beside };
    const missed: string[] = [];
    await pause(begin + GONE_MS - performance.now());
    await peers.write("count\n");
    for (const group of slowGroups(EACH)) {
      const { standing } = JSON.parse(await peers.line());
      const name = group.name.replaceAll("_", " ");
      figures[`${name}, left after ${GONE_MS / 1_000} s`] = standing;
      if (standing > 0) missed.push(`${name} ${where}`);
    }
    figures["files of the server"] = `${server.descriptors}`;
    report("S9", `${EACH} of each kind, ${where}`, figures, missed);
  }
});

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { Cast, connected, nudge } from "./people.ts";
import { report, setting } from "./setting.ts";

const CLIENTS = setting(10, 20);

/** Stops a server for a time while everybody talks, and counts what came of it. */
async function stopFor(stopMs: number, args: string[], what: string): Promise<number> {
  await using server = await ServerProcess.start({
    args: ["--rate", "0", "--log-entries", "20000", "--log-level", "warn", ...args],
  });
  await using cast = new Cast(server.url, { timeoutMs: 3_000 });
  const people = await cast.fill(CLIENTS);
  let over = false;
  const talking = cast.talk(people, { count: Infinity, perSecond: 200, while: () => !over });
  await until(() => cast.acknowledged >= 100, "nothing is said");
  server.kill("SIGSTOP");
  await pause(stopMs);
  server.kill("SIGCONT");
  const said = cast.acknowledged;
  await until(
    () => {
      const back = people.every(connected);
      if (!back) nudge();
      return back && cast.acknowledged > said + 400;
    },
    "not everybody comes back",
    { withinMs: 30_000 },
  );
  over = true;
  await talking;
  const verdict = await cast.verdict();
  const [first] = people;
  const aways = first!.presence.filter((event) => event === "away").length;
  const here = [...first!.room.members.values()].filter(({ away }) => away !== true).length;
  report("R15", `stopped for ${stopMs / 1_000} s, ${CLIENTS} clients, ${what}`, {
    acked: verdict.acked,
    indeterminate: verdict.indeterminate,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    "told missing": verdict.told,
    "silent gaps": verdict.silentGaps,
    "connections dropped": aways,
    "members afterwards": here,
  });
  assertClean(verdict);
  assertEquals(here, CLIENTS);
  return aways;
}

Deno.test("R15 a server that was stopped goes on, and drops nobody who was patient", async () => {
  assertEquals(await stopFor(setting(2_000, 20_000), [], "heartbeat 25 s"), 0);
});

Deno.test("R15 clients that gave a stopped server up come back, and nothing is missing", async () => {
  const aways = await stopFor(setting(3_000, 5_000), ["--heartbeat", "1"], "heartbeat 1 s");
  assert(aways <= CLIENTS, `${CLIENTS} clients were away ${aways} times`);
});

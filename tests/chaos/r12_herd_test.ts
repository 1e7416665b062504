import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ownCpuSeconds } from "../../bench/usage.ts";
import { until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { Cast, connected } from "./people.ts";
import { report, setting } from "./setting.ts";

const ROOMS = setting(30, 500);
const PER_ROOM = 10;
const CLIENTS = ROOMS * PER_ROOM;

/** The largest part of all moments that lies within any `ms` of each other. */
function crowd(moments: readonly number[], ms: number): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < moments.length; last++) {
    while (moments[last]! - moments[first]! > ms) first++;
    most = Math.max(most, last - first + 1);
  }
  return most / moments.length;
}

Deno.test("R12 a herd that loses its server comes back spread out, and misses nothing", async () => {
  await using server = await ServerProcess.start({
    args: ["--log-level", "warn", "--max-connections", `${2 * CLIENTS}`],
  });
  await using proxy = await FaultProxy.to(server.host);
  await using stack = new AsyncDisposableStack();
  const options = { timeoutMs: 30_000 };
  const casts = Array.from({ length: ROOMS }, () => stack.use(new Cast(proxy.url, options)));
  for (let i = 0; i < PER_ROOM; i++) {
    await Promise.all(casts.map((cast) => cast.enter(cast.people[0]?.room.id)));
  }
  const people = casts.flatMap((cast) => cast.people);
  const before = proxy.arrivals.length;
  assertEquals(before, CLIENTS);

  const used = () => [server.cpuSeconds, ownCpuSeconds()];
  const usedBefore = used();
  const begin = performance.now();
  proxy.reset();
  const resetMs = performance.now() - begin;
  // Nobody has noticed yet: what is said now has to be said again.
  const said = casts.map((cast) => Promise.all(cast.people.map((person) => cast.say(person))));
  const isBack = () => proxy.arrivals.length >= 2 * CLIENTS && people.every(connected);
  await until(isBack, () => {
    return `${people.filter(connected).length} of ${CLIENTS} are back`;
  }, { withinMs: 30_000 });
  const backMs = performance.now() - begin;
  const cores = used().map((seconds, i) =>
    ((seconds - usedBefore[i]!) * 1_000 / backMs).toFixed(2)
  );
  await Promise.all(said);
  const resumed = people.filter(({ chat }) =>
    chat.status.type === "connected" && chat.status.resumed
  );
  const again = proxy.arrivals.slice(before);
  const totals = { acked: 0, delivered: 0, lost: 0, told: 0, silentGaps: 0, duplicate: 0 };
  for (const cast of casts) {
    const verdict = await cast.verdict();
    assertClean(verdict);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += verdict[key];
  }
  const most = crowd(again, 100);
  report("R12", `${CLIENTS} clients in ${ROOMS} rooms lose their connections at once`, {
    "most in any 100 ms": `${(100 * most).toFixed(1)} %`,
    "attempts a client": (again.length / CLIENTS).toFixed(3),
    "all back after ms": Math.round(backMs),
    resumed: `${resumed.length} of ${CLIENTS}`,
    "errors logged": server.output.split("\n").filter((line) => /error/i.test(line)).length,
    ...totals,
    "cut within ms": Math.round(resetMs),
    "cores used by server, clients": cores.join(", "),
  });
  assertEquals(resumed.length, CLIENTS);
  assertEquals(totals.acked, CLIENTS);
  assert(backMs <= 15_000, `${backMs} ms`);
  assert(most <= setting(0.25, 0.15), `${100 * most} %`);
});

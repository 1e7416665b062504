import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import type { Status } from "../../client.ts";
import { until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { MutePeer } from "./mute_peer.ts";
import { Cast, connected, nudge } from "./people.ts";
import { report, setting } from "./setting.ts";

const CLIENTS = 20;
const STUCK = 5;
const PER_SECOND = 200;
const ARGS = ["--rate", "0"];
/** The time that the server promises, in milliseconds. */
const DEADLINE_MS = 5_000;

Deno.test("R13 a restart tells everybody, loses nothing and ends in time", async () => {
  await using server = await ServerProcess.start({ args: ARGS });
  const { host } = server;
  await using cast = new Cast(server.url);
  const people = await cast.fill(CLIENTS);
  const { id } = people[0]!.room;
  using stuck = new DisposableStack();
  const addStuck = async () => {
    for (let i = 0; i < STUCK; i++) stuck.use(await MutePeer.join(host, id));
  };
  await addStuck();
  const statuses = new Map<number, Status[]>();
  const watching = people.map(async ({ chat }, i) => {
    const seen: Status[] = [];
    statuses.set(i, seen);
    for await (const status of chat.statuses()) seen.push(status);
  });
  const epoch = people[0]!.room.epoch;

  let over = false;
  const talking = cast.talk(people, {
    count: Infinity,
    perSecond: PER_SECOND,
    padding: setting(4_000, 16_000),
    while: () => !over,
  });
  const before = setting(200, 2_000);
  await until(() => cast.acknowledged >= before, "nothing is said", { withinMs: 60_000 });
  // By now the first ones may be evicted, which ends nothing: their sockets stay.
  await addStuck();
  const begin = performance.now();
  server.kill("SIGTERM");
  const { code } = await server.ended;
  const exitMs = Math.round(performance.now() - begin);
  await using next = await ServerProcess.start({ args: [...ARGS, "--port", port(host)] });
  assertEquals(next.host, host);
  await until(() => {
    const back = people.every((person) => connected(person) && person.room.epoch !== epoch);
    if (!back) nudge();
    return back;
  }, "not everybody comes back");
  const said = cast.acknowledged;
  await until(() => cast.acknowledged > said + 100, "nothing is said after the restart");
  over = true;
  await talking;

  const verdict = await cast.verdict();
  const told = [...statuses.values()].filter((seen) =>
    seen.some((status) => status.type === "reconnecting" && status.code === 1001)
  );
  const delays = [...statuses.values()].map((seen) => {
    const first = seen.find((status) => status.type === "reconnecting");
    return first?.type === "reconnecting" ? first.delayMs : NaN;
  });
  report("R13", `SIGTERM at ${PER_SECOND} msg/s, ${CLIENTS} clients, 2 × ${STUCK} stuck peers`, {
    "told with 1001": `${told.length} of ${CLIENTS}`,
    "exit ms": exitMs,
    "different moments to come back": new Set(delays).size,
    acked: verdict.acked,
    indeterminate: verdict.indeterminate,
    lost: verdict.lost,
    "acked but not delivered": verdict.told,
    duplicate: verdict.duplicate,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict);
  assertEquals(code, 0);
  assert(exitMs <= DEADLINE_MS, `${exitMs} ms`);
  assertEquals(told.length, CLIENTS);
  assertEquals(new Set(delays).size, CLIENTS);
  await Promise.all(people.map(({ chat }) => chat.close()));
  await Promise.all(watching);
});

function port(host: string): string {
  return host.slice(host.lastIndexOf(":") + 1);
}

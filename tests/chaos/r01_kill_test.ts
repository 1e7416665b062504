import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { Cast, connected, nudge, type Person } from "./people.ts";
import { chance, report, setting } from "./setting.ts";

const KILLS = setting(3, 50);
const CLIENTS = 20;
const PER_SECOND = 200;

Deno.test("R1 a server with a durable store that is killed again and again loses nothing", async () => {
  const folder = await Deno.makeTempDir();
  const args = ["--store", `sqlite:${folder}/chat.db`, "--rate", "0"];
  let server = await ServerProcess.start({ args });
  const { host } = server;
  const random = chance();
  try {
    await using cast = new Cast(server.url);
    const people = await cast.fill(CLIENTS);
    const { epoch } = people[0]!.room;
    const ids = people.map(({ chat }) => chat.clientId);
    let over = false;
    const talking = cast.talk(people, {
      count: Infinity,
      perSecond: PER_SECOND,
      while: () => !over,
    });
    const backMs: number[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      const said = cast.acknowledged;
      await until(() => cast.acknowledged > said + 50, "nothing is said", { withinMs: 30_000 });
      await pause(200 * random());
      server.kill("SIGKILL");
      await server.ended;
      const begin = performance.now();
      await server[Symbol.asyncDispose]();
      server = await ServerProcess.start({
        args: [...args, "--port", host.slice(host.lastIndexOf(":") + 1)],
      });
      await until(() => back(people), "not everybody comes back", { withinMs: 30_000 });
      backMs.push(Math.round(performance.now() - begin));
    }
    over = true;
    await talking;

    const verdict = await cast.verdict();
    const members = people[0]!.room.members;
    const here = [...members.values()].filter(({ away }) => away !== true).length;
    report("R1", `kill -9 ${KILLS} times at ${PER_SECOND} msg/s, ${CLIENTS} clients, SQLite`, {
      acked: verdict.acked,
      indeterminate: verdict.indeterminate,
      lost: verdict.lost,
      "told missing": verdict.told,
      duplicate: verdict.duplicate,
      "out of order": verdict.reordered + verdict.misplaced,
      "silent gaps": verdict.silentGaps,
      "everybody back after ms, most": Math.max(...backMs),
      "members afterwards": here,
    });
    assertClean(verdict);
    assertEquals(verdict.indeterminate, 0);
    // The same log and the same people, all the way through.
    assert(people.every(({ room }) => room.epoch === epoch));
    assertEquals(people.map(({ chat }) => chat.clientId), ids);
    assertEquals([members.size, here], [CLIENTS, CLIENTS]);
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
});

/** Says whether everybody has a connection; where not, those who wait for their next attempt try at once. */
function back(people: readonly Person[]): boolean {
  if (people.every(connected)) return true;
  nudge();
  return false;
}

/**
 * Hostile servers against the client and the terminal chat. To try one:
 * `CHAOS=full deno test -A tests/attacks/x6_hostile_test.ts --filter gaps`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FULL, report, setting } from "../chaos/setting.ts";
import { HAS_PYTHON } from "../cli/cli_process.ts";
import { FORGED, HONEST, HOSTILE } from "./hostile_servers.ts";
import { appAt, forgedIn, type Outcome, terminalAt } from "./hostile_world.ts";

/** The time that each program is at each server, in milliseconds. */
const MS = setting(1_500, 8_000);

/** The most that a hostile server may take in addition to what an honest one takes, in MB; in the short setting, that it is no leak. */
const MOST_MB = setting(128, 64);

/** The most times that a client may do the same: once a second on average, and some times at once in the beginning. */
const MOST_ATTEMPTS = Math.max(MS / 1_000, 6);

/** The memory that the programs take at an honest server, in MB. */
let usual: Promise<number[]> | undefined;

function both(hostile: typeof HONEST) {
  return Promise.all([appAt(hostile, MS), terminalAt(hostile, MS)]);
}

for (const hostile of HOSTILE) {
  Deno.test(`X6 a server that ${hostile.name} gets nothing out of it`, {
    ignore: !HAS_PYTHON || !FULL && hostile.daily === undefined,
  }, async () => {
    usual ??= both(HONEST).then((all) => all.map(({ peak }) => peak));
    const [appUsual = NaN, terminalUsual = NaN] = await usual;
    const [app, terminal] = await both(hostile);
    const of = ({ peak, attempts, ms }: Outcome, usual: number) =>
      `RSS +${Math.max(0, peak - usual).toFixed(0)} MB, ${(1_000 * attempts / ms).toFixed(1)}/s`;
    const missed = [
      ...missedBy("client", app, appUsual),
      ...missedBy("terminal", terminal, terminalUsual),
      ...(terminal.controls.length > 0 ? [`control ${JSON.stringify(terminal.controls)}`] : []),
      ...(terminal.forged.length > 0 ? [`imitated ${terminal.forged[0]}`] : []),
      ...(terminal.code === undefined || terminal.code === 99 ? ["the farewell"] : []),
    ];
    report("X6", hostile.name, {
      client: of(app, appUsual),
      terminal: of(terminal, terminalUsual),
      printed: `${(terminal.bytes / 1_024).toFixed(0)} KB`,
      "control bytes": terminal.controls.length,
      "imitated rows": terminal.forged.length,
    }, missed.map((figure) => `${figure} (${hostile.name})`));
    if (!FULL) assertEquals(missed, []);
  });
}

Deno.test("X6 finds a row that the terminal has broken by itself", () => {
  for (const filler of ["x".repeat(44), "日".repeat(22)]) {
    assert(forgedIn(`09:00:00   Ben: ${filler}${FORGED}\r\n`).length > 0);
  }
  assertEquals(forgedIn(`09:00:00   Ben: x\r\n           ${FORGED}\r\n`), []);
});

function missedBy(who: string, { peak, attempts }: Outcome, usual: number): string[] {
  return [
    ...(peak - usual > MOST_MB ? [`RSS of the ${who}`] : []),
    ...(attempts > MOST_ATTEMPTS ? [`attempts of the ${who}`] : []),
  ];
}

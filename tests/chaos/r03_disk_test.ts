import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ServerProcess } from "../../bench/server_process.ts";
import { type Frame, RawSocket } from "../support/fixtures.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { DiskFault, NEEDS_STRACE } from "./disk_fault.ts";
import { Cast } from "./people.ts";
import { FULL, report, setting } from "./setting.ts";

const CLIENTS = 10;
const PER_SECOND = 200;
const REFUSALS = setting(3, 20);

/** Faults of the disk, as strace is told: always, and with every other call. */
const FAULTS = [
  { name: "disk full", inject: "pwrite64:error=ENOSPC" },
  { name: "sync fails", inject: "fsync,fdatasync:error=EIO" },
  ...FULL ? [{ name: "write fails", inject: "pwrite64:error=EIO" }] : [],
];
const NOW_AND_THEN = [
  "pwrite64:error=ENOSPC:when=2+7",
  ...FULL ? ["pwrite64:error=EIO:when=3+5", "fsync,fdatasync:error=EIO:when=1+2"] : [],
];

/** Says something by hand and returns its entry, or the refusal. */
async function say(socket: RawSocket, roomId: unknown, n: number): Promise<Frame> {
  socket.send({ action: "message", room_id: roomId, n, body: `raw ${n}` });
  for (;;) {
    const frame = await socket.next();
    if (frame.status === "error") return frame;
    const own = (frame.entries as Frame[] | undefined)?.find((it) =>
      it.from === socket.id && it.n === n
    );
    if (own !== undefined) return own;
  }
}

/** Counts the entries that somebody has seen and that are not in the file. */
function notDurable(path: string, cast: Cast): number {
  using db = new DatabaseSync(path);
  const rows = db.prepare("SELECT seq, rest FROM entries").all();
  const bodies = new Map(rows.map(({ seq, rest }) => [seq, JSON.parse(`{${rest}`).body]));
  return cast.people.flatMap(({ seen }) => seen).filter((event) =>
    event.type === "entry" && event.id !== undefined && bodies.get(event.seq) !== event.id
  ).length;
}

Deno.test("R3 what the disk did not take is never acknowledged, and refused clearly", {
  ...NEEDS_STRACE,
}, async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/chat.db`;
  await using server = await ServerProcess.start({
    args: [
      ...["--store", `sqlite:${path}`, "--rate", "0", "--log-format", "json"],
      ...["--log-entries", "100000"],
    ],
  });
  try {
    await using cast = new Cast(server.url);
    const people = await cast.fill(CLIENTS);
    const { id: roomId } = people[0]!.room;
    await using raw = await RawSocket.open(server.url, "parley.v1");
    raw.id = String((await raw.ask({ action: "hello" })).client_id);
    await raw.ask({ action: "join", body: roomId });
    let over = false;
    const talking = cast.talk(people, {
      count: Infinity,
      perSecond: PER_SECOND,
      while: () => !over,
    });
    let n = 0;
    let refused = 0;
    let acknowledged = 0;
    let failures = 0;
    for (const { inject } of FAULTS) {
      cast.note(`raw ${++n}`, { type: "unknown" });
      assertEquals((await say(raw, roomId, n)).n, n);
      cast.note(`raw ${++n}`, { type: "unknown" });
      {
        await using _fault = await DiskFault.on(server, path, inject);
        await until(() => count(server.output, "store cannot write") > failures, "nothing fails");
        failures++;
        const before = cast.acknowledged;
        for (let i = 0; i < REFUSALS; i++) {
          const { status, code, n: about, retry_after_ms: wait } = await say(raw, roomId, n);
          assertEquals([status, code, about, wait], ["error", "unavailable", n, 1_000]);
          refused++;
        }
        // Reading goes on, for newcomers too.
        await using reader = await RawSocket.open(server.url, "parley.v1");
        await reader.ask({ action: "hello" });
        reader.send({ action: "join", body: { room_id: roomId, last: 5 } });
        const joined = await reader.until(({ status }) => status !== undefined);
        assertEquals([joined.status, joined.presence], ["success", true]);
        assertEquals((await reader.entries(5)).length, 5);
        acknowledged += cast.acknowledged - before;
      }
      await until(
        () => count(server.output, "store works again") === failures,
        "it goes on failing",
      );
      assertEquals((await say(raw, roomId, n)).n, n, "the number was not free");
    }
    for (const inject of NOW_AND_THEN) {
      await using _fault = await DiskFault.on(server, path, inject);
      await pause(setting(1_000, 5_000));
    }
    const said = cast.acknowledged;
    await until(() => cast.acknowledged > said + 100, "nothing is said any more");
    over = true;
    await talking;
    const verdict = await cast.verdict();
    await server[Symbol.asyncDispose]();
    const missing = notDurable(path, cast);

    report("R3", `${FAULTS.map(({ name }) => name).join(", ")}: always, and now and then`, {
      acked: verdict.acked,
      "acked while every write failed": acknowledged,
      "acked or seen, but not in the file": missing,
      "refused clearly": `${refused} of ${FAULTS.length * REFUSALS}`,
      indeterminate: verdict.indeterminate - n,
      lost: verdict.lost,
      duplicate: verdict.duplicate,
      "out of order": verdict.reordered + verdict.misplaced,
      "silent gaps": verdict.silentGaps,
    });
    assertClean(verdict);
    assertEquals([acknowledged, missing], [0, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

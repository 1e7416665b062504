import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { RawSocket } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { Cast } from "./people.ts";
import { chance, report, setting } from "./setting.ts";

const LIBRARY = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
].find(exists);
const JUMPS = setting(4, 30);
const HOUR_S = 3_600;

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function hello(url: string, session?: string): Promise<RawSocket> {
  const socket = await RawSocket.open(url, "parley.v1");
  socket.welcome = await socket.ask({ action: "hello", body: { session } });
  socket.id = String(socket.welcome.client_id);
  return socket;
}

/** Says a message, or says it again; returns its place, and whether it was there before. */
async function say(
  socket: RawSocket,
  roomId: string,
  n: number,
): Promise<{ seq: number; duplicate: boolean }> {
  socket.send({ action: "message", room_id: roomId, n, body: `raw ${n}` });
  for (;;) {
    const frame = await socket.next();
    if (frame.duplicate === true) return { seq: Number(frame.seq), duplicate: true };
    const entries = (frame.entries ?? []) as Entry[];
    const own = entries.find((entry) => "n" in entry && entry.n === n && entry.from === socket.id);
    if (own !== undefined) return { seq: own.seq, duplicate: false };
  }
}

Deno.test("R14 a clock that jumps by an hour changes nothing but the times people see", {
  ignore: LIBRARY === undefined,
}, async () => {
  const file = await Deno.makeTempFile();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(file));
  await Deno.writeTextFile(file, "+0");
  await using server = await ServerProcess.start({
    args: ["--rate", "0", "--log-entries", "20000"],
    env: {
      LD_PRELOAD: LIBRARY ?? "",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      // A wall clock can jump; the monotonic one never does.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  });
  await using cast = new Cast(server.url);
  const people = await cast.fill(5);
  const { room } = people[0]!;
  let over = false;
  const talking = cast.talk(people, { count: Infinity, perSecond: 200, while: () => !over });

  let guest = await hello(server.url);
  const session = String(guest.welcome.session);
  await guest.ask({ action: "join", body: room.id });
  const random = chance();
  let expired = 0;
  let doubled = 0;
  for (let jump = 1; jump <= JUMPS; jump++) {
    cast.note(`raw ${jump}`, { type: "unknown" });
    const { seq } = await say(guest, room.id, jump);
    cast.note(`raw ${jump}`, { type: "acked", epoch: room.epoch, seq });
    await guest.close();
    const hours = random() < 0.5 ? -1 : 1;
    await Deno.writeTextFile(file, `${hours < 0 ? "-" : "+"}${HOUR_S}`);
    await until(
      () => Math.abs(people[0]!.lastAt - Date.now() - hours * HOUR_S * 1_000) < 60_000,
      () =>
        `the server's clock does not jump: it says ${new Date(people[0]!.lastAt).toISOString()}`,
    );
    guest = await hello(server.url, session);
    if (guest.welcome.resumed !== true) expired++;
    await guest.ask({ action: "join", body: room.id });
    const again = await say(guest, room.id, jump);
    if (!again.duplicate || again.seq !== seq) doubled++;
    const said = cast.acknowledged;
    await until(() => cast.acknowledged > said + 50, "nothing is said");
  }
  over = true;
  await talking;
  const verdict = await cast.verdict();
  const { presence } = people[0]!;
  await guest.close(1000);
  const aways = presence.filter((event) => event === "away").length;
  report("R14", `${JUMPS} jumps of the server's clock by an hour, both ways`, {
    acked: verdict.acked,
    lost: verdict.lost,
    reordered: verdict.reordered,
    "sessions expired too early": expired,
    "repeats stored twice": doubled,
    "connections dropped": aways - JUMPS,
  });
  assertClean(verdict);
  assertEquals([expired, doubled, aways], [0, 0, JUMPS]);
});

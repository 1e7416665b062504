import { assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { LONG, makeLongRoom } from "./long_room.ts";
import { quantile, report, setting } from "./setting.ts";

const ENTRIES = setting(20_000, 1_000_000);
const PER_SECOND = 200;
const ROOM = "k7q2-m9xd-4hwn-r3tc";
const MOST_MS = 10;
/** Bytes by which the process may grow while a million entries go through it: they have 100 times as many. */
const FLAT_BYTES = 128 * 1_048_576;

/** The findings of a walk through the history. */
interface Walk {
  seqs: number;
  missing: number;
  doubled: number;
  times: number[];
}

/** Reads page after page in one direction, from one end to the other. */
async function walk(
  socket: RawSocket,
  to: "older" | "newer",
  noteMemory: () => void,
): Promise<Walk> {
  const met: Walk = { seqs: 0, missing: 0, doubled: 0, times: [] };
  const sign = to === "older" ? -1 : 1;
  let last: number | undefined = to === "older" ? undefined : 0;
  for (let more: unknown = true; more;) {
    const place = to === "older" ? { before: last } : { after: last };
    const begin = performance.now();
    socket.send({ action: "history", body: { room_id: ROOM, limit: 256, ...place }, ref: "h" });
    const page = await socket.until(({ ref }) => ref === "h");
    met.times.push(performance.now() - begin);
    if (met.times.length % 200 === 0) noteMemory();
    const seqs = (page.entries as Entry[]).map(({ seq }) => seq);
    for (const seq of to === "older" ? seqs.toReversed() : seqs) {
      const step: number = last === undefined ? 1 : sign * (seq - last);
      if (step > 1) met.missing += step - 1;
      if (step < 1) met.doubled++;
      met.seqs++;
      last = seq;
    }
    if (to === "newer" && page.recovered !== true) met.missing++;
    more = page.more;
  }
  if (to === "older") met.missing += last! - 1;
  return met;
}

Deno.test("C3 a long history is paged through in both directions while more is said", async () => {
  const path = `${tempFolder()}/long.db`;
  await makeLongRoom(path, ROOM, ENTRIES, (i) => `message number ${i}`);
  await using server = new TestChat({ ...LONG, store: sqlite(path) });
  await using reader = await server.v1();
  await using speaker = await server.v1();
  for (const socket of [reader, speaker]) {
    socket.send({ action: "join", body: ROOM, ref: "j" });
    await socket.until(({ ref }) => ref === "j");
  }
  const rss = () => Deno.memoryUsage().rss;
  const before = rss();
  let most = before;
  const noteMemory = () => most = Math.max(most, rss());
  let said = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < PER_SECOND / 20; i++) {
      speaker.send({ action: "message", room_id: ROOM, n: ++said, body: `meanwhile ${said}` });
    }
  }, 50);
  let walks: Walk[];
  try {
    walks = [await walk(reader, "older", noteMemory), await walk(reader, "newer", noteMemory)];
  } finally {
    clearInterval(timer);
  }
  const [back, forth] = walks as [Walk, Walk];
  const grown = most - before;
  const median = (met: Walk) => Math.round(100 * quantile(met.times, 0.5)) / 100;
  const missed = [
    ...(Math.max(median(back), median(forth)) > MOST_MS
      ? ["a page took longer at the median"]
      : []),
    ...(grown > FLAT_BYTES ? ["memory was not flat"] : []),
  ];
  report("C3", `${ENTRIES} entries in SQLite, both directions, ${PER_SECOND} msg/s meanwhile`, {
    "pages": back.times.length + forth.times.length,
    "entries read": back.seqs + forth.seqs,
    "said meanwhile": said,
    "missing": back.missing + forth.missing,
    "doubled": back.doubled + forth.doubled,
    "page back, ms, p50": median(back),
    "page forth, ms, p50": median(forth),
    "page, ms, p99": Math.round(100 * quantile([...back.times, ...forth.times], 0.99)) / 100,
    "RSS grown, MB": Math.round(grown / 1e6),
  }, missed);
  assertEquals([back.missing + forth.missing, back.doubled + forth.doubled], [0, 0]);
  assertEquals(back.seqs >= ENTRIES && forth.seqs >= ENTRIES, true);
});

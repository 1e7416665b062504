import { assertEquals } from "@std/assert";
import { hasWords, wordsOf } from "../../src/core/log/search.ts";
import type { MessageEntry } from "../../src/protocol/frames.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { LONG, makeLongRoom } from "./long_room.ts";
import { chance, quantile, report, setting } from "./setting.ts";

const ENTRIES = setting(20_000, 1_000_000);
const SEARCHES = setting(60, 1_000);
/** The searches whose finds are compared with those of a look at every message. */
const COMPARED = setting(20, 100);
const ROOM = "k7q2-m9xd-4hwn-r3tc";
const OTHER = "7ttv-jfcm-9nr7-2jds";
const SECRET = "secretword";
const VOCABULARY = 50_000;
const MOST_MS = 20;
const LIMIT = 20;

Deno.test("C4 messages are found by their words, in all that is kept, and in nothing else", async () => {
  const random = chance();
  // As in a language: few words are common, and most are rare.
  const word = () => `w${Math.floor(VOCABULARY ** random())}`;
  const bodies = Array.from({ length: ENTRIES }, () => {
    return Array.from({ length: 3 + Math.floor(random() * 10) }, word).join(" ");
  });
  const path = `${tempFolder()}/search.db`;
  await makeLongRoom(path, ROOM, ENTRIES, (i) => bodies[i]!, true);
  await makeLongRoom(path, OTHER, 1_000, (i) => `${SECRET} ${i}`, true);
  const { size: bytes } = await Deno.stat(path);
  await using server = new TestChat({ ...LONG, store: sqlite(path) });
  await using ana = await server.v1();
  const ask = async (frame: object) => {
    ana.send({ ...frame, ref: "s" });
    return await ana.until(({ ref }) => ref === "s");
  };
  /** The places of what is found; none for whoever may not look. */
  const search = async (text: string, room_id = ROOM): Promise<number[]> => {
    const page = await ask({ action: "search", body: { room_id, text, limit: LIMIT } });
    return (page.entries as MessageEntry[] ?? []).map(({ seq }) => seq);
  };
  await ask({ action: "join", body: ROOM });
  const times: number[] = [];
  let found = 0;
  let wrong = 0;
  for (let i = 0; i < SEARCHES; i++) {
    const text = i % 2 === 0 ? word() : `${word()} ${word()}`;
    const begin = performance.now();
    const seqs = await search(text);
    times.push(performance.now() - begin);
    found += seqs.length;
    if (i >= COMPARED) continue;
    const words = wordsOf(text);
    const expected: number[] = [];
    for (let at = ENTRIES; at > 0 && expected.length < LIMIT; at--) {
      if (hasWords(bodies[at - 1]!, words)) expected.unshift(at);
    }
    if (JSON.stringify(seqs) !== JSON.stringify(expected)) wrong++;
  }
  const forbidden = [await search(SECRET), await search(SECRET, OTHER)];
  const leaked = forbidden.flat().length;
  const ms = (part: number) => Math.round(100 * quantile(times, part)) / 100;
  report("C4", `${SEARCHES} searches for one word or two in ${ENTRIES} entries in SQLite`, {
    "ms, p50": ms(0.5),
    "ms, p99": ms(0.99),
    "found": found,
    "wrong": wrong,
    "compared with every message": COMPARED,
    "found in another room, or by a stranger": leaked,
    "file, MB": Math.round(bytes / 1e6),
  }, ms(0.5) > MOST_MS ? ["it took longer at the median"] : []);
  assertEquals([wrong, leaked], [0, 0]);
});

import { assert, assertEquals } from "@std/assert";
import { readMetrics } from "../../src/daemon/scrape.ts";
import { drawTop, type TopReading, type TopRoom } from "../../src/daemon/top_screen.ts";
import { pure } from "../support/pure.ts";

const SCREEN = { columns: 80, rows: 24, isColored: false, from: "127.0.0.1:9765" };

const ROOM: TopRoom = {
  room_id: "k7q2-m4x9-b3t6-r8w1",
  name: "Lobby",
  members: 1_204,
  here: 1_198,
  slow: 2,
  behind: 310,
  entries: 24,
};

/** A reading at some seconds since the start, in which that many entries were stored. */
function reading(seconds: number, entries: number, rooms: TopRoom[] = [ROOM]): TopReading {
  return {
    at: 1_000 * seconds,
    metrics: readMetrics(`
parley_build_info{version="0.9.0",deno="2.9.6",store="sqlite"} 1
parley_connections{protocol="v1"} 1198
parley_rooms 1
parley_members 1204
parley_clients_away 6
parley_entries_total{kind="message"} ${entries}
parley_sent_bytes_total ${entries * 100_000}
parley_store_up 1
process_start_time_seconds 0
process_resident_memory_bytes 143210000
`),
    activity: { seconds: 2, slow: 2, rooms },
  };
}

pure("a screen of 80 columns says what a server does", () => {
  assertEquals(drawTop(reading(3_662, 1_024), reading(3_660, 1_000), SCREEN), [
    "Parley 0.9.0, sqlite, up 1 h 1 min  127.0.0.1:9765  01:01:02 UTC",
    "1,198 connections   1 rooms   1,204 members   6 away   2 slow readers",
    "12 entries/s   0.0 deliveries/s   in 0.0 frames/s 0 B/s",
    "out 0.0 frames/s 1.2 MB/s",
    "delivered in – (p99 –)   event loop late by – (p90)   0 % CPU   143 MB memory",
    "0.0 errors/s   0.0 gaps/s   0.0 refused/s   store works, 0 waiting",
    "",
    "room                entries/s members    here   slow   behind  name",
    "k7q2-m4x9-b3t6-r8w1        12   1,204   1,198      2      310  Lobby",
  ]);
});

pure("before the second look there are no rates, and without a token no rooms", () => {
  const { activity: _, ...first } = reading(10, 5);
  const lines = drawTop(first, undefined, { ...SCREEN, columns: 200 });
  assertEquals(
    lines[2],
    "– entries/s   – deliveries/s   in – frames/s – B/s   out – frames/s – B/s",
  );
  assertEquals(lines.at(-1), "For its rooms, give --api-token-file");
});

pure("no line is wider than the screen, and there are no more than it has rows", () => {
  const names = ["x".repeat(300), "名".repeat(100), "a\u001b[2Jb", "é".repeat(300)];
  const rooms = Array.from({ length: 100 }, (_, i) => ({ ...ROOM, name: names[i % 4]! }));
  for (const columns of [1, 20, 80, 200]) {
    for (const rows of [1, 5, 10, 50]) {
      const lines = drawTop(reading(4, 2, rooms), reading(2, 1), { ...SCREEN, columns, rows });
      assert(lines.length <= rows);
      for (const line of lines) {
        const wide = [...line].filter((character) => character > "\u3000").length;
        assert([...line].length + wide <= columns, line);
        assertEquals(line.includes("\u001b"), false);
      }
    }
  }
});

pure("colours are used only where they may be", () => {
  const plain = drawTop(reading(4, 2), reading(2, 1), SCREEN);
  const colored = drawTop(reading(4, 2), reading(2, 1), { ...SCREEN, isColored: true });
  assertEquals(plain.some((line) => line.includes("\x1b")), false);
  assertEquals(colored.at(-1), `\x1b[31m${plain.at(-1)}\x1b[39m`);
});

pure("a server that is not ready says why", () => {
  const lines = drawTop({ ...reading(4, 2), unready: "disk full" }, undefined, SCREEN);
  assertEquals(lines[1], "Not ready: disk full");
});

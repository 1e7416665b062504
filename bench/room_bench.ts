/**
 * Measures what a room does for each message: keep it, and make frames of it for members behind it.
 *
 * @module
 */

import { Log } from "../src/core/log/log.ts";
import { Room } from "../src/core/state/room.ts";
import { encodeEntry } from "../src/protocol/encode.ts";
import { Roster } from "../src/protocol/roster.ts";

const LIMITS = { logEntries: 1_000, logBytes: 4_194_304 };
const DRAFT = {
  ...{ at: 1_795_419_198_630, from: "fta0nybfza23", n: 12_345, name: undefined },
  body: "x".repeat(64),
};

/** A room whose log is full, as in any that has been used for a while. */
function fullRoom(): Room {
  const room = new Room(
    {
      id: "tvd4-q6hq-n9f7-bvha",
      name: "bench",
      log: new Log("epoch", LIMITS),
      roster: new Roster(),
    },
    0,
  );
  for (let i = 0; i < LIMITS.logEntries; i++) push(room);
  return room;
}

function push({ log }: Room): void {
  const seq = log.head + 1;
  log.push(seq, encodeEntry(seq, DRAFT));
}

const room = fullRoom();

Deno.bench("push an entry to a full log", { group: "room" }, () => {
  push(room);
});

for (const behind of [1, 32]) {
  Deno.bench(
    `push ${behind} and make the frame for a member behind them`,
    { group: "room" },
    () => {
      const cursor = room.log.head;
      for (let i = 0; i < behind; i++) push(room);
      room.batches().after(cursor);
    },
  );
}

Deno.bench("push an entry and make its frame for 1,000 members", { group: "room" }, () => {
  const cursor = room.log.head;
  push(room);
  const { batches } = room.begin();
  for (let i = 0; i < 1_000; i++) batches.after(cursor);
  room.end();
});

Deno.bench("join and leave a room of 1,000", { group: "members" }, () => {
  const person = { id: "fta0nybfza23", name: undefined };
  crowd.remove(crowd.add(person), 0);
});

const crowd = fullRoom();
for (let i = 0; i < 1_000; i++) crowd.add({ id: `client${i}`, name: undefined });

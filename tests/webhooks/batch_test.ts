import { assertEquals } from "@std/assert";
import { Log } from "../../src/core/log/log.ts";
import { batchBehind } from "../../src/webhooks/batch.ts";
import { pure } from "../support/pure.ts";

/** A log that keeps three entries, with the entries up to a `seq` in it. */
function logWith(head: number): Log {
  const log = new Log("e1", { logEntries: 3, logBytes: 10_000 });
  for (let seq = 1; seq <= head; seq++) log.push(seq, `{"seq":${seq}}`);
  return log;
}

function batch(log: Log, cursor: number, doubtUpTo = 0) {
  const page = log.page({ to: "newer", from: cursor, limit: 2, units: 1_000 });
  const made = batchBehind({ id: "k7", name: 'L"y', log }, cursor, page, doubtUpTo, 1_000);
  return made && { ...made, body: JSON.parse(made.body) };
}

const COMMON = { room_id: "k7", room_name: 'L"y', epoch: "e1" };

pure("a request has the entries behind a cursor, and is named for the last of them", () => {
  assertEquals(batch(logWith(3), 0), {
    id: "k7:e1:2",
    body: {
      type: "room.entries",
      timestamp: "1970-01-01T00:00:01.000Z",
      data: { ...COMMON, entries: [{ seq: 1 }, { seq: 2 }] },
    },
    upTo: 2,
    entries: 2,
    missed: 0,
  });
  assertEquals(batch(logWith(3), 3), undefined);
  assertEquals(batch(logWith(0), 0), undefined);
});

pure("a request tells what is missing before it, and that it may be a repeat", () => {
  const after = batch(logWith(6), 1, 2);
  assertEquals([after?.missed, after?.upTo], [2, 5]);
  assertEquals(after?.body.data, {
    ...COMMON,
    gap: { from_seq: 2, to_seq: 3 },
    repeat: true,
    entries: [{ seq: 4 }, { seq: 5 }],
  });
  assertEquals(batch(logWith(3), 2, 2)?.body.data, { ...COMMON, entries: [{ seq: 3 }] });
});

pure("where nothing is left of a log, the gap is all that there is to tell", () => {
  const log = logWith(6);
  log.skipTo(6);
  const all = batch(log, 2);
  assertEquals([all?.id, all?.entries, all?.missed], ["k7:e1:6", 0, 4]);
  assertEquals(all?.body.data, { ...COMMON, gap: { from_seq: 3, to_seq: 6 }, entries: [] });
  assertEquals(batch(log, 6), undefined);
});

import { assertEquals } from "@std/assert";
import { Log } from "../../../src/core/log/log.ts";
import { SlowMode } from "../../../src/core/state/slow_mode.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

const newLog = () => new Log("e", { logEntries: 10, logBytes: 10_000 });

pure("SlowMode takes one message of each person in its time", () => {
  const slow = new SlowMode(newLog());
  const take = (sub: string, at: number) => slow.take(sub, sub, at, 100);
  assertEquals([take("ana", 1_000), take("ben", 1_000)], [0, 0]);
  assertEquals([take("ana", 1_001), take("ana", 1_099), take("ana", 1_100)], [99, 1, 0]);
});

pure("SlowMode counts what somebody said before the process began", () => {
  const log = newLog();
  log.push(1, encodeEntry(1, messageDraft("ana", 1, "x", 1_000)));
  log.push(2, encodeEntry(2, { at: 1_050, event: "join", from: "ben", n: 0, name: undefined }));
  const slow = new SlowMode(log);
  assertEquals(slow.take("ana", "ana", 1_060, 100), 40);
  assertEquals(slow.take("ben", "ben", 1_060, 100), 0, "to come in is to say nothing");
  assertEquals(new SlowMode(log).take("ana", "ana", 1_100, 100), 0);
});

pure("SlowMode lets nobody wait longer where the clock was set back", () => {
  const slow = new SlowMode(newLog());
  slow.take("ana", "ana", 1_000_000, 100);
  assertEquals(slow.take("ana", "ana", 1_000, 100), 100);
});

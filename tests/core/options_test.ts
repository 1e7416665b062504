import { assert, assertEquals } from "@std/assert";
import { DEFAULTS } from "../../src/core/options.ts";
import { pure } from "../support/pure.ts";

pure("the defaults are what the README and PROTOCOL.md promise", () => {
  assertEquals(DEFAULTS.logEntries, 1_000);
  assertEquals(DEFAULTS.logBytes, 4 * 1_024 * 1_024);
  assertEquals(DEFAULTS.emptyRoomMs, 10 * 60_000);
  assertEquals(DEFAULTS.graceMs, 30_000);
});

pure("every default is a finite whole number above 0", () => {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    assert(Number.isSafeInteger(value) && Number(value) > 0, name);
  }
});

pure("a client that keeps the heartbeat is never taken for dead before its socket is", () => {
  // The runtime pings after 15 s and gives up after 30 s of silence.
  assert(DEFAULTS.heartbeatMs < 30_000);
  assert(DEFAULTS.helloMs < 2 * DEFAULTS.heartbeatMs);
});

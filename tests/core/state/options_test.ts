import { assert, assertEquals } from "@std/assert";
import { DEFAULTS, RANGES } from "../../../src/core/state/options.ts";
import "../../support/ignore_unpermitted.ts";
import { pure } from "../../support/pure.ts";

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

pure("every default is in its range", () => {
  assertEquals(Object.keys(RANGES).sort(), Object.keys(DEFAULTS).sort());
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = DEFAULTS[name as keyof typeof RANGES];
    assert(least <= value && value <= most, name);
  }
});

Deno.test("the comment of each option says its default", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../src/core/state/options.ts", import.meta.url),
  );
  const options = [...text.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+(\w+)\?: number;/gs)];
  assertEquals(options.map(([, , name]) => name).sort(), Object.keys(DEFAULTS).sort());
  for (const [, comment = "", name] of options) {
    const value = DEFAULTS[name as keyof typeof DEFAULTS].toLocaleString("en");
    const sentence = comment.replace(/\s+\*?\s*/g, " ");
    assert(sentence.includes(`; ${value} unless given`), `${name}: ${value}`);
  }
});

pure("a client that keeps the heartbeat is never taken for dead before its socket is", () => {
  // The runtime pings after 15 s and gives up after 30 s of silence.
  assert(DEFAULTS.heartbeatMs < 30_000);
  assert(DEFAULTS.helloMs < 2 * DEFAULTS.heartbeatMs);
});

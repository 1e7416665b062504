/**
 * Frames and messages that are too large, or in too many parts.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FULL, report } from "../chaos/setting.ts";
import { TestChat } from "../support/fixtures.ts";
import { attack, figuresOf, FRONTS, missedBy, SETTING } from "./arena.ts";
import { COMPILER } from "./generators.ts";
import { FRAMES } from "./runtime.ts";

Deno.test("S6 what is over the limit is not delivered", async () => {
  await using server = new TestChat({ rate: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: roomId });
  await ben.entry();
  await ana.entry();
  for (const body of ["x".repeat(65_537), "x".repeat(400_000), "x".repeat(63 * 1_048_576)]) {
    ben.send({ action: "message", room_id: roomId, body });
    assertEquals((await ben.next()).code, "too_large");
  }
  assertEquals((await ben.closed()).code, 4501);
  // That it is away.
  await ana.entry();
  await ana.silence();
  report("S6", "bodies of 65,537 bytes, 400,000 and 63 MiB", { delivered: 0 });
});

for (const what of FRAMES) {
  Deno.test(`S6 nobody suffers from ${what.name}`, {
    ignore: COMPILER === undefined || !FULL,
  }, async () => {
    for (const front of FRONTS) {
      const outcome = await attack(what, { attackers: 1, store: "memory", ...SETTING, front });
      const where = front === undefined ? "bare" : `behind ${front}`;
      report(
        "S6",
        `${what.name}, ${where}`,
        { measured: figuresOf(outcome) },
        missedBy(outcome).map((figure) => `${figure} of ${what.name}, ${where}`),
      );
    }
  });
}

import { assertEquals } from "@std/assert";
import { TestChat } from "../fixtures.ts";
import { assertClean } from "./checker.ts";
import { Cast } from "./people.ts";
import { report, setting } from "./setting.ts";

const PUBLISHERS = setting(20, 50);
const MESSAGES = setting(4_000, 20_000);

Deno.test("R7 everybody sees what many say at once in the same order", async () => {
  await using server = new TestChat({ rate: 0, logEntries: 2 * MESSAGES, logChars: 2 ** 30 });
  await using cast = new Cast(server.url);
  const people = await cast.fill(PUBLISHERS);
  await cast.talk(people, { count: MESSAGES, perSecond: Infinity });
  const verdict = await cast.verdict(60_000);
  report("R7", `${PUBLISHERS} publishers who all read, 1 node`, {
    messages: verdict.messages,
    deliveries: verdict.delivered,
    inversions: verdict.reordered,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
  });
  assertClean(verdict);
  assertEquals(verdict.delivered, MESSAGES * PUBLISHERS);
});

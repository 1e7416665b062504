import { assertEquals } from "@std/assert";
import { every, later, type Timer } from "../src/timers.ts";
import { bounded } from "./support/waiting.ts";

Deno.test("later() runs something once, every() again and again, and both can be called off", async () => {
  const ran: string[] = [];
  const third = Promise.withResolvers<void>();
  const never: Timer = later(() => ran.push("never"), 1);
  clearTimeout(never);
  const timer = every(() => {
    if (ran.push("every") === 4) third.resolve();
  }, 1);
  later(() => ran.push("later"), 0);
  // Something else that goes on: timers of this kind do not keep even a test alive.
  await bounded(third.promise, () => `${ran}`);
  clearInterval(timer);
  assertEquals(ran.sort(), ["every", "every", "every", "later"]);
});

import { assertEquals } from "@std/assert";
import { LogLimit } from "../../../src/server/logging/log_limit.ts";
import { pure } from "../../support/pure.ts";

pure("LogLimit lets so many events of a name through, each name for itself", () => {
  const limit = new LogLimit(2, 100);
  const admitted = ["a", "a", "b", "a", "b", "b"].map((event) => limit.admits(event, 30, 0));
  assertEquals(admitted, [true, true, true, false, true, false]);
});

pure("LogLimit says once what it held back, when the time of its window is over", () => {
  const limit = new LogLimit(2, 100);
  for (let now = 0; now < 5; now++) limit.admits("a", 30, now);
  limit.admits("b", 20, 10);
  assertEquals([limit.end(99), limit.holdsBack], [[], true]);
  assertEquals([limit.end(100), limit.holdsBack], [[{ event: "a", level: 30, count: 3 }], false]);
  assertEquals(limit.end(1_000), []);
});

pure("LogLimit begins anew after each window", () => {
  const limit = new LogLimit(1, 100);
  const admitted: boolean[] = [];
  for (let now = 0; now < 400; now += 50) {
    limit.end(now);
    admitted.push(limit.admits("a", 30, now));
  }
  assertEquals(admitted, [true, false, true, false, true, false, true, false]);
});

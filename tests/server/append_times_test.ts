import { assertEquals } from "@std/assert";
import { Histogram } from "../../src/core/state/metrics.ts";
import { AppendTimes } from "../../src/server/append_times.ts";
import { turn } from "../support/waiting.ts";

Deno.test("one draft at a time is watched until it is stored", async () => {
  const histogram = new Histogram();
  const asked: string[] = [];
  let stored = Promise.withResolvers<void>();
  let now = 0;
  const settled = (clientId?: string) => {
    asked.push(clientId!);
    return stored.promise;
  };
  const times = new AppendTimes(histogram, { settled }, () => now);
  times.appended("ana");
  times.appended("ben");
  now = 20;
  times.appended("ben");
  stored.resolve();
  await turn();
  assertEquals([asked, histogram.count, histogram.sum], [["ana"], 1, 0.02]);
  stored = Promise.withResolvers();
  times.appended("ben");
  assertEquals(asked, ["ana", "ben"]);
  // A store that fails says nothing of its times, and the next draft is watched again.
  stored.reject(new Error("broken"));
  await turn();
  stored = Promise.withResolvers();
  now = 25;
  times.appended("eva");
  now = 30;
  times.appended("eva");
  assertEquals([asked, histogram.count], [["ana", "ben", "eva"], 1]);
});

Deno.test("a store that answers at once takes no time", () => {
  const histogram = new Histogram();
  new AppendTimes(histogram, {}, () => 0).appended("ana");
  new AppendTimes(histogram, { settled: () => undefined }, () => 0).appended("ana");
  assertEquals(histogram.count, 0);
});

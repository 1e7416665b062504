import { assert, assertEquals } from "@std/assert";
import { readBody, writeBody } from "../../bench/body.ts";
import { Schedule } from "../../bench/schedule.ts";

function pure(name: string, fn: () => void): void {
  Deno.test({ name, permissions: "none", fn });
}

const OPTIONS = { senders: 3, rate: 20, durationMs: 2_500, warmupMs: 500, seed: 5 };

pure("every sender has exactly rate times duration measured messages", () => {
  const dues = [...new Schedule(OPTIONS)];
  for (let sender = 0; sender < 3; sender++) {
    const mine = dues.filter((due) => due.sender === sender).map(({ k }) => k);
    assertEquals(mine, Array.from({ length: 60 }, (_, i) => i - 10));
  }
});

pure("messages come in the order in which they are due", () => {
  const times = [...new Schedule(OPTIONS)].map(({ atMs }) => atMs);
  assertEquals(times, times.toSorted((a, b) => a - b));
  assert(times[0]! >= -500 && times.at(-1)! < 2_500);
});

pure("the same seed makes the same schedule, and another one another", () => {
  assertEquals([...new Schedule(OPTIONS)], [...new Schedule(OPTIONS)]);
  assert(new Schedule(OPTIONS).atMs(0, 0) !== new Schedule({ ...OPTIONS, seed: 6 }).atMs(0, 0));
});

pure("a body has the length asked for and says whose it is", () => {
  const body = writeBody(12, -3, 64);
  assertEquals([body.length, readBody(body)], [64, { sender: 12, k: -3 }]);
  assertEquals(readBody("hello"), undefined);
});

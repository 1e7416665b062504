import { assert, assertEquals } from "@std/assert";
import { FlushQueue } from "../../../src/server/connections/flush_queue.ts";
import { pure } from "../../support/pure.ts";
import { turn } from "../../support/waiting.ts";

function bench() {
  const served: string[] = [];
  const members = new Map([["a", 100], ["b", 100], ["c", 10]]);
  const queue = new FlushQueue<string>((item) => {
    served.push(item);
    return { cost: members.get(item) ?? 0, more: false };
  }, () => 0);
  return { served, queue };
}

pure("an item is served at the end of the turn, once however often it was added", async () => {
  const { served, queue } = bench();
  for (const item of ["a", "b", "a"]) queue.add(item, 10);
  await Promise.resolve();
  assertEquals(served, []);
  await turn();
  assertEquals(served, ["a", "b"]);
  await turn();
  queue.add("a", 10);
  await turn();
  assertEquals(served, ["a", "b", "a"]);
});

pure(
  "a turn ends with the item that fills it, and the next goes on in the same order",
  async () => {
    const { served, queue } = bench();
    queue.add("a", 10);
    queue.add("b", 10);
    queue.add("c", 10);
    await turn();
    assertEquals(served, ["a", "b"]);
    queue.add("a", 10);
    await turn();
    assertEquals(served, ["a", "b", "c", "a"]);
  },
);

/** A queue of items that each have so much, and what was served in each turn, in sends. */
function busy(output: Record<string, number>) {
  const left = new Map(Object.entries(output));
  let served: Record<string, number> = {};
  const time = { ms: 0 };
  const queue = new FlushQueue<string>((item, much) => {
    const cost = Math.min(much, left.get(item)!);
    left.set(item, left.get(item)! - cost);
    served[item] = (served[item] ?? 0) + cost;
    return { cost, more: left.get(item)! > 0 };
  }, () => time.ms);
  return {
    queue,
    left,
    time,
    /** Lets a turn pass, and tells what it serves. */
    async turn(): Promise<Record<string, number>> {
      served = {};
      await turn();
      return served;
    },
  };
}

pure(
  "a small one does not wait for many large ones that have something at the same moment",
  async () => {
    const names = Array.from({ length: 100 }, (_, i) => `${i}`);
    const { queue, left, turn } = busy(Object.fromEntries(names.map((name) => [name, 100])));
    for (const name of names) queue.add(name, 100);
    for (let i = 0; i < 10; i++) {
      left.set("pair", 2);
      queue.add("pair", 2);
      const served = await turn();
      assertEquals(served.pair, 2, `turn ${i}`);
      assert(Object.keys(served).length > 1, `turn ${i}`);
    }
  },
);

pure(
  "two who talk wait neither for many of ten nor for a large one, and these do not wait for each other",
  async () => {
    const names = Array.from({ length: 100 }, (_, i) => `${i}`);
    const { queue, left, turn } = busy({
      ...Object.fromEntries(names.map((name) => [name, 1_000])),
      large: 1e6,
    });
    for (const name of names) queue.add(name, 10);
    queue.add("large", 100);
    for (let i = 0; i < 10; i++) {
      left.set("pair", 2);
      queue.add("pair", 2);
      const { pair, large, ...small } = await turn();
      assertEquals([pair, large, Object.values(small)], [2, 64, [64]], `turn ${i}`);
    }
  },
);

pure("those who cost more than their share leave something to the large ones too", async () => {
  const served: string[] = [];
  const queue = new FlushQueue<string>((item) => {
    served.push(item);
    return { cost: 1_000, more: served.length < 13 };
  }, () => 0);
  for (const [item, members] of [["pair", 2], ["small", 10], ["large", 100]] as const) {
    queue.add(item, members);
  }
  for (let i = 0; i < 5; i++) await turn();
  for (const item of ["pair", "small", "large"]) {
    assertEquals(served.filter((other) => other === item).length, 5, item);
  }
});

pure("after a turn in which much came in more goes out", async () => {
  const { queue, time, turn } = busy({ a: 1e6 });
  queue.add("a", 10);
  time.ms = 40;
  assertEquals([await turn(), await turn()], [{ a: 8 * 40 }, { a: 128 }]);
});

pure("many small ones leave half of a turn to a large one", async () => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}`);
  const { queue, turn } = busy({
    ...Object.fromEntries(names.map((name) => [name, 10])),
    large: 1e6,
  });
  for (const name of names) queue.add(name, 10);
  queue.add("large", 100);
  for (let i = 0; i < 10; i++) {
    const { large, ...small } = await turn();
    assertEquals([Object.keys(small).length, large], [7, 64], `turn ${i}`);
  }
});

pure("after a turn full of input nothing is served until all of it is read", async () => {
  const { served, queue } = bench();
  for (let i = 0; i < 128; i++) queue.heard();
  queue.add("a", 10);
  await turn();
  assertEquals(served, []);
  for (let turns = 0; turns < 100 && served.length === 0; turns++) await turn();
  assertEquals(served, ["a"]);
});

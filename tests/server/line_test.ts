import { assert, assertEquals } from "@std/assert";
import { Line } from "../../src/server/line.ts";
import { pure } from "../support/pure.ts";
import { turn } from "../support/waiting.ts";

function bench() {
  const served: string[] = [];
  const members = new Map([["a", 100], ["b", 100], ["c", 10]]);
  const line = new Line<string>((item) => {
    served.push(item);
    return { cost: members.get(item) ?? 0, more: false };
  });
  return { served, line };
}

pure("an item is served at the end of the turn, once however often it was added", async () => {
  const { served, line } = bench();
  for (const item of ["a", "b", "a"]) line.add(item, 10);
  await Promise.resolve();
  assertEquals(served, []);
  await turn();
  assertEquals(served, ["a", "b"]);
  await turn();
  line.add("a", 10);
  await turn();
  assertEquals(served, ["a", "b", "a"]);
});

pure(
  "a turn ends with the item that fills it, and the next goes on in the same order",
  async () => {
    const { served, line } = bench();
    line.add("a", 10);
    line.add("b", 10);
    line.add("c", 10);
    await turn();
    assertEquals(served, ["a", "b"]);
    line.add("a", 10);
    await turn();
    assertEquals(served, ["a", "b", "c", "a"]);
  },
);

/** A line of items that each have so much, and what was served in each turn, in sends. */
function busy(output: Record<string, number>) {
  const left = new Map(Object.entries(output));
  let served: Record<string, number> = {};
  const line = new Line<string>((item, much) => {
    const cost = Math.min(much, left.get(item)!);
    left.set(item, left.get(item)! - cost);
    served[item] = (served[item] ?? 0) + cost;
    return { cost, more: left.get(item)! > 0 };
  });
  return {
    line,
    left,
    /** Lets a turn pass, and tells what it serves. */
    async turn(): Promise<Record<string, number>> {
      served = {};
      await turn();
      return served;
    },
  };
}

pure("whoever has much is served in pieces, in turn with the others", async () => {
  const { line, turn } = busy({ a: 200, b: 150, c: 10 });
  for (const item of ["a", "b", "c"]) line.add(item, 1);
  assertEquals(await turn(), { a: 64, b: 64 });
  assertEquals(await turn(), { c: 10, a: 64, b: 64 });
  assertEquals(await turn(), { a: 72, b: 22 });
  assertEquals(await turn(), {});
});

pure("whoever has something after a while is not kept waiting by those who have much", async () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}`);
  const { line, left, turn } = busy(Object.fromEntries(names.map((name) => [name, 1e6])));
  for (const name of names) line.add(name, 1);
  for (let turns = 0; turns < 12; turns++) await turn();
  for (let i = 0; i < 10; i++) {
    left.set("pair", 2);
    line.add("pair", 2);
    assertEquals((await turn()).pair, 2, `turn ${i}`);
    for (let others = 0; others < 10; others++) await turn();
  }
});

pure("those who come again and again starve nobody who has much", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}`);
  const { line, left, turn } = busy({ much: 10_000 });
  line.add("much", 1);
  let served = 0;
  for (let i = 0; i < 100; i++) {
    for (const name of names) {
      left.set(name, 1);
      line.add(name, 1);
    }
    served += (await turn()).much ?? 0;
  }
  assert(served >= 1_000, `${served}`);
});

pure("what an item gets while it is served in part is served in a later turn", async () => {
  const { line, left, turn } = busy({ a: 100 });
  line.add("a", 1);
  left.set("a", 200);
  assertEquals(await turn(), { a: 128 });
  line.add("a", 1);
  assertEquals(await turn(), { a: 72 });
  left.set("a", 5);
  assertEquals([await turn(), await turn()], [{ a: 5 }, {}]);
});

pure("an item may have less the next time when it had more than its share", async () => {
  const served: string[] = [];
  const costs = new Map([["a", 100], ["b", 64]]);
  const line = new Line<string>((item, much) => {
    served.push(`${item} ${much}`);
    return { cost: costs.get(item)!, more: served.length < 6 };
  });
  line.add("a", 1);
  line.add("b", 1);
  for (let i = 0; i < 5; i++) await turn();
  assertEquals(served.slice(0, 5), ["a 64", "b 64", "a 28", "b 64", "a 1"]);
});

pure("after a turn full of input nothing is served until all of it is read", async () => {
  const { served, line } = bench();
  for (let i = 0; i < 128; i++) line.heard();
  line.add("a", 10);
  await turn();
  assertEquals(served, []);
  for (let turns = 0; turns < 100 && served.length === 0; turns++) await turn();
  assertEquals(served, ["a"]);
});

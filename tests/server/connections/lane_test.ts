import { assert, assertEquals } from "@std/assert";
import { Lane } from "../../../src/server/connections/lane.ts";
import { pure } from "../../support/pure.ts";

/** A lane of items that each have so much, and what was served in each turn, in sends. */
function busy(output: Record<string, number>) {
  const left = new Map(Object.entries(output));
  let served: Record<string, number> = {};
  const lane = new Lane<string>((item, much) => {
    const cost = Math.min(much, left.get(item)!);
    left.set(item, left.get(item)! - cost);
    served[item] = (served[item] ?? 0) + cost;
    return { cost, more: left.get(item)! > 0 };
  });
  return {
    lane,
    left,
    /** Lets a turn pass, and tells what it serves. */
    turn(): Record<string, number> {
      served = {};
      lane.turn(128);
      return served;
    },
  };
}

pure("whoever has much is served in pieces, in turn with the others", () => {
  const { lane, turn } = busy({ a: 200, b: 150, c: 10 });
  for (const item of ["a", "b", "c"]) lane.add(item, true);
  assertEquals(turn(), { a: 64, b: 64 });
  assertEquals(turn(), { c: 10, a: 64, b: 64 });
  assertEquals(turn(), { a: 72, b: 22 });
  assertEquals(turn(), {});
});

pure("whoever has something after a while is not kept waiting by those who have much", () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}`);
  const { lane, left, turn } = busy(Object.fromEntries(names.map((name) => [name, 1e6])));
  for (const name of names) lane.add(name, true);
  for (let turns = 0; turns < 12; turns++) turn();
  for (let i = 0; i < 10; i++) {
    left.set("pair", 2);
    lane.add("pair", true);
    assertEquals(turn().pair, 2, `turn ${i}`);
    for (let others = 0; others < 10; others++) turn();
  }
});

pure("those who come again and again starve nobody who has much", () => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}`);
  const { lane, left, turn } = busy({ much: 10_000 });
  lane.add("much", true);
  let served = 0;
  for (let i = 0; i < 100; i++) {
    for (const name of names) {
      left.set(name, 1);
      lane.add(name, true);
    }
    served += turn().much ?? 0;
  }
  assert(served >= 1_000, `${served}`);
});

pure("what an item gets while it is served in part is served in a later turn", () => {
  const { lane, left, turn } = busy({ a: 100 });
  lane.add("a", true);
  left.set("a", 200);
  assertEquals(turn(), { a: 128 });
  lane.add("a", true);
  assertEquals(turn(), { a: 72 });
  left.set("a", 5);
  assertEquals([turn(), turn()], [{ a: 5 }, {}]);
});

pure("an item may have less the next time when it had more than its share", () => {
  const served: string[] = [];
  const costs = new Map([["a", 100], ["b", 64]]);
  const lane = new Lane<string>((item, much) => {
    served.push(`${item} ${much}`);
    return { cost: costs.get(item)!, more: served.length < 6 };
  });
  lane.add("a", true);
  lane.add("b", true);
  for (let i = 0; i < 5; i++) lane.turn(128);
  assertEquals(served.slice(0, 5), ["a 64", "b 64", "a 28", "b 64", "a 1"]);
});

pure(
  "a lane says who waits in it, who is served in part, and whether anything came to share frames",
  () => {
    const { lane, left, turn } = busy({ a: 200 });
    const state = () => [lane.empty, lane.goesOn, lane.grown];
    assertEquals(state(), [true, false, false]);
    lane.add("a", false);
    assertEquals(state(), [false, false, false]);
    turn();
    assertEquals(state(), [false, true, false]);
    lane.add("a", true);
    assertEquals(state(), [false, true, false]);
    turn();
    assertEquals(state(), [false, false, true]);
    left.set("a", 1);
    turn();
    assertEquals(state(), [true, false, false]);
  },
);

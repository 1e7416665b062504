import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Shares } from "../../src/core/shares.ts";
import { pure } from "../support/pure.ts";

pure("the largest share is that of who has the most, and of several who had it first", () => {
  const shares = new Shares<string, number>();
  assertEquals([...shares.largest], []);
  shares.add("ana", 1);
  shares.add("ben", 2);
  assertEquals([...shares.largest], [1]);
  shares.add("ben", 3);
  shares.add("ana", 4);
  assertEquals([...shares.largest], [2, 3]);
  shares.delete(3);
  assertEquals([...shares.largest], [1, 4]);
  shares.add("ana", 1);
  assertEquals([...shares.largest], [1, 4], "what it has already stays where it is");
  shares.add("cleo", 4);
  assertEquals([...shares.largest], [2]);
});

pure("the largest share is that of a plain count, whatever comes and goes", () => {
  const steps = fc.array(
    fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c"), fc.nat({ max: 9 })),
    { maxLength: 60 },
  );
  fc.assert(fc.property(steps, (all) => {
    const shares = new Shares<string, number>();
    const owners = new Map<number, string>();
    for (const [adds, owner, item] of all) {
      if (adds) shares.add(owner, item);
      else shares.delete(item);
      if (adds) owners.set(item, owner);
      else owners.delete(item);
      const counts = Object.values(Object.groupBy(owners.values(), (name) => name));
      const most = Math.max(0, ...counts.map((names) => names?.length ?? 0));
      const largest = [...shares.largest];
      assertEquals(largest.length, most);
      assertEquals(shares.size, owners.size);
      assertEquals(new Set(largest.map((one) => owners.get(one))).size, Math.min(1, most));
    }
  }));
});

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Levels, Order } from "../../../src/core/limits/order.ts";
import { pure } from "../../support/pure.ts";

pure("an order is that of a set in which what is added again goes to the end", () => {
  const step = fc.tuple(fc.boolean(), fc.nat({ max: 6 }));
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const order = new Order<number>();
    const set = new Set<number>();
    for (const [adds, item] of steps) {
      const was = set.delete(item);
      if (adds) {
        set.add(item);
        order.add(item);
      } else assertEquals(order.delete(item), was);
      assertEquals([order.first, order.size], [[...set][0], set.size]);
    }
    for (const item of set) {
      assertEquals(order.first, item);
      order.delete(item);
    }
    assertEquals([order.first, order.size], [undefined, 0]);
  }));
});

pure("levels know who has been at the highest and at the lowest for the longest time", () => {
  const step = fc.tuple(fc.nat({ max: 5 }), fc.option(fc.nat({ max: 4 })));
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const levels = new Levels<number>();
    // Each with its level, whoever came there first first.
    const model = new Map<number, number>();
    for (const [item, level] of steps) {
      if (level === null) {
        levels.delete(item);
        model.delete(item);
      } else {
        if (model.get(item) !== level) model.delete(item);
        levels.put(item, level);
        model.set(item, level);
      }
      const at = (wanted: number) => [...model].filter(([, level]) => level === wanted);
      assertEquals(levels.highest, at(Math.max(...model.values()))[0]?.[0]);
      assertEquals(levels.lowest, at(Math.min(...model.values()))[0]?.[0]);
      for (let i = 0; i < 6; i++) assertEquals(levels.countAt(i), at(i).length);
    }
  }));
});

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LARGE } from "../../../src/core/request_queue.ts";
import { MOST_UNITS, ReadBuffers } from "../../../src/server/connections/read_buffers.ts";
import { pure } from "../../support/pure.ts";

const HALF = MOST_UNITS / 2;

pure("whoever has said nothing large for the longest time has to end", () => {
  const buffers = new ReadBuffers<string>();
  buffers.note("ana", HALF);
  buffers.note("ben", HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.note("ana", LARGE);
  buffers.note("cem", LARGE);
  assertEquals(buffers.takeExcess(), ["ben"]);
  assertEquals(buffers.takeExcess(), []);
});

pure("the largest frame of a connection counts, until it ends", () => {
  const buffers = new ReadBuffers<string>();
  for (const units of [LARGE, HALF, LARGE]) buffers.note("ana", units);
  buffers.note("ben", HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.delete("ana");
  buffers.note("cem", HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.note("ana", LARGE);
  assertEquals(buffers.takeExcess(), ["ben"]);
});

pure("whoever lets most wait has to end first, and what no longer waits counts no more", () => {
  const buffers = new ReadBuffers<string>();
  buffers.note("ana", LARGE);
  buffers.wait("ben", HALF);
  buffers.wait("cem", HALF / 2);
  buffers.wait("dan", HALF);
  buffers.wait("dan", 0);
  assertEquals(buffers.takeExcess(), []);
  buffers.wait("cem", HALF);
  assertEquals(buffers.takeExcess(), ["ben"]);
  buffers.wait("ana", HALF);
  assertEquals(buffers.takeExcess(), []);
});

pure("the sum is right, whatever was noted in what order", () => {
  const note = fc.record({
    who: fc.constantFrom("ana", "ben", "cem"),
    how: fc.constantFrom("note", "wait", "delete"),
    units: fc.nat({ max: MOST_UNITS }),
  });
  fc.assert(fc.property(fc.array(note), (notes) => {
    const buffers = new ReadBuffers<string>();
    const shares = new Map<string, { largest: number; waiting: number }>();
    for (const { who, how, units } of notes) {
      const share = shares.get(who) ?? { largest: 0, waiting: 0 };
      if (how === "note") share.largest = Math.max(units, share.largest);
      if (how === "wait") share.waiting = units;
      shares.set(who, share);
      if (how === "delete") shares.delete(who);
      buffers[how as "note"](who, units);
      for (const one of buffers.takeExcess()) shares.delete(one);
      const sum = shares.values().reduce((sum, one) => sum + Math.max(one.largest, one.waiting), 0);
      assert(sum <= MOST_UNITS);
      // Nobody had to end for less: one more that fits into the rest changes nothing.
      buffers.wait("dan", MOST_UNITS - sum);
      assertEquals(buffers.takeExcess(), []);
      buffers.delete("dan");
    }
  }));
});

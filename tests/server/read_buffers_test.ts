import { assertEquals } from "@std/assert";
import { LARGE, MOST_UNITS, ReadBuffers } from "../../src/server/read_buffers.ts";
import { pure } from "../support/pure.ts";

const HALF = MOST_UNITS / 2;

/** Connections that wait for nothing. */
function people() {
  return { ana: { pending: 0 }, ben: { pending: 0 }, cem: { pending: 0 } };
}

pure("whoever has said nothing large for the longest time has to end", () => {
  const { ana, ben, cem } = people();
  const buffers = new ReadBuffers();
  buffers.note(ana, HALF);
  buffers.note(ben, HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.note(ana, LARGE);
  buffers.note(cem, LARGE);
  assertEquals(buffers.takeExcess(), [ben]);
  assertEquals(buffers.takeExcess(), []);
});

pure("the largest frame of a connection counts, until it ends", () => {
  const { ana, ben, cem } = people();
  const buffers = new ReadBuffers();
  for (const units of [LARGE, HALF, LARGE]) buffers.note(ana, units);
  buffers.note(ben, HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.delete(ana);
  buffers.note(cem, HALF);
  assertEquals(buffers.takeExcess(), []);
  buffers.note(ana, LARGE);
  assertEquals(buffers.takeExcess(), [ben]);
});

pure("whoever waits for an answer stays until then", () => {
  const { ana, ben, cem } = people();
  const buffers = new ReadBuffers();
  for (const one of [ana, ben, cem]) buffers.note(one, HALF);
  ana.pending = 1;
  assertEquals(buffers.takeExcess(), [ben]);
  buffers.note(ben, HALF);
  ana.pending = 0;
  assertEquals(buffers.takeExcess(), [ana]);
});

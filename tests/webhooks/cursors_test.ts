import { assertEquals, assertRejects } from "@std/assert";
import type { Marker } from "../../src/core/store/store.ts";
import { Cursors } from "../../src/webhooks/cursors.ts";
import { pure } from "../support/pure.ts";

/** A store of markers that counts how often it is asked. */
class Shelf {
  asked = 0;
  fails = false;
  readonly kept = new Map<string, Map<string, Marker>>();

  load(person: string): Promise<ReadonlyMap<string, Marker>> {
    this.asked++;
    return Promise.resolve(this.kept.get(person) ?? new Map());
  }

  set(person: string, roomId: string, marker: Marker): Promise<void> {
    if (this.fails) return Promise.reject(new Error("full"));
    const markers = this.kept.get(person) ?? new Map();
    this.kept.set(person, markers.set(roomId, marker));
    return Promise.resolve();
  }
}

const room = (id: string, epoch = "e1") => ({ id, log: { epoch } });

pure("a cursor begins at 0, moves on, and is known to the next process", async () => {
  const shelf = new Shelf();
  const a = room("a");
  const cursors = new Cursors("hook", shelf);
  assertEquals(await cursors.of(a), 0);
  await cursors.move(a, 7);
  assertEquals([await cursors.of(a), shelf.asked], [7, 1]);
  assertEquals(await new Cursors("hook", shelf).of(room("a")), 7);
  assertEquals(await new Cursors("other", shelf).of(room("a")), 0);
  assertEquals(await new Cursors("hook", shelf).of(room("a", "e2")), 0);
});

pure("a cursor that the store cannot keep moves on in memory", async () => {
  const shelf = new Shelf();
  shelf.fails = true;
  const a = room("a");
  const cursors = new Cursors("hook", shelf);
  await assertRejects(() => cursors.move(a, 3), Error, "full");
  assertEquals(await cursors.of(a), 3);
});

pure("without a store, a cursor lives as long as its log", async () => {
  const a = room("a");
  const cursors = new Cursors("hook", undefined);
  await cursors.move(a, 3);
  assertEquals([await cursors.of(a), await cursors.of(room("a"))], [3, 0]);
});

pure("the rooms of a webhook have their markers in many small records", async () => {
  const shelf = new Shelf();
  const cursors = new Cursors("hook", shelf);
  for (let i = 0; i < 10_000; i++) await cursors.move(room(`room-${i * 7_919}`), 1);
  const sizes = [...shelf.kept.values()].map(({ size }) => size);
  assertEquals([sizes.length, Math.max(...sizes) < 200], [256, true]);
});

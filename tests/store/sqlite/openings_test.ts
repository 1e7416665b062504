import { assertEquals, assertRejects } from "@std/assert";
import { Openings, type RoomReading } from "../../../src/store/sqlite/openings.ts";
import type { SqliteRoom } from "../../../src/store/sqlite/room.ts";

/** Openings, and what has come of them, in its order. */
function bench(): { openings: Openings; told: string[] } {
  const told: string[] = [];
  const openings = new Openings({
    opened: ({ id }) => told.push(`opened ${id}`),
    failed: (id, error) => {
      told.push(`failed ${id}`);
      return new Error(`Told: ${error}`);
    },
  });
  return { openings, told };
}

/** The reading of a room in so many steps, each of which takes a turn. */
function* inSteps(id: string, steps: number, told: string[]): RoomReading & Generator<undefined> {
  for (let step = 1; step <= steps; step++) {
    for (const end = performance.now() + 2; performance.now() < end;);
    told.push(`${id}${step}`);
    yield;
  }
  return { id } as SqliteRoom;
}

Deno.test("Openings read one room after the other, and only for a part of a turn", async () => {
  const { openings, told } = bench();
  const asked = ["a", "b"].map((id) => openings.add(id, inSteps(id, 2, told)));
  assertEquals([told, openings.get("b")], [["a1"], asked[1]]);
  assertEquals((await Promise.all(asked)).map((room) => room?.id), ["a", "b"]);
  assertEquals(told, ["a1", "a2", "opened a", "b1", "b2", "opened b"]);
  assertEquals(openings.get("b"), undefined);
});

Deno.test("Openings go on behind a room that cannot be read, is not there, or is deleted", async () => {
  const { openings, told } = bench();
  const long = openings.add("a", inSteps("a", 3, told));
  const broken = openings.add("b", {
    next() {
      throw new Error("broken");
    },
  });
  const failed = assertRejects(() => broken, Error, "Told: Error: broken");
  const none = openings.add("c", [][Symbol.iterator]());
  const last = openings.add("d", inSteps("d", 1, told));
  openings.cancel("a");
  assertEquals([await long, await none, (await last)?.id], [undefined, undefined, "d"]);
  await failed;
  assertEquals(told, ["a1", "failed b", "d1", "opened d"]);
});

Deno.test("Openings.close() tells all who wait, and reads no further", async () => {
  const { openings, told } = bench();
  const asked = ["a", "b"].map((id) => openings.add(id, inSteps(id, 2, told)));
  openings.close(new Error("closed"));
  for (const opened of asked) await assertRejects(() => opened, Error, "closed");
  assertEquals(told, ["a1"]);
});

import { assertEquals, assertRejects } from "@std/assert";
import { RoomReader, type RoomReading } from "../../../src/store/sqlite/room_reader.ts";
import type { SqliteRoom } from "../../../src/store/sqlite/room.ts";

/** RoomReader, and what has come of them, in its order. */
function bench(): { reader: RoomReader; told: string[] } {
  const told: string[] = [];
  const reader = new RoomReader({
    opened: ({ id }) => told.push(`opened ${id}`),
    failed: (id, error) => {
      told.push(`failed ${id}`);
      return new Error(`Told: ${error}`);
    },
  });
  return { reader, told };
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

Deno.test("RoomReader read one room after the other, and only for a part of a turn", async () => {
  const { reader, told } = bench();
  const asked = ["a", "b"].map((id) => reader.add(id, inSteps(id, 2, told)));
  assertEquals([told, reader.get("b")], [["a1"], asked[1]]);
  assertEquals((await Promise.all(asked)).map((room) => room?.id), ["a", "b"]);
  assertEquals(told, ["a1", "a2", "opened a", "b1", "b2", "opened b"]);
  assertEquals(reader.get("b"), undefined);
});

Deno.test("RoomReader go on behind a room that cannot be read, is not there, or is deleted", async () => {
  const { reader, told } = bench();
  const long = reader.add("a", inSteps("a", 3, told));
  const broken = reader.add("b", {
    next() {
      throw new Error("broken");
    },
  });
  const failed = assertRejects(() => broken, Error, "Told: Error: broken");
  const none = reader.add("c", [][Symbol.iterator]());
  const last = reader.add("d", inSteps("d", 1, told));
  reader.cancel("a");
  assertEquals([await long, await none, (await last)?.id], [undefined, undefined, "d"]);
  await failed;
  assertEquals(told, ["a1", "failed b", "d1", "opened d"]);
});

Deno.test("RoomReader.close() tells all who wait, and reads no further", async () => {
  const { reader, told } = bench();
  const asked = ["a", "b"].map((id) => reader.add(id, inSteps(id, 2, told)));
  reader.close(new Error("closed"));
  for (const opened of asked) await assertRejects(() => opened, Error, "closed");
  assertEquals(told, ["a1"]);
});

import { assertEquals } from "@std/assert";
import { Eraser } from "../../../src/store/jetstream/eraser.ts";
import type { StreamMessage } from "../../../src/store/jetstream/link/stream_message.ts";
import { pure } from "../../support/pure.ts";

/** An eraser of a stream with these entries, the texts of which say whether they are redacted. */
function scene(stream: Map<number, string>) {
  const troubles: string[] = [];
  const scene = { fails: false, troubles };
  const eraser = new Eraser({
    link: {
      subject: (kind, of) => `${kind}.${of}`,
      entry: (_, seq) => {
        if (scene.fails) return Promise.reject(new Error("No answer"));
        const text = stream.get(seq);
        return Promise.resolve(text === undefined ? undefined : { text } as StreamMessage);
      },
      erase: (seq) => Promise.resolve(void stream.delete(seq)),
    },
    patienceMs: 1_000,
    troubled: (reason) => void troubles.push(reason),
  });
  const room = { id: "a", states: { redacts: (_: number, text: string) => text === "gone" } };
  return Object.assign(scene, { eraser, room });
}

pure(
  "entries are erased at once by the node of their redaction, and by others a while later",
  async () => {
    const stream = new Map([[1, "gone"], [2, "gone"], [3, "another one"]]);
    const { eraser, room } = scene(stream);
    eraser.add(room, [1, 3], 0, true);
    eraser.add(room, [2], 0, false);
    await eraser.settled();
    assertEquals([[...stream.keys()], eraser.size], [[2, 3], 1]);
    eraser.tick(999);
    await eraser.settled();
    assertEquals(eraser.size, 1);
    eraser.tick(1_000);
    await eraser.settled();
    assertEquals([[...stream.keys()], eraser.size], [[3], 0]);
  },
);

pure("nothing is erased from a stream that is another one by then", async () => {
  const stream = new Map([[1, "gone"]]);
  const { eraser, room, troubles } = scene(stream);
  eraser.add(room, [1], 0, false);
  eraser.clear();
  eraser.tick(2_000);
  await eraser.settled();
  assertEquals([stream.size, eraser.size, troubles], [1, 0, []]);
});

pure("an entry that cannot be erased is tried again, and that is said", async () => {
  const stream = new Map([[1, "gone"]]);
  const place = scene(stream);
  place.fails = true;
  place.eraser.add(place.room, [1], 0, true);
  await place.eraser.settled();
  assertEquals(place.troubles, ["Redacted entry 1 is not erased yet: No answer"]);
  place.fails = false;
  place.eraser.tick(1_000);
  await place.eraser.settled();
  assertEquals([stream.size, place.eraser.size], [0, 0]);
});

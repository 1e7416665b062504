import { assertEquals } from "@std/assert";
import { DELETED } from "../../src/core/store/store.ts";
import { WINDOW_SIZE } from "../../src/store/dedup_window.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { testStore } from "../../src/store/suite/suite.ts";
import { pure } from "../support/pure.ts";

let epochs = 0;
const newEpoch = () => `epoch${++epochs}`;

testStore(
  (name, fn) => Deno.test({ name: `MemoryStore: ${name}`, permissions: "none", fn }),
  () => (events, limits) => new MemoryStore(events, limits, newEpoch),
  { durable: false },
);

pure("MemoryStore: of a repeat from too long ago only that it is one can be told", async () => {
  const seqs: number[] = [];
  const store = new MemoryStore(
    { ...IGNORE, repeated: (_, seq) => seqs.push(seq) },
    { logEntries: 10, logBytes: 10_000 },
    newEpoch,
  );
  await store.create("a", "Lobby");
  const append = (n: number) => store.append("a", messageDraft("ana", n));
  for (let n = 1; n <= WINDOW_SIZE + 5; n++) append(n);
  for (const n of [1, 5, 6, 7, WINDOW_SIZE + 5]) append(n);
  assertEquals(seqs, [0, 0, 6, 7, WINDOW_SIZE + 5]);
});

pure("MemoryStore remembers the newest deleted rooms only", async () => {
  const store = new MemoryStore(IGNORE, { logEntries: 10, logBytes: 10_000 }, newEpoch);
  for (let i = 0; i <= DELETED.rooms; i++) store.delete(`room${i}`);
  // Deleted once more, it is one of the newest.
  store.delete("room1");
  store.delete("another");
  const isGone = (id: string) => store.create(id, "Lobby").then(() => false, () => true);
  assertEquals([await isGone("room0"), await isGone("room2")], [false, false]);
  assertEquals([await isGone("room1"), await isGone("room3")], [true, true]);
});

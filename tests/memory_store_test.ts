import { assertEquals } from "@std/assert";
import { MemoryStore } from "../src/store/memory.ts";
import { REMEMBERED_SENDS } from "../src/store/sends.ts";
import { messageDraft } from "./drafts.ts";
import { pure } from "./pure.ts";
import { IGNORE, testStore } from "./store_suite.ts";

let epochs = 0;
const newEpoch = () => `epoch${++epochs}`;

testStore({
  name: "MemoryStore",
  make: (events, limits) => new MemoryStore(events, limits, newEpoch),
  durable: false,
  shared: false,
  forgetsNumbers: true,
  permissions: "none",
});

pure("MemoryStore: of a repeat from too long ago only that it is one can be told", async () => {
  const seqs: number[] = [];
  const store = new MemoryStore(
    { ...IGNORE, repeated: (_, seq) => seqs.push(seq) },
    { logEntries: 10, logBytes: 10_000 },
    newEpoch,
  );
  await store.create("a", "Lobby");
  const append = (n: number) => store.append("a", messageDraft("ana", n));
  for (let n = 1; n <= REMEMBERED_SENDS + 5; n++) append(n);
  for (const n of [1, 5, 6, 7, REMEMBERED_SENDS + 5]) append(n);
  assertEquals(seqs, [0, 0, 6, 7, REMEMBERED_SENDS + 5]);
});

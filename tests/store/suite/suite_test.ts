/**
 * The suite itself: a store that breaks a promise fails it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { OpenStore } from "../../../src/core/store/store.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import type { Draft } from "../../../src/protocol/frames.ts";
import { openMemoryStore } from "../../../src/server/memory_store.ts";
import { testStore } from "../../../src/store/suite/suite.ts";
import { changedStore } from "../../support/changed_store.ts";
import { pure } from "../../support/pure.ts";

/** Runs the suite on a store, and returns the names of the tests that fail. */
async function failed(open: OpenStore): Promise<string[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  testStore((name, run) => tests.push({ name, run }), () => open, {
    durable: false,
    patienceMs: 20,
  });
  const outcomes = await Promise.allSettled(tests.map(({ run }) => run()));
  return outcomes.flatMap(({ status }, i) => status === "rejected" ? [tests[i]!.name] : []);
}

const asItIs = () => ({});

/** Broken promises, each with what the suite has to find. */
const BROKEN: [what: string, OpenStore, found: string][] = [
  [
    "that reports nothing",
    changedStore(asItIs, () => ({ stored: () => {} })),
    "entries have growing places, in the order of their coming",
  ],
  [
    "that reports twice",
    changedStore(asItIs, ({ stored }) => ({
      stored: (roomId) => [1, 2].forEach(() => stored(roomId)),
    })),
    "entries have growing places, in the order of their coming",
  ],
  [
    "that reports what is not in its log yet",
    changedStore((store, { stored }) => ({
      append: (roomId, draft) => {
        stored(roomId);
        queueMicrotask(() => store.append(roomId, draft));
      },
    }), () => ({ stored: () => {} })),
    "an entry is in its log, as it will be sent, when it is reported",
  ],
  [
    "that changes what is said",
    changedStore((store) => ({
      append: (roomId, draft) =>
        store.append(roomId, "body" in draft ? { ...draft, body: `${draft.body}!` } : draft),
    }), asItIs),
    "an entry is in its log, as it will be sent, when it is reported",
  ],
  [
    "that stores a repeat",
    changedStore((store) => {
      let n = 0;
      return {
        append: (roomId: string, draft: Draft) =>
          store.append(
            roomId,
            "body" in draft ? { ...draft, from: `${draft.from}${++n}`, n: 1 } : draft,
          ),
      };
    }, asItIs),
    "a repeat is not stored again, and answered with the place of the first",
  ],
  [
    "that loses the place of a repeat",
    changedStore(asItIs, ({ repeated }) => ({ repeated: (draft) => repeated(draft, 0) })),
    "a repeat is not stored again, and answered with the place of the first",
  ],
  [
    "that refuses with a code of its own",
    changedStore(asItIs, ({ refused }) => ({
      refused: (draft) => refused(draft, new ChatError("internal", "No")),
    })),
    "a draft for a room that is not there is refused, and its number stays free",
  ],
  [
    "that makes a deleted room again",
    changedStore((store) => ({ delete: (roomId) => store.release(roomId) }), asItIs),
    "a deleted room is gone, and none of its id is made again",
  ],
  [
    "that finds what was never made",
    changedStore((store) => ({ open: (id) => store.create(id, "Lobby") }), asItIs),
    "no room is found under an id that was never made",
  ],
  [
    "that forgets nobody",
    changedStore(() => ({ forget: () => {} }), asItIs),
    "a client that was forgotten begins again",
  ],
  [
    "that is settled too early",
    changedStore((store) => ({
      append: (roomId, draft) => queueMicrotask(() => store.append(roomId, draft)),
    }), asItIs),
    "all that was appended is reported when settled() resolves, or at once without it",
  ],
];

pure("a store that keeps its promises passes all tests of the suite", async () => {
  assertEquals(await failed(openMemoryStore), []);
});

for (const [what, open, found] of BROKEN) {
  pure(`a store ${what} does not pass the suite`, async () => {
    const names = await failed(open);
    assert(names.includes(found), `It fails only ${JSON.stringify(names)}`);
  });
}

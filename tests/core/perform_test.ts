import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Effect } from "../../src/core/state/effects.ts";
import { ask, type Hands, perform, tell } from "../../src/core/perform.ts";
import type { Store, StoredRoom } from "../../src/core/store/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { FakePeer, HubBench, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** Hands that only note what they are given. */
function notingHands(): { notes: unknown[][]; hands: Hands<string> } {
  const notes: unknown[][] = [];
  return {
    notes,
    hands: {
      send: (_, text) => notes.push(["send", text]),
      close: ({ reason }) => notes.push(["close", reason]),
      deliver: ({ person }) => notes.push(["deliver", person.name]),
      pass: ({ name }) => notes.push(["pass", name]),
      append: (roomId, drafts) => notes.push(["append", roomId, drafts.length]),
      delete: (roomId) => notes.push(["delete", roomId]),
      tell: ({ type }) => notes.push(["tell", type]),
      ask: ({ type }) => {
        notes.push(["ask", type]);
        return `${type} is pending`;
      },
    },
  };
}

/** A store that notes its calls, and opens the room that it is made with. */
function notingStore(stored?: StoredRoom): { calls: unknown[][]; store: Store } {
  const calls: unknown[][] = [];
  return {
    calls,
    store: {
      create: (...call) => {
        calls.push(["create", ...call]);
        return stored === undefined ? Promise.reject(new Error("full")) : Promise.resolve(stored);
      },
      open: (...call) => {
        calls.push(["open", ...call]);
        return Promise.resolve(stored);
      },
      append: () => {},
      release: (roomId) => calls.push(["release", roomId]),
      delete: () => {},
      forget: (clientId) => calls.push(["forget", clientId]),
      close: () => Promise.resolve(),
    },
  };
}

pure("perform() hands effects on in their order, and returns the answer that is awaited", () => {
  const { bench, ana, roomId } = twoInRoom();
  const room = bench.hub.rooms.get(roomId)!;
  const peer = new FakePeer(false);
  const effects: Effect[] = [
    { type: "close", peer, code: 1000, reason: "Bye", goodbye: "{}" },
    { type: "send", to: peer, text: "text" },
    { type: "append", roomId, drafts: [messageDraft("ana", 1, "x")] },
    { type: "deliver", member: ana.session!.rooms.any! },
    { type: "pass", room },
    { type: "forget", clientId: "ben" },
    { type: "open", peer, frame: { action: "join", roomId }, roomId },
  ];
  const { notes, hands } = notingHands();
  assertEquals(perform(effects, hands), "open is pending");
  assertEquals(notes, [
    ["close", "Bye"],
    ["send", "text"],
    ["append", roomId, 1],
    ["deliver", "Ana"],
    ["pass", "Lobby"],
    ["tell", "forget"],
    ["ask", "open"],
  ]);
  assertEquals(perform([], hands), undefined);
});

pure("tell() says all that a store wants to hear, and nothing that it has no ear for", () => {
  const { calls, store } = notingStore();
  const notices = [
    { type: "relay", roomId: "id", text: "text" },
    { type: "remember", clientId: "ana", name: "Ana" },
    { type: "trim", clientId: "ana" },
    { type: "release", roomId: "id" },
    { type: "forget", clientId: "ana" },
  ] as const;
  for (const notice of notices) tell(notice, store);
  assertEquals(calls.splice(0), [["release", "id"], ["forget", "ana"]]);
  const whole: Store = {
    ...store,
    trim: (clientId) => calls.push(["trim", clientId]),
    clients: { remember: (...call) => calls.push(["remember", ...call]) },
    bus: {
      relay: (...call) => calls.push(["relay", ...call]),
      recall: () => Promise.resolve(undefined),
      storedUpTo: () => 0,
    },
  };
  for (const notice of notices) tell(notice, whole);
  assertEquals(calls, [
    ["relay", "id", "text"],
    ["remember", "ana", "Ana"],
    ["trim", "ana"],
    ["release", "id"],
    ["forget", "ana"],
  ]);
});

pure("ask() goes on with the room that the store has opened", async () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const { calls, store } = notingStore(bench.stored("id", "Lobby"));
  const { notes, hands } = notingHands();
  const frame = { action: "join", roomId: "id", after: 3 } as const;
  const proceed = await ask(
    { type: "open", peer: ana, frame, roomId: "id" },
    bench.hub,
    store,
    hands,
  );
  assertEquals([calls, notes, bench.hub.rooms.size], [[["open", "id", 3]], [], 0]);
  assertEquals(proceed(bench.t), undefined);
  assertEquals(notes.map(([type]) => type), ["send", "deliver", "append"]);
});

pure("ask() gives back a room that finds no place, and refuses one that is not there", async () => {
  const bench = new HubBench({ maxRooms: 1 });
  const ana = bench.v1("Ana");
  const { hands } = notingHands();
  const frame = { action: "join", roomId: "id" } as const;
  const question = { type: "open", peer: ana, frame, roomId: "id" } as const;
  const lost = await ask(question, bench.hub, notingStore().store, hands);
  assertEquals(assertThrows(() => lost(bench.t), ChatError).code, "room_not_found");
  bench.create(ana, "Other");
  const { calls, store } = notingStore(bench.stored("id", "Lobby"));
  const proceed = await ask(question, bench.hub, store, hands);
  assertEquals(assertThrows(() => proceed(bench.t), ChatError).code, "too_many_rooms");
  assertEquals(calls, [["open", "id", undefined], ["release", "id"]]);
});

pure("ask() fails as the store does", async () => {
  const bench = new HubBench();
  const frame = { action: "create", name: "Lobby" } as const;
  const question = {
    type: "create",
    peer: bench.v1("Ana"),
    frame,
    roomId: "id",
    name: "L",
  } as const;
  const { calls, store } = notingStore();
  await assertRejects(() => ask(question, bench.hub, store, notingHands().hands), Error, "full");
  assertEquals(calls, [["create", "id", "L"]]);
});

pure("ask() goes on with the client that another process has remembered", async () => {
  const bench = new HubBench({}, true);
  const ana = bench.peer(false);
  bench.hub.connect(ana, bench.t);
  const asked: unknown[] = [];
  const store: Store = {
    ...notingStore().store,
    bus: {
      relay: () => {},
      recall: (id, { n, sent, isHere }) => {
        asked.push(id, n, sent, isHere());
        return Promise.resolve({ id, name: "Ana", n: 7 });
      },
      storedUpTo: () => 0,
    },
  };
  const frame = { action: "hello", session: "ana.signed:ana", n: 6, sent: 8 } as const;
  const { notes, hands } = notingHands();
  const question = { type: "recall", peer: ana, frame, clientId: "ana" } as const;
  const proceed = await ask(question, bench.hub, store, hands);
  assertEquals(asked, ["ana", 6, 8, true]);
  proceed(bench.t);
  assertEquals([notes.map(([type]) => type), ana.session?.n], [["send"], 7]);
});

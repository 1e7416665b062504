/**
 * A store that somebody else has written, and that does what no store may: it ends nothing but the
 * requests that it spoils, and clients hear nothing from it that is not so.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Log } from "../../src/core/log/log.ts";
import type { OpenStore, Store, StoreEvents } from "../../src/core/store/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Draft } from "../../src/protocol/frames.ts";
import { Roster } from "../../src/protocol/roster.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { changedStore } from "../support/changed_store.ts";
import { turn, until } from "../support/waiting.ts";
import { Bench } from "./engine_setting.ts";
import "../support/ignore_unpermitted.ts";

function fail(): never {
  throw new TypeError("it is hostile");
}

/** The reports of a store, at hand for a test. */
function withReports(change: (store: Store) => Partial<Store> = () => ({})) {
  let events: StoreEvents | undefined;
  const open = changedStore((store, given) => {
    events = given;
    return change(store);
  });
  return { open, report: () => events! };
}

/** The errors that a bench has logged, each by its subject. */
function errors(bench: Bench): unknown[] {
  return bench.log.filter(({ level }) => level === "error").map(({ event, fields }) =>
    fields.at ?? event
  );
}

/** Ana in a room that she has made. */
async function anaInRoom(bench: Bench) {
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = String(ana.socket.take()[0]?.room_id);
  await turn();
  ana.socket.take();
  return { ...ana, roomId };
}

for (
  const [how, answer] of [
    ["throws", fail],
    ["rejects", () => Promise.reject(new TypeError("it is hostile"))],
    ["rejects with nothing", () => Promise.reject()],
    ["returns no promise", () => ({}) as never],
    ["has another room", () =>
      Promise.resolve({
        id: "other",
        name: "Other",
        log: new Log("epoch", { logEntries: 1, logBytes: 1 }),
        roster: new Roster(),
      })],
    ["has something else", (id: string) => Promise.resolve({ id, name: "Other" } as never)],
  ] as [string, (id: string) => Promise<never>][]
) {
  Deno.test(`a store that ${how} where a room is asked for spoils that request alone`, async () => {
    let isHostile = true;
    await using bench = new Bench(
      {},
      changedStore((store) => ({
        create: (id, name) => isHostile ? answer(id) : store.create(id, name),
        open: (id) => isHostile ? answer(id) : store.open(id),
      })),
    );
    const { socket } = bench.v1();
    socket.hear({ action: "create", body: "Lobby", ref: 1 });
    socket.hear({ action: "join", body: "k7q2-m9xd-4hwn-r3tc", ref: 2 });
    await until(() => socket.sent.length === 2, "two requests have no two answers");
    const codes = socket.take().map(({ code, ref }) => [code, ref]);
    assertEquals(codes, [["internal", 1], ["internal", 2]]);
    assertEquals([bench.engine.rooms, errors(bench)], [0, ["request failed", "request failed"]]);
    isHostile = false;
    socket.hear({ action: "create", body: "Lobby" });
    await turn();
    assertEquals(socket.take()[0]?.status, "success");
  });
}

Deno.test("nothing else that a store throws spoils anything but its own log line", async () => {
  await using bench = new Bench(
    { graceMs: 0, sessionMs: 0, emptyRoomMs: 0 },
    changedStore(() => ({
      release: fail,
      delete: () => {},
      trim: fail,
      forget: fail,
      clients: { remember: fail, remembered: () => [] },
    })),
  );
  const { socket, roomId } = await anaInRoom(bench);
  socket.hear({ action: "rename", body: "Anna" });
  socket.hear({ action: "leave", body: { room_id: roomId } });
  socket.end(1000);
  await until(() => bench.engine.rooms === 0, "the room stays");
  assertEquals(bench.engine.connections, 0);
  const found = new Set(errors(bench));
  assert(["remember", "forget", "release"].every((what) => found.has(what)), [...found].join());
});

Deno.test("the author of a message that a store throws at begins anew: perhaps it is stored", async () => {
  await using bench = new Bench(
    {},
    changedStore((store) => ({
      append: (roomId, draft) => {
        store.append(roomId, draft);
        if ("body" in draft) fail();
      },
    })),
  );
  const { socket, roomId } = await anaInRoom(bench);
  socket.hear({ action: "message", room_id: roomId, n: 1, body: "perhaps" });
  const [goodbye, ...others] = socket.take();
  assertMatch(String(goodbye?.reason), /not known what is stored/);
  assertEquals([goodbye?.event, others, errors(bench)], ["goodbye", [], ["append"]]);
});

Deno.test("a seq that goes back gets into no log, and to no client", async () => {
  await using bench = new Bench({}, (events) => {
    const log = new Log("epoch", { logEntries: 10, logBytes: 10_000 });
    const room = { id: "", name: "Lobby", log, roster: new Roster() };
    const store: Store = {
      create: (id) => Promise.resolve(Object.assign(room, { id })),
      open: () => Promise.resolve(undefined),
      append: (roomId, draft) => {
        log.push(7, JSON.stringify({ seq: 7, ...draft }));
        events.stored(roomId);
      },
      release: () => {},
      delete: () => {},
      forget: () => {},
      close: () => Promise.resolve(),
    };
    return store;
  });
  const { socket, roomId } = await anaInRoom(bench);
  socket.hear({ action: "message", room_id: roomId, n: 1, body: "x" });
  await turn();
  assertEquals(socket.take().map(({ event }) => event), ["goodbye"]);
  assertEquals(new Set(errors(bench)), new Set(["append"]));
});

Deno.test("reports of what cannot be reach no client, and throw nothing at the store", async () => {
  const { open, report } = withReports();
  await using bench = new Bench({}, open);
  const ana = await anaInRoom(bench);
  const ben = bench.v1();
  ben.socket.hear({ action: "join", body: ana.roomId });
  ana.socket.hear({ action: "message", room_id: ana.roomId, n: 1, body: "x" });
  await turn();
  for (const { socket } of [ana, ben]) socket.take();
  const { id, roomId } = ana;
  const typing = (room_id: string) => JSON.stringify({ event: "typing", room_id, from: "x" });
  const no = new ChatError("internal", "No");
  const none = undefined as never;
  const reports: ((to: StoreEvents) => void)[] = [
    (to) => to.repeated(messageDraft(id, 2), 9),
    (to) => to.repeated(messageDraft(id, 0), 9),
    (to) => to.repeated(messageDraft(id, NaN), 9),
    (to) => to.repeated(messageDraft(id, 1), -1),
    (to) => to.repeated(messageDraft(id, 1), NaN),
    (to) => to.repeated(none, 1),
    (to) => to.refused(messageDraft(id, 2), no),
    (to) => to.refused(messageDraft(id, -1), no, true),
    (to) => to.refused(none, no),
    (to) => to.relayed(roomId, typing(roomId)),
    (to) => to.taken(id, undefined),
    (to) => to.orphaned(roomId, none),
  ];
  for (const each of reports) each(report());
  assertEquals(errors(bench).length, reports.length);
  // What is about nobody and no room here is nothing.
  report().stored("nowhere");
  report().stored(none);
  report().repeated(messageDraft("nobody", 1), 1);
  report().refused(messageDraft("nobody", 1), no);
  report().orphaned("nowhere", [id]);
  report().orphaned(roomId, ["nobody", id]);
  report().gone("nowhere", "deleted");
  await turn();
  assertEquals([ana.socket.take(), ben.socket.take(), errors(bench).length], [
    [],
    [],
    reports.length,
  ]);
  ana.socket.hear({ action: "message", room_id: roomId, n: 2, body: "y" });
  await turn();
  const [frame] = ben.socket.take();
  assertEquals((frame?.entries as Draft[]).map(({ n }) => n), [2]);
});

Deno.test("a refusal that is no ChatError leaves its author in doubt", async () => {
  const { open, report } = withReports((store) => ({
    append: (roomId, draft) => {
      if ("body" in draft) report().refused(draft, "no" as never);
      else store.append(roomId, draft);
    },
  }));
  await using bench = new Bench({}, open);
  const { socket, roomId } = await anaInRoom(bench);
  socket.hear({ action: "message", room_id: roomId, n: 1, body: "x" });
  assertEquals(socket.take().map(({ event }) => event), ["goodbye"]);
  assertEquals(errors(bench), ["refused"]);
});

/** A store that other processes use too, with a bus that answers like this. */
function withBus(recall: (id: string) => Promise<never>): OpenStore {
  return changedStore(() => ({ bus: { relay: fail, recall, storedUpTo: () => 0 } }));
}

Deno.test("nobody becomes another client because a store says so", async () => {
  const secret = "s".repeat(32);
  await using bench = new Bench(
    { secret },
    withBus(() => Promise.resolve({ id: "ben", name: "Ben", n: 0 } as never)),
  );
  const { session } = bench.v1();
  const socket = bench.connect("v1");
  socket.hear({ action: "hello", body: { session }, ref: 1 });
  await turn();
  assertEquals(socket.take().map(({ code, ref }) => [code, ref]), [["internal", 1]]);
  assertEquals(errors(bench), ["request failed"]);
});

Deno.test("clients of earlier processes that cannot be are left out", async () => {
  const remembered = [
    { id: "ana", name: "Ana", n: 3 },
    { id: "ana", name: "Other", n: 4 },
    { id: "ben", name: undefined, n: -1 },
    { id: 7, name: undefined, n: 0 },
    { id: "cleo", name: 7, n: 0 },
    undefined,
  ] as { id: string; name: string | undefined; n: number }[];
  await using bench = new Bench(
    {},
    changedStore(() => ({
      clients: { remember: () => {}, remembered: () => remembered },
    })),
  );
  assertEquals(errors(bench).length, 5);
});

Deno.test("a store whose key anybody could guess is not used", () => {
  let closed = 0;
  const open = (length: number) =>
    changedStore(() => ({
      clients: { key: new Uint8Array(length), remember: () => {} },
      close: () => {
        closed++;
        return Promise.reject(new Error("it is hostile"));
      },
    }));
  assertThrows(() => new Bench({}, open(0)), RangeError, "must have 32 bytes, not 0");
  assertThrows(() => new Bench({}, open(31)), RangeError, "must have 32 bytes, not 31");
  assertEquals(closed, 2);
});

Deno.test("a store that does not say which clients it remembers is closed", () => {
  let closed = 0;
  const answers = [fail, () => 7 as never];
  for (const remembered of answers) {
    const open = changedStore(() => ({
      clients: { remember: () => {}, remembered },
      close: () => Promise.resolve(void closed++),
    }));
    assertThrows(() => new Bench({}, open), TypeError);
  }
  assertEquals(closed, answers.length);
});

Deno.test("a client that a store never answers is closed, and may come again", async () => {
  const never = () => new Promise<never>(() => {});
  let isSilent = false;
  await using bench = new Bench(
    { heartbeatMs: 200 },
    changedStore((store) => ({
      create: (id, name) => isSilent ? never() : store.create(id, name),
      settled: () => isSilent ? never() : undefined,
    })),
  );
  const { socket: leaving, roomId } = await anaInRoom(bench);
  const { socket: creating } = bench.v1();
  const plain = bench.connect("plain");
  const sockets = [leaving, creating, plain];
  isSilent = true;
  leaving.hear({ action: "leave", body: { room_id: roomId } });
  for (const socket of [creating, plain]) socket.hear({ action: "create", body: "Lobby" });
  const alive = () => {
    bench.time.ms += 50;
    for (const socket of [leaving, creating]) socket.hear({ action: "pong" });
  };
  await until(() => (alive(), bench.engine.connections === 0), "somebody waits", { everyMs: 50 });
  assertEquals(sockets.map((socket) => socket.closedWith?.[0]), [4004, 4004, 4004]);
});

for (
  const [how, settled] of [
    ["throws", fail],
    ["rejects", () => Promise.reject(new TypeError("it is hostile"))],
  ] as [string, () => Promise<never>][]
) {
  Deno.test(`where a store ${how} instead of telling what is stored, nobody is told what is not so`, async () => {
    let isHostile = false;
    await using bench = new Bench(
      {},
      changedStore(() => ({ settled: () => isHostile ? settled() : undefined })),
    );
    const { socket, roomId } = await anaInRoom(bench);
    const plain = bench.connect("plain");
    plain.hear({ action: "join", body: roomId });
    await turn();
    plain.take();
    isHostile = true;
    plain.hear({ action: "message", body: "x" });
    plain.hear({ action: "dance" });
    await turn();
    // It is stored. What would have come behind is not taken for its answer.
    assertEquals(plain.take().map(({ message }) => message), ["Message sent", "Internal error"]);
    assertEquals(plain.closedWith?.[0], 4004);
    socket.hear({ action: "leave", body: { room_id: roomId }, ref: 1 });
    await turn();
    assertEquals(socket.take().at(-1)?.code, "internal");
  });
}

for (
  const [how, close] of [
    ["throws", fail],
    ["rejects", () => Promise.reject(new TypeError("it is hostile"))],
    ["never ends", () => new Promise<never>(() => {})],
  ] as [string, () => Promise<never>][]
) {
  Deno.test(`a chat ends whose store ${how} when it is closed, and hears nothing of it any more`, async () => {
    const { open, report } = withReports(() => ({ close, settled: close }));
    const bench = new Bench({ closeMs: 20 }, open);
    const { socket, id } = bench.v1();
    await bench[Symbol.asyncDispose]();
    assertEquals(errors(bench), how === "never ends" ? [] : ["settled", "settled", "close"]);
    socket.take();
    bench.log.length = 0;
    report().refused(messageDraft(id, 9), new ChatError("internal", "No"));
    report().failing("it is hostile");
    report().troubled("it is hostile");
    assertEquals([socket.take(), bench.log], [[], []]);
  });
}

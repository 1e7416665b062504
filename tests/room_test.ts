import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeEntry } from "../src/encode.ts";
import { Log } from "../src/log.ts";
import { CATCH_UP_BYTES, type Member, Room } from "../src/room.ts";
import { Roster } from "../src/roster.ts";
import { messageDraft } from "./drafts.ts";
import { pure } from "./pure.ts";

function room(entries = 0, body = "x"): Room {
  const log = new Log("epoch", { logEntries: 1_000, logBytes: 10_000_000 });
  const made = new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 100);
  for (let i = 0; i < entries; i++) push(made, body);
  return made;
}

function push({ log }: Room, body = "x"): void {
  const seq = log.head + 1;
  log.push(seq, encodeEntry(seq, messageDraft("ana", 1, body)));
}

function seqsOf(frame: string): number[] {
  return JSON.parse(frame).entries.map(({ seq }: { seq: number }) => seq);
}

pure("Room.add() puts a member at the head, and the room is empty no longer", () => {
  const lobby = room(3);
  assertEquals(lobby.emptySince, 100);
  const member = lobby.add({ id: "ana", name: "Ana" });
  assertEquals([member.cursor, member.index, lobby.emptySince], [3, 0, undefined]);
});

pure("Room.remove() keeps the places of the others right, in any order", () => {
  const orders = fc.array(fc.nat({ max: 9 }), { maxLength: 20 });
  fc.assert(fc.property(orders, (picks) => {
    const lobby = room();
    const inside: Member[] = [];
    for (let i = 0; i < 10; i++) inside.push(lobby.add({ id: `${i}`, name: undefined }));
    for (const pick of picks) {
      const member = inside[pick % Math.max(1, inside.length)];
      if (member === undefined) break;
      inside.splice(inside.indexOf(member), 1);
      lobby.remove(member, 200);
      lobby.members.forEach(({ index }, i) => assertEquals(index, i));
      assertEquals(new Set(lobby.members), new Set(inside));
    }
    assertEquals(lobby.emptySince, inside.length === 0 ? 200 : undefined);
  }));
});

pure("Room.remove() of the last member starts the room's time, and ends its quiet", () => {
  const lobby = room();
  const member = lobby.add({ id: "ana", name: undefined });
  lobby.hush();
  lobby.roster.apply({ event: "quiet", from: "" });
  lobby.remove(member, 300);
  assertEquals([lobby.emptySince, lobby.quiet], [300, false]);
  assertThrows(() => lobby.remove(member, 300), RangeError, "it is empty");
});

pure("Room.remove() of the last member here keeps a room quiet that others may be in", () => {
  const { id, name, log } = room();
  const shared = new Room({ id, name, log, roster: new Roster(), shared: true }, 0);
  const member = shared.add({ id: "ana", name: undefined });
  shared.roster.apply({ event: "quiet", from: "" });
  shared.remove(member, 300);
  assert(shared.quiet);
});

pure("Room.membersFor() shows whoever comes in as there, and nobody in a quiet room", () => {
  const lobby = room();
  lobby.roster.reset([{ client_id: "ana", name: "Ana", away: true }, {
    client_id: "ben",
    away: true,
  }]);
  assertEquals(lobby.membersFor({ id: "ana", name: "Anna" }), [
    { client_id: "ana", name: "Anna" },
    { client_id: "ben", away: true },
  ]);
  assertEquals(lobby.membersFor({ id: "cleo", name: undefined }).length, 3);
  assertEquals(lobby.roster.members.size, 2);
  lobby.hush();
  assertEquals(lobby.membersFor({ id: "ana", name: "Anna" }), []);
});

pure(
  "Room.batchAfter() holds everything behind a cursor, the same text for all who are there",
  () => {
    const lobby = room(5);
    const batch = lobby.batchAfter(2);
    assertEquals([seqsOf(batch.frame), batch.upTo], [[3, 4, 5], 5]);
    assert(lobby.batchAfter(2) === batch);
    assert(lobby.batchAfter(3) !== batch);
    push(lobby);
    assertEquals(seqsOf(lobby.batchAfter(2).frame), [3, 4, 5, 6]);
  },
);

pure("Room.batchAfter() ends a frame that is long enough, and goes on in the next", () => {
  const lobby = room(20, "x".repeat(60_000));
  let cursor = 0;
  const seqs: number[] = [];
  while (cursor < lobby.log.head) {
    const { frame, upTo } = lobby.batchAfter(cursor, CATCH_UP_BYTES);
    assert(frame.length < Math.max(CATCH_UP_BYTES, 60_000) + 200);
    seqs.push(...seqsOf(frame));
    assert(upTo > cursor);
    cursor = upTo;
  }
  assertEquals(seqs, Array.from({ length: 20 }, (_, i) => i + 1));
});

pure("Room.batchAfter() makes each frame of a long turn once for all members", () => {
  const lobby = room(20, "x".repeat(3_000));
  const frames = () => {
    const batches = [];
    for (let cursor = 0; cursor < lobby.log.head; cursor = batches.at(-1)!.upTo) {
      batches.push(lobby.batchAfter(cursor, CATCH_UP_BYTES));
    }
    return batches;
  };
  const first = frames();
  assert(first.length > 3);
  assert(frames().every((batch, i) => batch === first[i]));
  push(lobby);
  assertEquals(seqsOf(lobby.batchAfter(first.at(-2)!.upTo, CATCH_UP_BYTES).frame).at(-1), 21);
  lobby.settle();
  assert(frames()[0] !== first[0]);
});

pure(
  "Room.plainAfter() reads an entry once for all who get it in a turn, also one without words",
  () => {
    const lobby = room();
    lobby.log.push(1, `{"seq":1,"at":5,"from":"ana","n":1,"body":"hi"}`);
    lobby.log.push(2, `{"seq":2,"at":5,"event":"join","from":"ana"}`);
    const message = lobby.plainAfter(0);
    assertEquals(message, { entry: { from: "ana", text: `{"from":"ana","body":"hi"}` }, upTo: 1 });
    assertEquals(lobby.plainAfter(1), { entry: null, upTo: 2 });
    assert(lobby.plainAfter(0) === message);
    lobby.settle();
    assert(lobby.plainAfter(0) !== message);
  },
);

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Log } from "../../../src/core/log/log.ts";
import { type Member, type Outlet, Room, type Start } from "../../../src/core/state/room.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

function room(entries = 0, body = "x", logEntries = 1_000): Room {
  const log = new Log("epoch", { logEntries, logBytes: 10_000_000 });
  const made = new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 100);
  for (let i = 0; i < entries; i++) push(made, body);
  return made;
}

function push({ log }: Room, body = "x"): void {
  const seq = log.head + 1;
  log.push(seq, encodeEntry(seq, messageDraft("ana", 1, body)));
}

pure("Room.add() puts a member at the head, and the room is empty no longer", () => {
  const lobby = room(3);
  assertEquals(lobby.emptySince, 100);
  const member = lobby.add({ id: "ana", name: "Ana" });
  assertEquals([member.cursor, member.index, lobby.emptySince], [3, 0, undefined]);
});

function outlet(plain: boolean): Outlet {
  return { plain, ready: true, idle: true, send: () => {} };
}

/** Brings a member into a room, connected. */
function enter(lobby: Room, id: string, plain = false): Member {
  const member = lobby.add({ id, name: undefined }, plain);
  lobby.enter(member, outlet(plain), 0);
  return member;
}

pure("Room.enter() places the cursor where it is asked to, if nothing is missing behind it", () => {
  const asked: [Start, recovers: boolean | undefined, cursor: number][] = [
    [{}, undefined, 5],
    [{ last: 0 }, undefined, 5],
    [{ last: 2 }, undefined, 3],
    [{ last: 100 }, undefined, 2],
    [{ after: 3, epoch: "epoch" }, true, 3],
    [{ after: 1, epoch: "epoch" }, false, 5],
    [{ after: 6, epoch: "epoch" }, false, 5],
    [{ after: 3, epoch: "another" }, false, 5],
    [{ after: 1, epoch: "epoch", last: 1 }, false, 4],
    [{ after: 3, epoch: "epoch", last: 1 }, true, 3],
  ];
  for (const [start, recovers, cursor] of asked) {
    const lobby = room(0, "x", 3);
    const member = lobby.add({ id: "ana", name: undefined });
    for (let i = 0; i < 5; i++) push(lobby);
    assertEquals(
      [lobby.enter(member, outlet(false), 0, start), member.cursor, lobby.here],
      [recovers, cursor, 1],
    );
  }
});

pure("Room.enter() finds a cursor that is ahead of its log", () => {
  const lobby = room(3);
  const member = enter(lobby, "ana");
  member.cursor = 4;
  assertThrows(
    () => lobby.enter(member, outlet(false), 0),
    RangeError,
    "Cannot read behind 4: the log is at 3",
  );
});

pure("Room.enter() of a member that is here leaves its cursor, unless it asks for more", () => {
  const lobby = room(5);
  const member = enter(lobby, "ana");
  push(lobby);
  assertEquals([lobby.enter(member, outlet(false), 0), member.cursor, lobby.here], [
    undefined,
    5,
    1,
  ]);
  const entered = (start: Start) => [lobby.enter(member, outlet(false), 0, start), member.cursor];
  assertEquals(entered({ after: 6, epoch: "epoch" }), [true, 5], "what is under way still comes");
  assertEquals(entered({ last: 0 }), [undefined, 5]);
  assertEquals(entered({ last: 3 }), [undefined, 3]);
  assertEquals(entered({ after: 1, epoch: "epoch", last: 6 }), [true, 1]);
  assertEquals(lobby.here, 1);
});

/** Counts the messages of `units` units that somebody can add to a room of such `members` before it has to wait. */
function admitted(members: { v1?: number; plain?: number }, units: number): number {
  const lobby = room();
  const ana = { id: "ana", name: undefined };
  for (let i = 0; i < (members.v1 ?? 0); i++) enter(lobby, `v${i}`);
  for (let i = 0; i < (members.plain ?? 0); i++) enter(lobby, `p${i}`, true);
  let count = 0;
  while (count < 10_000 && lobby.admit(ana, units, 0) === 0) count++;
  return count;
}

pure("Room.admit() lets anybody say anything where few are told", () => {
  assertEquals([admitted({ plain: 15 }, 65_536), admitted({ v1: 15 }, 0)], [10_000, 10_000]);
});

pure("Room.admit() has a place for a third of the log, or for what its members can be sent", () => {
  assertEquals(admitted({ v1: 16 }, 20), 334, "two thirds of half of the log");
  assertEquals(admitted({ v1: 400 }, 65_536), 2, "two thirds of 64 MiB for all members together");
  assertEquals(admitted({ plain: 400 }, 20), 55, "two thirds of 32,768 frames");
  assertEquals(admitted({ plain: 400, v1: 10 }, 20), 55);
});

pure(
  "Room.admit() has places again for what was sent, and none for what only a round is made of",
  () => {
    const lobby = room();
    const ana = { id: "ana", name: undefined };
    for (let i = 0; i < 1_000; i++) enter(lobby, `${i}`, true);
    const fill = (now: number) => {
      let count = 0;
      while (lobby.admit(ana, 0, now) === 0) count++;
      return count;
    };
    assertEquals(fill(0), 22);
    lobby.begin();
    assertEquals(fill(0), 0);
    lobby.end();
    assertEquals(fill(10_000), 22);
    for (const member of [...lobby.members]) lobby.remove(member, 10_000);
    assertEquals(lobby.admit(ana, 0, 10_000), 0, "nobody is left");
  },
);

pure("Room.admit() does not count members who are away", () => {
  const lobby = room();
  for (let i = 0; i < 400; i++) lobby.unseat(enter(lobby, `${i}`), 0);
  for (let i = 0; i < 100; i++) {
    assertEquals(lobby.admit({ id: "ana", name: undefined }, 65_536, 0), 0);
  }
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
  assertThrows(() => lobby.remove(member, 300), RangeError, "ana is not in it");
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

pure("Room.remove() leaves before the round who is done and behind it who is not", () => {
  const orders = fc.array(fc.record({ walk: fc.nat({ max: 3 }), pick: fc.nat({ max: 30 }) }));
  fc.assert(fc.property(orders, (steps) => {
    const lobby = room();
    for (let i = 0; i < 20; i++) enter(lobby, `${i}`);
    const round = lobby.begin();
    const done = new Set<Member>();
    const waiting = new Set(lobby.members);
    for (const { walk, pick } of steps) {
      for (let i = 0; i < walk && round.next < lobby.members.length; i++) {
        const member = lobby.members[round.next++]!;
        assert(waiting.delete(member));
        done.add(member);
      }
      const leaving = lobby.members[pick % Math.max(1, lobby.members.length)];
      if (leaving === undefined) break;
      lobby.remove(leaving, 200);
      if (!done.delete(leaving)) waiting.delete(leaving);
      lobby.members.forEach(({ index }, i) => assertEquals(index, i));
      assertEquals(new Set(lobby.members.slice(0, round.next)), done);
      assertEquals(new Set(lobby.members.slice(round.next)), waiting);
    }
  }));
});

pure("Room.owing is the part of the log that a round has not brought to everybody", () => {
  const lobby = room(20);
  assertEquals([lobby.owing.toFixed(2), lobby.round], ["0.02", undefined]);
  const round = lobby.begin();
  assertEquals([lobby.owing.toFixed(2), lobby.round === round], ["0.02", true]);
  push(lobby);
  assertEquals([lobby.owing.toFixed(3), round.batches.head], ["0.021", 20]);
  lobby.end();
  assertEquals([lobby.owing.toFixed(3), lobby.round], ["0.001", undefined]);
});

pure("Room.owing is nothing after a round that brought what weighs more as bytes", () => {
  const lobby = room(3, "€".repeat(100_000));
  lobby.begin().batches.after(0);
  assert(lobby.owing > 0.08);
  lobby.end();
  assertEquals(lobby.owing, 0);
});

pure("Room.begin() makes the frames of large rooms small", () => {
  const longest = (members: number) => {
    const lobby = room(200, "x".repeat(1_000));
    for (let i = 0; i < members; i++) enter(lobby, `${i}`);
    return lobby.begin().batches.after(0)?.frame.length ?? 0;
  };
  const lengths = [1, 100, 400, 2_000, 10_000].map(longest);
  const most = [131_072, 131_072, 41_944, 8_389, 4_096];
  lengths.forEach((length, i) => {
    const part = length / most[i]!;
    assert(part > 0.5 && part < 1.1, `${lengths}`);
  });
});

pure("Room.pass() keeps frames of the moment for the next round, each once", () => {
  const lobby = room();
  const ana = lobby.add({ id: "ana", name: undefined }).person;
  assertEquals([lobby.pass("1", ana, 0), lobby.pass("1", ana, 0), lobby.pass("2", undefined, 0)], [
    true,
    false,
    true,
  ]);
  assertEquals([...lobby.begin().passing], [["1", ana], ["2", undefined]]);
  assertEquals(lobby.pass("3", ana, 0), false);
  lobby.end();
  assertEquals([...lobby.begin().passing], []);
});

pure("Room.pass() takes only so many at once, and none in a quiet room", () => {
  const lobby = room();
  const taken = Array.from({ length: 50 }, (_, i) => lobby.pass(`${i}`, undefined, 0));
  assertEquals(taken.filter((was) => was).length, 8);
  lobby.begin();
  lobby.end();
  lobby.hush();
  assertEquals(lobby.pass("1", undefined, 0), false);
});

pure("Room.pass() takes as few as its members are many", () => {
  const perSecond = (members: number) => {
    const lobby = room();
    for (let i = 0; i < members; i++) enter(lobby, `${i}`);
    let taken = 0;
    for (let now = 0; now < 100_000; now += 10) {
      if (lobby.pass(`${now}`, undefined, now)) taken++;
      lobby.begin();
      lobby.end();
    }
    return Math.round(taken / 100);
  };
  assertEquals([perSecond(4), perSecond(100), perSecond(400)], [100, 40, 10]);
});

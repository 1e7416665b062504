import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Log } from "../../../src/core/log/log.ts";
import { type Member, type Outlet, Room } from "../../../src/core/state/room.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { Connection } from "../../../src/server/connections/connection.ts";
import type { Pump } from "../../../src/server/connections/pump.ts";
import { FakePeer } from "../../support/hub_harness.ts";
import { pure } from "../../support/pure.ts";
import { turn, until, untilTurn } from "../../support/waiting.ts";
import { connectionOptions } from "../connection_options.ts";
import { FakeSocket } from "../fake_socket.ts";
import { bench, seqs } from "../pump_scene.ts";

pure(
  "Pump.mark() sends at the end of the turn, all of it in one frame, the same to all",
  async () => {
    const { say, member } = bench();
    const [ana, ben] = [new FakePeer(false), new FakePeer(false)];
    member("ana", ana);
    member("ben", ben);
    for (const body of ["1", "2", "3"]) say(body);
    assertEquals(ana.sent, []);
    await turn();
    assertEquals(ana.sent.map(seqs), [[1, 2, 3]]);
    assertEquals(ben.sent, ana.sent);
    say("4");
    await turn();
    assertEquals(ana.sent.map(seqs), [[1, 2, 3], [4]]);
  },
);

pure("what comes at once and is more than the log keeps reaches everybody", async () => {
  const { say, member } = bench(10);
  const [ana, ben] = [new FakePeer(false), new FakePeer(false)];
  member("ana", ana);
  member("ben", ben);
  const all = Array.from({ length: 95 }, (_, i) => i + 1);
  for (const i of all) say(`${i}`);
  await turn();
  assertEquals(ana.sent.flatMap(seqs), all);
  assertEquals(ben.sent, ana.sent);
});

pure("many rooms wait in line, so that there is a look for input in between", async () => {
  const { pump } = bench();
  const peers = Array.from({ length: 300 }, (_, i) => {
    const log = new Log("e", { logEntries: 9, logBytes: 999 });
    const room = new Room({ id: `${i}`, name: "Lobby", log, roster: new Roster() }, 0);
    const peer = new FakePeer(false);
    room.enter(room.add({ id: "ana", name: undefined }), peer, 0);
    room.log.push(1, `{"seq":1}`);
    pump.mark(room);
    return peer;
  });
  const served = () => peers.map(({ sent }) => sent.length).lastIndexOf(1) + 1;
  const line: number[] = [];
  for (let turns = 0; turns < 3; turns++) {
    await turn();
    line.push(served());
  }
  assertEquals(line, [128, 256, 300]);
});

pure("a small room never waits for more input", async () => {
  const { say, member, pump } = bench();
  const ben = new FakePeer(false);
  member("ben", ben);
  pump.heard();
  say("1");
  await turn();
  assertEquals(ben.sent.map(seqs), [[1]]);
});

pure("a large room waits for more input, but not as long as there is any", async () => {
  const { say, member, pump, time } = bench();
  const peers = Array.from({ length: 50 }, () => new FakePeer(false));
  peers.forEach((peer, i) => member(`${i}`, peer));
  for (let i = 0; i < 20; i++) pump.heard();
  say("1");
  await turn();
  assertEquals(peers.map(({ sent }) => sent.length), peers.map(() => 1));
  // As many frames are expected again, and one comes in each millisecond.
  say("2");
  await untilTurn(() => {
    if (peers[0]?.sent.length === 2) return true;
    pump.heard();
    time.ms++;
    return false;
  }, "it is not sent");
  assertEquals(peers.map(({ sent }) => sent.map(seqs)), peers.map(() => [[1], [2]]));
  assertEquals(time.ms, 10);
});

pure(
  "a plain member is sent one frame for each message, and its own ones as confirmed",
  async () => {
    const { say, member } = bench();
    const ben = new FakePeer(true);
    member("ben", ben);
    say("1");
    say("2", "ben");
    say("3");
    await turn();
    assertEquals(ben.sent, [
      `{"from":"ana","body":"1"}`,
      `{"status":"success","message":"Message sent"}`,
      `{"from":"ana","body":"3"}`,
    ]);
  },
);

pure("a member that is not ready keeps its cursor, and one that is away too", async () => {
  const { say, member, pump } = bench();
  const ben = new FakePeer(false);
  const behind = member("ben", ben);
  const away = member("cleo", ben);
  away.room.unseat(away, 0);
  ben.ready = false;
  say("1");
  await turn();
  assertEquals([behind.cursor, away.cursor, ben.sent], [0, 0, []]);
  ben.ready = true;
  pump.deliver(behind);
  assertEquals([behind.cursor, ben.sent.map(seqs)], [1, [[1]]]);
});

pure("what fell off the log is named in a gap, and delivery goes on behind it", async () => {
  const { say, member } = bench(2);
  const ben = new FakePeer(false);
  const lagging = member("ben", ben);
  ben.ready = false;
  for (const body of ["1", "2", "3", "4"]) say(body);
  ben.ready = true;
  say("5");
  await turn();
  assertEquals(ben.sent[0], `{"event":"gap","room_id":"id","from_seq":1,"to_seq":3}`);
  assertEquals(ben.sent.slice(1).map(seqs), [[4, 5]]);
  assertEquals(lagging.cursor, 5);
});

pure(
  "what is new goes out in one frame, and who is behind catches up in smaller ones",
  async () => {
    const { say, member, pump } = bench();
    const [ana, ben] = [new FakePeer(false), new FakePeer(false)];
    member("ana", ana);
    for (let i = 0; i < 5; i++) say("x".repeat(8_000));
    await turn();
    assertEquals(ana.sent.map(seqs), [[1, 2, 3, 4, 5]]);
    const late = member("ben", ben);
    late.cursor = 0;
    pump.deliver(late);
    assertEquals(ben.sent.map(seqs), [[1, 2], [3, 4], [5]]);
  },
);

pure("a plain member that missed something is reported, once and after the delivery", async () => {
  const { say, member, overruns } = bench(2);
  const ben = new FakePeer(true);
  member("ben", ben);
  ben.ready = false;
  for (const body of ["1", "2"]) say(body);
  ben.ready = true;
  say("3");
  await turn();
  assertEquals([ben.sent, overruns.length, overruns[0] === ben], [[], 1, true]);
});

pure("a send that throws harms nobody else, and is reported", async () => {
  const { say, member, failures } = bench();
  const ben = new FakePeer(false);
  const broken: Outlet = {
    plain: false,
    ready: true,
    idle: true,
    send: () => {
      throw new Error("broken");
    },
  };
  const member1 = member("ana", broken);
  member("ben", ben);
  say("1");
  await turn();
  assertEquals(ben.sent.map(seqs), [[1]]);
  assertEquals([member1.cursor, failures.map(String)], [1, ["Error: broken"]]);
});

pure(
  "a round that is large is made in pieces, and whoever talks beside it does not wait",
  async () => {
    const { pump, room, say, member } = bench();
    const crowd = Array.from({ length: 400 }, () => new FakePeer(true));
    crowd.forEach((peer, i) => member(`${i}`, peer));
    const beside = pairOf(pump);
    for (let i = 0; i < 199; i++) say("");
    const sent = () => crowd.reduce((sum, { sent }) => sum + sent.length, 0);
    let turns = 0;
    let most = 0;
    for (let before = 0; sent() < 79_600; before = sent()) {
      assert(turns++ < 1_000);
      if (turns > 1) beside.say();
      await turn();
      most = Math.max(most, sent() - before);
      assertEquals(beside.peer.sent.length, turns - 1);
    }
    assert(most <= 256, `${most} at once`);
    assertEquals([...new Set(crowd.map(({ sent }) => sent.length))], [199]);
    assertEquals([room.round, room.owing.toFixed(2)], [undefined, "0.00"]);
  },
);

pure(
  "a round is made once for all, whatever comes meanwhile, which is for the next one",
  async () => {
    const { room, say, member } = bench();
    const crowd = Array.from({ length: 300 }, () => new FakePeer(false));
    crowd.forEach((peer, i) => member(`${i}`, peer));
    say("1");
    await untilTurn(() => room.round !== undefined, "no round is begun");
    say("2");
    say("3");
    await untilTurn(() => crowd.at(-1)!.sent.length === 2, "the last is sent nothing more");
    for (const { sent } of crowd) assertEquals(sent.map(seqs), [[1], [2, 3]]);
    assert(crowd.every(({ sent }) => sent[1] === crowd[0]!.sent[1]));
  },
);

pure("a round is not cut short by a log that would forget what it brings", async () => {
  const { room, say, member } = bench(20);
  const crowd = Array.from({ length: 300 }, (_, i) => new FakePeer(i % 2 === 0));
  crowd.forEach((peer, i) => member(`${i}`, peer));
  say("1");
  await untilTurn(() => room.round !== undefined, "no round is begun");
  const all = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const i of all.slice(1)) say(`${i}`);
  await untilTurn(() => room.owing <= 0, "not all is sent");
  for (const { plain, sent } of crowd) {
    const got = plain ? sent.map((text) => Number(JSON.parse(text).body)) : sent.flatMap(seqs);
    assertEquals(got, all);
  }
});

pure("a round that others leave meanwhile passes nobody over", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 399 }), { maxLength: 50 }), async (leaving) => {
      const { room, say, member } = bench();
      const crowd = Array.from({ length: 400 }, () => new FakePeer(false));
      const members = crowd.map((peer, i) => member(`${i}`, peer));
      say("1");
      await untilTurn(() => room.round !== undefined, "no round is begun");
      for (const i of new Set(leaving)) room.remove(members[i]!, 0);
      await untilTurn(() => room.round === undefined, "the round goes on");
      crowd.forEach(({ sent }, i) => {
        if (!leaving.includes(i)) assertEquals(sent.map(seqs), [[1]]);
      });
    }),
    { numRuns: 30 },
  );
});

pure("what is of the moment goes with the turn, once, to those with nothing waiting", async () => {
  const { room, pump, say, member } = bench();
  const [ana, ben, cleo, dan] = [false, false, true, false].map((plain) => new FakePeer(plain));
  const { person } = member("ana", ana!);
  member("ben", ben!);
  member("cleo", cleo!);
  member("dan", dan!);
  dan!.idle = false;
  room.pass("typing", person, 0);
  pump.pass(room);
  say("1");
  assertEquals(ben!.sent, []);
  await turn();
  assertEquals([ben!.sent[0], ...ben!.sent.slice(1).map(seqs)], ["typing", [1]]);
  assertEquals([ana!.sent.map(seqs), cleo!.sent.length, dan!.sent.map(seqs)], [[[1]], 1, [[1]]]);
  await turn();
  assertEquals(ben!.sent.length, 2);
});

pure(
  "what is of the moment counts like all that is sent, and is not kept for a room that is behind",
  async () => {
    const { room, pump, say, member } = bench();
    const crowd = Array.from({ length: 400 }, () => new FakePeer(false));
    crowd.forEach((peer, i) => member(`${i}`, peer));
    const beside = pairOf(pump);
    for (let i = 0; i < 8; i++) room.pass(`typing ${i}`, undefined, 0);
    pump.pass(room);
    for (let turns = 0; turns < 3; turns++) {
      await turn();
      beside.say();
      assertEquals(room.pass("more", undefined, 1e9), false);
    }
    assertEquals(beside.peer.sent.length, 2);
    const sent = crowd.reduce((sum, { sent }) => sum + sent.length, 0);
    assert(sent <= 3 * 140, `${sent}`);
    say("1");
    await untilTurn(() => room.owing <= 0, "not all is sent");
    for (const { sent } of crowd) {
      assertEquals([sent.length, sent.slice(0, 8).sort()], [9, crowd[0]!.sent.slice(0, 8)]);
    }
  },
);

pure(
  "everybody gets everything once and in order, whoever comes, goes, lags and talks meanwhile",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 20, maxLength: 120 }), async (steps) => {
        const { room, pump, say, member, overruns } = bench(40);
        const readers: Reader[] = [];
        const come = (plain: boolean, from: number) => {
          const peer = new FakePeer(plain);
          const at = member(`${readers.length}`, peer);
          at.cursor = Math.max(room.log.tail, at.cursor - from);
          readers.push({ peer, member: at, from: at.cursor, here: true });
          if (from > 0) pump.deliver(at);
        };
        for (let i = 0; i < 150; i++) come(i % 3 === 0, 0);
        for (const { kind, pick } of steps) {
          const reader = readers[pick % readers.length]!;
          if (kind === "say") { for (let i = pick % 7; i >= 0; i--) say("x"); }
          else if (kind === "come") come(pick % 2 === 0, pick % 5);
          else if (kind === "turn") await turn();
          else if (kind === "fill") reader.peer.ready = false;
          else if (kind === "drain") {
            reader.peer.ready = true;
            if (reader.here) pump.deliver(reader.member);
          } else if (reader.here) {
            room.remove(reader.member, 0);
            reader.member.room.unseat(reader.member, 0);
            reader.here = false;
          }
        }
        for (let turns = 0; room.owing > 0.001 && turns < 1_000; turns++) await turn();
        for (const { peer, member, from, here } of readers) {
          if (here && !peer.ready) {
            peer.ready = true;
            pump.deliver(member);
          }
          await Promise.resolve();
          if (peer.plain && overruns.includes(peer)) continue;
          const upTo = here ? room.log.head : member.cursor;
          assertEquals(member.cursor, upTo);
          if (peer.plain) assertEquals(peer.sent.length, upTo - from);
          else assertEquals(gaplessly(peer.sent), numbers(from, upTo));
        }
      }),
      { numRuns: 40 },
    );
  },
);

interface Reader {
  peer: FakePeer;
  member: Member;
  from: number;
  here: boolean;
}

const STEP = fc.record({
  kind: fc.constantFrom("say", "say", "come", "go", "turn", "turn", "fill", "drain"),
  pick: fc.nat({ max: 1_000 }),
});

/** The entries that frames bring, and those that they say are missing, which only the last of a pair may be. */
function gaplessly(frames: string[]): number[] {
  return frames.flatMap((text) => {
    const { event, from_seq, to_seq } = JSON.parse(text);
    return event === "gap" ? numbers(from_seq - 1, to_seq) : seqs(text);
  });
}

/** The numbers behind one, up to another. */
function numbers(after: number, upTo: number): number[] {
  return Array.from({ length: upTo - after }, (_, i) => after + i + 1);
}

/** A room of its own in which somebody talks to `peer`. */
function pairOf(pump: Pump) {
  const log = new Log("e", { logEntries: 1_000, logBytes: 1_000_000 });
  const room = new Room({ id: "pair", name: "Pair", log, roster: new Roster() }, 0);
  const peer = new FakePeer(false);
  room.enter(room.add({ id: "ben", name: undefined }), peer, 0);
  return {
    peer,
    say(): void {
      log.push(log.head + 1, `{"seq":${log.head + 1}}`);
      pump.mark(room);
    },
  };
}

Deno.test("a full connection is looked at until it takes more, and is then sent the rest", async () => {
  const { say, member, pump, overruns } = bench();
  const fake = new FakeSocket();
  fake.open();
  const options = connectionOptions({ highWaterBytes: 1_000, stuckMs: 60_000 }, {
    full: () => pump.watch(connection),
  });
  const connection = new Connection(1, fake.socket, "v1", options);
  const slow = member("ben", connection);
  fake.bufferedAmount = 5_000;
  say("x".repeat(70_000));
  await turn();
  say("more");
  await turn();
  assertEquals([fake.sent.length, slow.cursor], [1, 1]);
  fake.bufferedAmount = 0;
  await until(() => fake.sent.length === 2, "the rest is not sent");
  assertEquals([seqs(fake.sent[1]!), slow.cursor, overruns], [[2], 2, []]);
  pump.close();
});

Deno.test("a full connection that takes nothing is reported as overrun", async () => {
  const { say, member, pump, overruns } = bench();
  const fake = new FakeSocket();
  fake.open();
  const options = connectionOptions({ highWaterBytes: 1_000, stuckMs: 10 }, {
    full: () => pump.watch(connection),
  });
  const connection = new Connection(1, fake.socket, "v1", options);
  member("ben", connection);
  fake.bufferedAmount = 5_000;
  say("x".repeat(70_000));
  await until(() => overruns.length > 0, "nobody is reported");
  assertEquals(overruns.length, 1);
  pump.close();
});

Deno.test("many that can take more at once get it in pieces", async () => {
  const { say, member, pump } = bench();
  let sent = 0;
  const sockets = Array.from({ length: 100 }, (_, i) => {
    const fake = new FakeSocket();
    fake.open();
    const options = connectionOptions({ highWaterBytes: 1_000, stuckMs: 60_000 });
    const connection = new Connection(i, fake.socket, "v1", options);
    connection.ready = false;
    member(`${i}`, connection);
    return { fake, connection };
  });
  for (let i = 0; i < 10; i++) say("x".repeat(16_000));
  await turn();
  for (const { fake, connection } of sockets) {
    fake.beforeSend = () => void sent++;
    pump.watch(connection);
  }
  let most = 0;
  for (let before = 0; before < 1_000; before = sent) {
    await until(() => sent > before, "nothing more is sent", { everyMs: 0 });
    most = Math.max(most, sent - before);
  }
  assertEquals(sent, 1_000);
  assert(most < 500, `${most} at once`);
  pump.close();
});

Deno.test("a forgotten connection is looked at no more", async () => {
  const { pump, overruns } = bench();
  const options = connectionOptions({ highWaterBytes: 1, stuckMs: 0 });
  const watched = (id: number) => {
    const fake = new FakeSocket();
    fake.open();
    fake.bufferedAmount = 1e9;
    const connection = new Connection(id, fake.socket, "v1", options);
    pump.watch(connection);
    return connection;
  };
  const forgotten = watched(1);
  const other = watched(2);
  pump.forget(forgotten);
  await until(() => overruns.length > 0, "nobody is reported");
  assertEquals(overruns, [other]);
  pump.close();
});

import { assert, assertEquals } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { Connection } from "../src/connection.ts";
import { encodeEntry } from "../src/encode.ts";
import { Log } from "../src/log.ts";
import { Pump } from "../src/pump.ts";
import { type Member, type Outlet, Room } from "../src/room.ts";
import { Roster } from "../src/roster.ts";
import { rateOf, TokenBucket } from "../src/rate_limit.ts";
import { Session } from "../src/sessions.ts";
import { connectionOptions } from "./connection_options.ts";
import { messageDraft } from "./drafts.ts";
import { FakeSocket } from "./fake_socket.ts";
import { FakePeer } from "./hub_harness.ts";
import { pure } from "./pure.ts";
import { turn, until } from "./waiting.ts";

/** A room with a log of at most `logEntries`, a pump, and what the pump has reported. */
function bench(logEntries = 1_000) {
  const log = new Log("e", { logEntries, logBytes: 10_000_000 });
  const room = new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 0);
  const overruns: Outlet[] = [];
  const failures: unknown[] = [];
  const pump = new Pump({
    overrun: (outlet) => overruns.push(outlet),
    failed: (_, error) => failures.push(error),
  }, new Clock());
  return {
    room,
    pump,
    overruns,
    failures,
    /** Says something as `from`. */
    say(body: string, from = "ana"): void {
      const seq = room.log.head + 1;
      room.log.push(seq, encodeEntry(seq, messageDraft(from, 1, body)));
      pump.mark(room);
    },
    member(id: string, outlet: Outlet): Member {
      const session = new Session({ id, name: undefined, n: 0 }, new TokenBucket(rateOf(0), 0));
      const member = room.add(session);
      session.rooms.add(member);
      member.outlet = outlet;
      if (outlet instanceof Connection) outlet.session = session;
      return member;
    },
  };
}

function seqs(text: string): number[] {
  return JSON.parse(text).entries.map(({ seq }: { seq: number }) => seq);
}

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
    room.add({ id: "ana", name: undefined }).outlet = peer;
    room.log.push(1, `{"seq":1}`);
    pump.mark(room);
    return peer;
  });
  const served = () => peers.map(({ sent }) => sent.length).lastIndexOf(1) + 1;
  const line: number[] = [];
  while (line.at(-1) !== 300) {
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
  const { say, member, pump } = bench();
  const peers = Array.from({ length: 50 }, () => new FakePeer(false));
  peers.forEach((peer, i) => member(`${i}`, peer));
  say("1");
  const start = performance.now();
  while (peers[0]?.sent.length === 0) {
    pump.heard();
    await turn();
  }
  assertEquals(peers.map(({ sent }) => sent.map(seqs)), peers.map(() => [[1]]));
  assert(performance.now() - start < 1_000);
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
  away.outlet = undefined;
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

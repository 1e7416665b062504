import { assertEquals } from "@std/assert";
import { type Expired, type GraceOptions, GracePeriod } from "../../src/core/grace_period.ts";
import { Log } from "../../src/core/log/log.ts";
import { rateOf } from "../../src/core/limits/rate_limit.ts";
import { type Member, Room } from "../../src/core/state/room.ts";
import { type Session, Sessions } from "../../src/core/state/sessions.ts";
import { Roster } from "../../src/protocol/roster.ts";
import { countingBytes, FakePeer } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

const sessions = new Sessions(countingBytes(), (id) => id, rateOf(0));

function gracePeriod(options: Partial<GraceOptions> = {}): GracePeriod {
  return new GracePeriod({
    graceMs: 100,
    pauseMs: 1_000,
    sessionMs: 10_000,
    maxAway: 10,
    ...options,
  });
}

/** A client that is here, in as many rooms. */
function client(rooms: number): { session: Session; members: Member[] } {
  const session = sessions.add(0);
  const peer = new FakePeer(false);
  session.attach(peer, 0);
  const members = Array.from({ length: rooms }, (_, i) => {
    const log = new Log("e", { logEntries: 10, logBytes: 1_000 });
    const member = new Room({ id: `${i}`, name: "Lobby", log, roster: new Roster() }, 0)
      .add(session);
    session.rooms.add(member);
    member.outlet = peer;
    return member;
  });
  return { session, members };
}

/** Takes away what is over, as a hub does. */
function lose(grace: GracePeriod, all: Iterable<Expired>): Expired[] {
  const lost: Expired[] = [];
  for (const over of all) {
    lost.push(over);
    const { session, member, remembered } = over;
    if (member !== undefined) session.rooms.delete(member.room.id);
    else if (!remembered) grace.end(session);
  }
  return lost;
}

pure("nobody keeps a place where there is no grace time, or where nobody may be away", () => {
  assertEquals(
    [gracePeriod({ graceMs: 0 }), gracePeriod({ maxAway: 0 }), gracePeriod()].map((grace) => {
      return grace.keepsPlaces;
    }),
    [false, false, true],
  );
});

pure("places are over after the grace time and the client after its session, not earlier", () => {
  const grace = gracePeriod();
  const { session, members } = client(2);
  assertEquals(grace.start(session, 5), members);
  const outlets = members.map(({ outlet }) => outlet);
  assertEquals([session.peer, outlets], [undefined, [undefined, undefined]]);
  assertEquals(lose(grace, grace.expired(104)), []);
  assertEquals(
    lose(grace, grace.expired(105)),
    [...members.map((member) => ({ session, member })), { session, remembered: true }],
  );
  assertEquals([grace.isGone(session), lose(grace, grace.expired(10_104))], [true, []]);
  assertEquals(lose(grace, grace.expired(10_105)), [{ session }]);
  assertEquals(lose(grace, grace.expired(1e9)), []);
});

pure(
  "a client without a place is remembered, but may be found to have one until the grace time is over",
  () => {
    const grace = gracePeriod();
    const { session } = client(0);
    grace.start(session, 0);
    lose(grace, grace.expired(99));
    assertEquals(grace.isGone(session), false);
    lose(grace, grace.expired(100));
    assertEquals(grace.isGone(session), true);
  },
);

pure(
  "a client that is at another process is not remembered, and none where no session lasts",
  () => {
    for (const [options, elsewhere] of [[{}, true], [{ sessionMs: 0 }, false]] as const) {
      const grace = gracePeriod(options);
      const { session } = client(0);
      grace.start(session, 0);
      session.elsewhere = elsewhere;
      assertEquals(lose(grace, grace.expired(100)), [{ session }]);
    }
  },
);

pure("beginning to be away a second time tells of no membership again", () => {
  const grace = gracePeriod();
  const { session, members } = client(1);
  assertEquals([grace.start(session, 0), grace.start(session, 1)], [members, []]);
});

pure("whoever comes back to some rooms only loses the others when the grace time is over", () => {
  const grace = gracePeriod({ maxAway: 1 });
  const { session, members: [home, other] } = client(2);
  grace.start(session, 0);
  const peer = new FakePeer(false);
  session.attach(peer, 50);
  grace.welcome(session, 50);
  home!.outlet = peer;
  assertEquals(lose(grace, grace.expired(99)), []);
  assertEquals(lose(grace, grace.expired(100)), [{ session, member: other! }]);
  assertEquals([grace.isGone(session), lose(grace, grace.expired(1e9))], [false, []]);
});

pure(
  "whoever is back everywhere is away no longer, and gets a whole grace time the next time",
  () => {
    const grace = gracePeriod();
    const { session, members: [home] } = client(1);
    grace.startIn(session, home!, 0);
    home!.outlet = new FakePeer(false);
    assertEquals(lose(grace, grace.expired(1_000)), []);
    grace.start(session, 1_000);
    assertEquals(lose(grace, grace.expired(1_099)), []);
  },
);

pure("a client that has paused keeps its places as long as it said, or as it may", () => {
  for (const [forMs, keptMs] of [[500, 500], [2_000, 1_000], [undefined, 1_000], [0, 0]] as const) {
    const grace = gracePeriod();
    const { session, members: [home, other] } = client(2);
    grace.startIn(session, other!, 0);
    grace.pause(session, forMs, 10);
    assertEquals([session.peer, home!.outlet], [undefined, undefined]);
    assertEquals([home!.paused, other!.paused], [true, false], "of the other it was told before");
    assertEquals(lose(grace, grace.expired(10 + keptMs - 1)).length, 0);
    const over = lose(grace, grace.expired(10 + keptMs));
    assertEquals(over.filter(({ member }) => member !== undefined).length, 2);
  }
});

pure("a client that comes back from a pause has the grace time to go to its rooms", () => {
  const grace = gracePeriod();
  const { session, members: [home, other] } = client(2);
  grace.pause(session, undefined, 0);
  const peer = new FakePeer(false);
  session.attach(peer, 500);
  grace.welcome(session, 500);
  home!.outlet = peer;
  assertEquals(lose(grace, grace.expired(599)), []);
  assertEquals(lose(grace, grace.expired(600)), [{ session, member: other! }]);
});

pure("first goes who was in rooms for the shortest time, and of those who went first", () => {
  const grace = gracePeriod({ maxAway: 3 });
  const stays = [1_000_000, 2_000, 1_500, 0, 1, 0];
  const sessions = stays.map((stayed) => Object.assign(client(1).session, { stayed }));
  const lost = sessions.map((session) => {
    grace.start(session, 0);
    return lose(grace, grace.excess()).map((over) => sessions.indexOf(over.session));
  });
  assertEquals(lost, [[], [], [], [3], [4], [5]]);
  // One that has been away before goes to the end of the line of those like it.
  sessions[1]!.stayed = 1_200;
  for (const place of [2, 1]) grace.start(sessions[place]!, 1);
  grace.start(Object.assign(client(1).session, { stayed: 2_000_000 }), 1);
  assertEquals(lose(grace, grace.excess()), [{ session: sessions[2]! }]);
});

pure("of those who were in no room a tenth of all that may be away is remembered", () => {
  const grace = gracePeriod({ maxAway: 20 });
  const strangers = [client(0), client(0), client(0)].map(({ session }) => session);
  const lost = strangers.map((session) => {
    grace.start(session, 0);
    return lose(grace, grace.excess()).map((over) => strangers.indexOf(over.session));
  });
  assertEquals(lost, [[], [], [0]]);
});

pure("whoever has stayed is remembered longer than those who come and go, place or not", () => {
  const grace = gracePeriod({ maxAway: 1 });
  const ana = Object.assign(client(0).session, { stayed: 60_000 });
  grace.start(ana, 0);
  lose(grace, grace.expired(100));
  assertEquals(grace.isGone(ana), true);
  const ben = Object.assign(client(1).session, { stayed: 1 });
  grace.start(ben, 100);
  assertEquals(lose(grace, grace.excess()), [{ session: ben }]);
});

pure("a client that is coming back does not count, and loses nothing to others", () => {
  const grace = gracePeriod({ maxAway: 1 });
  const [ana, ben] = [client(1), client(1)];
  for (const { session } of [ana, ben]) {
    grace.start(session, 0);
    session.attach(new FakePeer(false), 10);
    grace.welcome(session, 10);
  }
  grace.startIn(ben.session, ben.members[0]!, 10);
  grace.start(client(1).session, 10);
  assertEquals(lose(grace, grace.excess()), []);
  assertEquals(lose(grace, grace.expired(109)), [{
    session: ana.session,
    member: ana.members[0]!,
  }]);
});

pure("clients may be ended while it is told what is over", () => {
  const grace = gracePeriod();
  const all = [client(1).session, client(1).session, client(1).session];
  for (const session of all) grace.start(session, 0);
  const over: Session[] = [];
  for (const { session } of grace.expired(100)) {
    over.push(session);
    for (const other of all) grace.end(other);
  }
  assertEquals([over, [...grace.expired(1e9)]], [[all[0]], []]);
});

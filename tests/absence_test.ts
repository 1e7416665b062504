import { assertEquals } from "@std/assert";
import { Absence } from "../src/absence.ts";
import { Log } from "../src/log.ts";
import { type Member, Room } from "../src/room.ts";
import { Roster } from "../src/roster.ts";
import { type Session, Sessions } from "../src/sessions.ts";
import { countingBytes, FakePeer } from "./hub_harness.ts";
import { pure } from "./pure.ts";

const sessions = new Sessions(countingBytes(), (id) => id);

/** A client that is here, in as many rooms. */
function client(rooms: number): { session: Session; members: Member[] } {
  const session = sessions.add();
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

pure("as many may be away as are allowed, and whoever is away already", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 1 });
  const [ana, ben] = [client(0).session, client(0).session];
  assertEquals([absence.allows(), absence.allows(ana)], [true, true]);
  absence.begin(ana, 0);
  assertEquals([absence.allows(), absence.allows(ana), absence.allows(ben)], [false, true, false]);
  absence.end(ana);
  assertEquals(absence.allows(ben), true);
});

pure("nobody may be away where there is no grace time", () => {
  assertEquals(new Absence({ graceMs: 0, maxAway: 10 }).allows(), false);
});

pure("whoever is away for the grace time is over, not earlier", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 10 });
  const { session, members } = client(2);
  assertEquals(absence.begin(session, 5), members);
  assertEquals([session.peer, members.map(({ outlet }) => outlet)], [undefined, [
    undefined,
    undefined,
  ]]);
  assertEquals([...absence.over(104)], []);
  assertEquals([...absence.over(105)], [{ session }]);
});

pure("beginning to be away a second time tells of no membership again", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 10 });
  const { session, members } = client(1);
  assertEquals([absence.begin(session, 0), absence.begin(session, 1)], [members, []]);
});

pure("whoever comes back to some rooms only loses the others when the grace time is over", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 1 });
  const { session, members: [home, other] } = client(2);
  absence.begin(session, 0);
  const peer = new FakePeer(false);
  session.attach(peer, 50);
  home!.outlet = peer;
  assertEquals([[...absence.over(99)], absence.allows()], [[], false]);
  assertEquals([...absence.over(100)], [{ session, member: other! }]);
});

pure("whoever is back everywhere is away no longer", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 1 });
  const { session, members: [home] } = client(1);
  absence.beginIn(session, home!, 0);
  home!.outlet = new FakePeer(false);
  assertEquals([[...absence.over(1_000)], absence.allows()], [[], true]);
});

pure("clients may be ended while it is told that they are over", () => {
  const absence = new Absence({ graceMs: 100, maxAway: 10 });
  const all = [client(0).session, client(0).session, client(0).session];
  for (const session of all) absence.begin(session, 0);
  const over: Session[] = [];
  for (const { session } of absence.over(100)) {
    over.push(session);
    absence.end(session);
  }
  assertEquals([over, [...absence.over(100)]], [all, []]);
});

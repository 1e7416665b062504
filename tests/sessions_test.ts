import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Log } from "../src/log.ts";
import { Room } from "../src/room.ts";
import { Sessions } from "../src/sessions.ts";
import { countingBytes, FakePeer } from "./hub_harness.ts";
import { pure } from "./pure.ts";

pure("Sessions.add() makes clients with different ids and secrets", () => {
  const sessions = new Sessions(countingBytes());
  const [a, b] = [sessions.add(), sessions.add()];
  assertNotEquals(a.id, b.id);
  assertNotEquals(a.token, b.token);
  assert(a.token.startsWith(`${a.id}.`));
  assertEquals([...sessions], [a, b]);
  assertEquals([sessions.size, sessions.get(a.id)], [2, a]);
});

pure("Sessions.find() takes the whole token and nothing else", () => {
  const sessions = new Sessions(countingBytes());
  const session = sessions.add();
  assertEquals(sessions.find(session.token), session);
  const { id, token } = session;
  for (const wrong of ["", ".", id, `${id}.`, token.slice(0, -1), `${token}0`, `x${token}`]) {
    assertEquals(sessions.find(wrong), undefined, wrong);
  }
  sessions.delete(session);
  assertEquals([sessions.find(token), sessions.size], [undefined, 0]);
});

pure("a session and its connection point at each other until they are taken apart", () => {
  const session = new Sessions(countingBytes()).add();
  const peer = new FakePeer(false);
  session.attach(peer, 5);
  assertEquals([session.peer === peer, peer.session === session, session.seenAt], [true, true, 5]);
  session.detach(peer, 9);
  assertEquals([session.peer, peer.session, session.seenAt], [undefined, undefined, 9]);
});

pure("Session.only is the one membership of a plain client", () => {
  const session = new Sessions(countingBytes()).add();
  assertEquals(session.only, undefined);
  const log = new Log("e", { logEntries: 10, logChars: 1_000 });
  const member = new Room("id", "name", log, 0).add(session);
  session.rooms.set("id", member);
  assert(session.only === member);
});

import { assertEquals, assertThrows } from "@std/assert";
import { Log } from "../../../src/core/log/log.ts";
import { checkMarker, Markers, MAX_MARKERS } from "../../../src/core/state/markers.ts";
import { type FakePeer, HubBench, refusal, twoInRoom } from "../../support/hub_harness.ts";
import { pure } from "../../support/pure.ts";

/** Two devices of one person in a room, and somebody else. */
function devices() {
  const bench = new HubBench({ rate: 0 });
  const [phone, laptop, ben] = [bench.v1("Ana"), bench.v1("Ana"), bench.v1("Ben")];
  for (const { session } of [phone, laptop]) session!.principal = { sub: "ana", proven: true };
  const roomId = bench.create(ben, "Lobby");
  for (const peer of [phone, laptop]) bench.join(peer, { roomId });
  const say = (body: string, peer: FakePeer = ben) => bench.say(peer, roomId, body);
  for (const body of ["one", "two", "three"]) say(body);
  const ask = (peer: FakePeer, frame: Parameters<typeof bench.hub.receive>[1]) => {
    bench.perform(bench.hub.receive(peer, frame, bench.t));
    return JSON.parse(peer.sent.at(-1)!);
  };
  const read = (peer: FakePeer, seq: number) =>
    ask(peer, { action: "read", roomId, seq, ref: "r" });
  const summary = (peer: FakePeer) => ask(peer, { action: "rooms" }).rooms[0];
  const log = bench.hub.rooms.get(roomId)!.log;
  return { bench, phone, laptop, ben, roomId, log, say, ask, read, summary };
}

pure(
  "a read marker is shared by the clients of a person, told to the others of them, and only grows",
  () => {
    const { phone, laptop, ben, roomId, read, ask } = devices();
    const sent = ben.sent.length;
    assertEquals(read(phone, 5), { status: "success", room_id: roomId, seq: 5, ref: "r" });
    assertEquals(JSON.parse(laptop.sent.at(-1)!), { event: "read", room_id: roomId, seq: 5 });
    assertEquals(ask(laptop, { action: "join", roomId }).read, 5);
    assertEquals(read(phone, 6).seq, 6);
    assertEquals(JSON.parse(laptop.sent.at(-1)!), { event: "read", room_id: roomId, seq: 6 });
    const count = laptop.sent.length;
    assertEquals([read(phone, 4).seq, read(phone, 6).seq], [6, 6]);
    assertEquals(laptop.sent.length, count);
    assertEquals(read(laptop, 3).seq, 6);
    assertEquals(ben.sent.length, sent);
  },
);

pure("who has made a room is told of the marker of another client of the same person", () => {
  const { bench, phone, laptop, ask } = devices();
  const roomId = bench.create(laptop, "Made");
  bench.join(phone, { roomId });
  ask(phone, { action: "read", roomId, seq: 1, ref: "r" });
  assertEquals(JSON.parse(laptop.sent.at(-1)!), { event: "read", room_id: roomId, seq: 1 });
});

pure("a read without a ref has no reply, and one beyond the head is refused", () => {
  const { bench, phone, roomId, log } = devices();
  const count = phone.sent.length;
  const read = (seq: number) => bench.hub.receive(phone, { action: "read", roomId, seq }, bench.t);
  bench.perform(read(log.head));
  assertEquals(phone.sent.length, count);
  assertEquals(refusal(() => read(log.head + 1)), [
    "beyond_head",
    `Entry ${log.head + 1} is not there yet: the log is at ${log.head}`,
  ]);
  const stranger = bench.v1("Cleo");
  const frame = { action: "read", roomId, seq: 1 } as const;
  assertEquals(refusal(() => bench.hub.receive(stranger, frame, bench.t))[0], "not_in_room");
});

pure("rooms counts what others have said behind the marker, and nothing else", () => {
  const { bench, phone, ben, roomId, log, say, read, summary } = devices();
  const { room_name, epoch, ...rest } = summary(phone);
  assertEquals([room_name, epoch], ["Lobby", log.epoch]);
  assertEquals(rest, { room_id: roomId, seq: log.head, read: 0, unread: 3 });
  read(phone, log.head - 1);
  say("mine", phone);
  say("four");
  assertEquals(summary(phone).unread, 2);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  assertEquals(summary(phone).unread, 2);
  read(phone, log.head);
  assertEquals([summary(phone).unread, summary(phone).read], [0, log.head]);
});

pure("rooms says that there is more than it counts, and where the client has to come back", () => {
  const { bench, ana, ben, roomId } = twoInRoom({ rate: 0 });
  for (let i = 0; i < 120; i++) bench.say(ana, roomId, "x".repeat(600));
  const rooms = (peer: FakePeer) => {
    bench.perform(bench.hub.receive(peer, { action: "rooms" }, bench.t));
    return JSON.parse(peer.sent.at(-1)!).rooms;
  };
  const [{ unread, more }] = rooms(ben);
  // About 32,768 units of 700 each.
  assertEquals([unread > 40 && unread < 50, more], [true, true]);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const back = bench.v1("Ben", bench.tokenOf(ben) || undefined);
  assertEquals(rooms(back), []);
  assertEquals(rooms(ana).map(({ away }: { away?: boolean }) => away), [undefined]);
});

pure("of the rooms that a person has read, the newest are known", () => {
  const bench = new HubBench();
  const { session } = bench.v1("Ana");
  const markers = new Markers(10).loaded(session!);
  const at = (i: number) => markers.seqIn(`r${i}`, { epoch: "e" });
  for (let i = 0; i < MAX_MARKERS; i++) markers.take(`r${i}`, { epoch: "e", seq: 5 });
  markers.take("r0", { epoch: "e", seq: 6 });
  markers.take("new", { epoch: "e", seq: 1 });
  assertEquals([at(0), at(1), at(2)], [6, 0, 5]);
  assertEquals(markers.take("r2", { epoch: "e", seq: 5 }), false);
  // Under another epoch a marker says nothing.
  assertEquals(markers.seqIn("r0", { epoch: "other" }), 0);
  assertEquals(markers.take("r0", { epoch: "other", seq: 1 }), true);
});

pure(
  "a person is known while a client of it is here, and a while longer where nothing else knows it",
  () => {
    const bench = new HubBench();
    const [first, second, third] = [bench.v1("a"), bench.v1("b"), bench.v1("c")];
    const all = [first, second, third].map(({ session }) => session!);
    all.forEach((session, i) => session.principal = { sub: `${i}`, proven: true });
    const markers = new Markers(2);
    for (const session of all) markers.loaded(session).take("r", { epoch: "e", seq: 1 });
    const known = () =>
      ["sub:0", "sub:1", "sub:2"].filter((person) => markers.of(person) !== undefined);
    for (const session of all) session.markers!.release(session);
    assertEquals(known(), ["sub:1", "sub:2"]);
    const strict = new Markers(0);
    strict.loaded(all[0]!);
    all[0]!.markers!.release(all[0]!);
    assertEquals(strict.of("sub:0"), undefined);
  },
);

pure("checkMarker() takes the head, and nothing beyond it", () => {
  const log = new Log("e", { logEntries: 5, logBytes: 500 }, 7);
  checkMarker(7, log);
  assertThrows(() => checkMarker(8, log));
});

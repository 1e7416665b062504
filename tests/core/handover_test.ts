import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import { HubBench, refusal, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

pure(
  "Handover.adopt() takes in a client of an earlier process as away, and its grace begins",
  () => {
    const bench = new HubBench({ graceMs: 1_000, sessionMs: 0, maxAway: 1 });
    bench.pass(5_000);
    assertEquals(bench.hub.handover.adopt({ id: "ben", name: "Ben", n: 7 }, bench.t), []);
    assertEquals(bench.hub.handover.adopt({ id: "ana", name: "Ana", n: 7 }, bench.t), [
      { type: "forget", clientId: "ben" },
    ]);
    bench.pass(999);
    const ana = bench.v1("Ana", "ana.signed:ana");
    assertEquals(ana.session?.id, "ana");
    assertEquals([JSON.parse(ana.sent[0]!).resumed, JSON.parse(ana.sent[0]!).n], [true, 7]);
    bench.hub.tick(bench.t);
    bench.hub.disconnect(ana, bench.t);
    bench.pass(1_000);
    assertEquals(bench.hub.tick(bench.t), [{ type: "forget", clientId: "ana" }]);
  },
);

pure("Hub.receive() of a hello asks no other process where the store has no bus to one", () => {
  const bench = new HubBench();
  const ana = bench.peer(false);
  bench.hub.connect(ana, bench.t);
  const frame = { action: "hello", session: "ana.signed:ana" } as const;
  bench.perform(bench.hub.receive(ana, frame, bench.t));
  assertEquals(JSON.parse(ana.sent[0]!).resumed, false);
});

pure("Hub.receive() of a hello asks the store for a client that only another process knows", () => {
  const bench = new HubBench({}, true);
  const ana = bench.peer(false);
  bench.hub.connect(ana, bench.t);
  const frame = { action: "hello", session: "ana.signed:ana" } as const;
  assertEquals(bench.hub.receive(ana, frame, bench.t), [
    { type: "recall", peer: ana, frame, clientId: "ana" },
  ]);
  bench.perform(
    bench.hub.recalled(ana, frame, "ana", { id: "ana", name: "Ana", n: 3 }, bench.t),
  );
  const { client_id, session, resumed, n } = JSON.parse(ana.sent[0]!);
  assertEquals([client_id, session, resumed, n], ["ana", "ana.signed:ana", true, 3]);
  assertEquals(ana.session?.name, "Ana");
});

pure(
  "Hub.recalled() makes a new client where the store knows none, and none where nobody waits",
  () => {
    const bench = new HubBench({}, true);
    const ana = bench.v1("Ana", "ana.signed:ana");
    assertEquals(JSON.parse(ana.sent[0]!).resumed, false);
    assert(ana.session?.id !== "ana");
    const gone = bench.peer(false);
    const frame = { action: "hello", session: "ben.signed:ben" } as const;
    assertEquals(bench.hub.recalled(gone, frame, "ben", undefined, bench.t), []);
    assertEquals(bench.hub.size.clients, 1);
  },
);

pure(
  "Hub.recalled() keeps a client that the store has taken over for a connection that has gone",
  () => {
    for (const wasHere of [false, true]) {
      const bench = new HubBench({ graceMs: 1_000 }, true);
      const ben = bench.v1("Ben");
      const id = ben.session?.id ?? "";
      const session = bench.tokenOf(ben);
      if (wasHere) bench.join(ben, { roomId: bench.create(ben, "Lobby") });
      bench.hub.handover.taken(id, undefined, bench.t);
      bench.pass(900);
      const gone = bench.peer(false);
      const known = { id, name: "Ben", n: 0 };
      bench.hub.recalled(gone, { action: "hello", session }, id, known, bench.t);
      bench.pass(999);
      assertEquals(bench.hub.tick(bench.t).filter(({ type }) => type === "forget"), []);
      // The store says nothing more about a client that is at this process.
      const again = bench.v1("Ben", session);
      assertEquals([JSON.parse(again.sent[0]!).resumed, again.session?.id], [true, id]);
    }
  },
);

pure("Hub.recalled() of two connections of one client lets the later one have it", () => {
  const bench = new HubBench({}, true);
  const frame = { action: "hello", session: "ana.signed:ana" } as const;
  const known = { id: "ana", name: undefined, n: 2 };
  const [first, second] = [bench.peer(false), bench.peer(false)];
  for (const peer of [first, second]) bench.hub.connect(peer, bench.t);
  bench.hub.recalled(first, frame, "ana", known, bench.t);
  const [closed] = bench.hub.recalled(second, frame, "ana", known, bench.t);
  assert(closed?.type === "close");
  assertEquals([closed.peer === first, closed.code], [true, 4500]);
  assertEquals([second.session?.id, first.session], ["ana", undefined]);
});

pure(
  "a client of which more may be stored goes on only if it says where, and then from there",
  () => {
    const bench = new HubBench({}, true);
    const known = { id: "ana", name: "Ana", n: 7, doubtUpTo: 9 };
    bench.clients.set("ana", known);
    const ana = bench.v1("Ana", "ana.signed:ana", 6);
    assertEquals(JSON.parse(ana.sent[0]!).n, 7);
    const roomId = bench.create(ana, "Lobby");
    const say = (n: number) =>
      bench.hub.receive(ana, { action: "message", roomId, bodies: ["x"], n }, bench.t);
    assertEquals(refusal(() => say(9)), ["out_of_order", "Message 9 came before 8"]);
    assertEquals([say(7), say(8)].flat().map(({ type }) => type), ["append", "append"]);
    assertEquals([ana.session?.doubtful, say(9).length, ana.session?.doubtful], [true, 1, false]);
    const lost = new HubBench({}, true);
    lost.clients.set("ana", known);
    const { resumed, n } = JSON.parse(lost.v1("Ana", "ana.signed:ana").sent[0]!);
    assertEquals([resumed, n], [false, 0]);
  },
);

pure("a client of which more was seen than it was known to have said goes on behind that", () => {
  const bench = new HubBench({}, true);
  bench.clients.set("ana", { id: "ana", name: "Ana", n: 7, doubtUpTo: 12 });
  bench.seen.set("ana", 9);
  const ana = bench.v1("Ana", "ana.signed:ana", 6);
  assertEquals(JSON.parse(ana.sent[0]!).n, 9);
  const roomId = bench.create(ana, "Lobby");
  const say = (n: number) =>
    bench.hub.receive(ana, { action: "message", roomId, bodies: ["x"], n }, bench.t);
  assertEquals(refusal(() => say(11)), ["out_of_order", "Message 11 came before 10"]);
  bench.seen.set("ana", 10);
  assertEquals(say(11).map(({ type }) => type), ["append"]);
  assertEquals([ana.session?.n, ana.session?.doubtful], [11, true]);
  // What is certain is not asked for.
  assertEquals(say(12).map(({ type }) => type), ["append"]);
  bench.seen.set("ana", 20);
  assertEquals(refusal(() => say(14)), ["out_of_order", "Message 14 came before 13"]);
});

pure("a client that has an answer to more than is stored does not go on", () => {
  const bench = new HubBench({}, true);
  bench.clients.set("ana", { id: "ana", name: "Ana", n: 7 });
  const resumed = (n: number) => JSON.parse(bench.v1("Ana", "ana.signed:ana", n).sent[0]!).resumed;
  assertEquals([resumed(8), resumed(7), resumed(0)], [false, true, true]);
  // Whoever it was is nobody any more, and keeps no place.
  assertEquals(bench.hub.size.clients, 2);
});

pure(
  "what is refused for good and may be stored all the same ends its client, no other does",
  () => {
    for (const doubtful of [true, false]) {
      const bench = new HubBench({}, true);
      bench.clients.set("ana", { id: "ana", name: "Ana", n: 7, doubtUpTo: doubtful ? 8 : 0 });
      const ana = bench.v1("Ana", "ana.signed:ana", 7);
      const roomId = bench.create(ana, "Lobby");
      const say = (n: number, room: string) =>
        bench.hub.receive(ana, { action: "message", roomId: room, bodies: ["x"], n }, bench.t);
      // A repeat is answered, and what waiting helps is refused, whatever is known.
      assertEquals(say(7, "elsewhere").map(({ type }) => type), ["append"]);
      assertEquals(refusal(() => say(9, "elsewhere"))[0], "out_of_order");
      const [append] = say(8, roomId);
      assert(append?.type === "append");
      const [draft] = append.drafts;
      const told = (code: "unavailable" | "room_gone") =>
        bench.hub.messages.refused(draft!, new ChatError(code, "No"), bench.t).map(({ type }) =>
          type
        );
      assertEquals(told("unavailable"), ["send"]);
      if (!doubtful) {
        assertEquals(refusal(() => say(8, "elsewhere"))[0], "not_in_room");
        assertEquals(told("room_gone"), ["send"]);
        continue;
      }
      const [close, ...rest] = say(8, "elsewhere");
      assert(close?.type === "close");
      assertEquals([close.code, ana.session, bench.hub.size.clients], [4004, undefined, 0]);
      assertEquals(rest.map(({ type }) => type), ["append", "forget"]);
      assertEquals(told("room_gone"), [], "nobody is there to be told");
    }
  },
);

pure("a message that a store gave up on in doubt makes its client doubtful", () => {
  const { bench, ana, roomId } = twoInRoom();
  const bodies = ["x"];
  const [append] = bench.hub.receive(ana, { action: "message", roomId, bodies, n: 1 }, bench.t);
  assert(append?.type === "append");
  const refused = new ChatError("unavailable", "Nobody knows");
  bench.hub.messages.refused(append.drafts[0]!, refused, bench.t, true);
  assertEquals([ana.session?.n, ana.session?.doubtful], [0, true]);
  const token = bench.tokenOf(ana);
  const resumed = (n?: number) => JSON.parse(bench.v1("Ana", token, n).sent[0]!).resumed;
  assertEquals([resumed(), resumed(0)], [false, true]);
});

pure("Joining.opened() takes over whom a dead process left in the room", () => {
  const bench = new HubBench({ graceMs: 1_000 });
  bench.hub.handover.adopt({ id: "ana", name: "Ana", n: 0 }, bench.t);
  bench.hub.handover.adopt({ id: "ben", name: "Ben", n: 0 }, bench.t);
  const stored = { ...bench.stored("id", "Lobby"), orphans: ["ana", "ben", "cleo"] };
  stored.roster.reset([
    { client_id: "ana", name: "Ana" },
    { client_id: "ben", name: "Ben", away: true },
    { client_id: "cleo", name: "Cleo" },
  ]);
  const ana = bench.v1("Ana", "ana.signed:ana");
  const frame = { action: "join", roomId: "id" } as const;
  const effects = bench.opened(ana, frame, stored);
  assertEquals(bench.told(effects), ["away Ana", "leave Cleo", "back Ana"]);
  const [reply] = effects.flatMap((effect) => effect.type === "send" ? [effect.text] : []);
  assertEquals(JSON.parse(reply!).members.length, 3, "as the log knows them so far");
  bench.perform(effects);
  assertEquals([...stored.roster.members.values()], [
    { client_id: "ana", name: "Ana" },
    { client_id: "ben", name: "Ben", away: true },
  ]);
  bench.pass(1_000);
  assertEquals(bench.told(bench.hub.tick(bench.t)), ["leave Ben"]);
});

pure("whom a dead process left in a room is taken over, and is in nobody's way", () => {
  const bench = new HubBench({ maxMembers: 1 });
  bench.hub.handover.adopt({ id: "ana", name: "Ana", n: 0 }, bench.t);
  const [ben, dan] = [bench.v1("Ben"), bench.v1("Dan")];
  const stored = { ...bench.stored("id", "Lobby"), orphans: ["ana", "cleo"] };
  stored.roster.reset([{ client_id: "ana", name: "Ana" }, { client_id: "cleo", name: "Cleo" }]);
  const frame = { action: "join", roomId: "id" } as const;
  assertEquals(bench.told(bench.hub.joining.admit(ben, stored, bench.t)), [
    "away Ana",
    "leave Cleo",
  ]);
  assertEquals(bench.told(bench.hub.joining.opened(ben, frame, stored, bench.t)), ["join Ben"]);
  assertEquals(refusal(() => bench.hub.joining.opened(dan, frame, stored, bench.t)), [
    "room_full",
    "Room id has 1 members",
  ]);
  assertEquals(bench.hub.joining.admit(ben, stored, bench.t), [], "once");
});

pure("Handover.orphaned() leaves alone who is here, and rooms that nobody here is in", () => {
  const { bench, ana, roomId } = twoInRoom();
  const id = ana.session?.id ?? "";
  assertEquals(bench.hub.handover.orphaned(roomId, [id], bench.t), []);
  assertEquals(bench.hub.handover.orphaned("nowhere", [id], bench.t), []);
  const gone = () => bench.told(bench.hub.handover.orphaned(roomId, ["stranger"], bench.t));
  assertEquals(gone(), [], "it was never there");
  bench.hub.rooms.get(roomId)?.roster.apply({ event: "join", from: "stranger" });
  assertEquals(gone(), ["leave stranger"]);
});

pure("a client is adopted once, and only with numbers that can be", () => {
  const bench = new HubBench();
  const adopt = (n: number) => bench.hub.handover.adopt({ id: "ana", name: "Ana", n }, bench.t);
  assertThrows(() => adopt(-1), TypeError, "client ana at message -1");
  adopt(1);
  assertThrows(() => adopt(2), RangeError, "Client ana is here already");
  assertEquals(bench.hub.size.clients, 1);
});

pure("who comes to another node of a shared room comes back, and is no new member", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const stored = { ...bench.stored("id", "Lobby"), shared: true } as const;
  stored.roster.apply({ event: "away", from: ana.session?.id ?? "", name: "Ana" });
  const frame = { action: "join", roomId: "id" } as const;
  assertEquals(bench.told(bench.opened(ana, frame, stored)), ["back Ana"]);
});

pure(
  "Handover.taken() closes the connection of a client that is elsewhere, and tells nobody",
  () => {
    const { bench, ana, ben, roomId } = twoInRoom({ graceMs: 1_000 });
    const id = ben.session?.id ?? "";
    const { log } = bench.hub.rooms.get(roomId)!;
    const head = log.head;
    const effects = bench.hub.handover.taken(id, undefined, bench.t);
    assertEquals(effects.map(({ type }) => type), ["close", "forget"]);
    assertEquals(effects.map((effect) => effect.type === "close" && effect.code), [4500, false]);
    assertEquals([ben.session, log.head], [undefined, head]);
    assertEquals(bench.hub.handover.taken("nobody", undefined, bench.t), []);
    // Of a room that it does not take up there it is no member when the grace time is over.
    bench.pass(1_000);
    bench.perform(bench.hub.tick(bench.t));
    assertEquals([log.head, bench.hub.size.clients], [head + 1, 1]);
    assertEquals(JSON.parse(log.at(log.size - 1).text).event, "leave");
    assertEquals(ana.session?.rooms.size, 1);
  },
);

pure("who was away and has come in at another process has the grace time to go back there", () => {
  const { bench, ben, roomId } = twoInRoom({ graceMs: 1_000 });
  const id = ben.session?.id ?? "";
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const { log } = bench.hub.rooms.get(roomId)!;
  const head = log.head;
  bench.pass(900);
  bench.perform(bench.hub.handover.taken(id, undefined, bench.t));
  bench.pass(200);
  bench.perform(bench.hub.tick(bench.t));
  assertEquals(log.head, head);
  bench.perform(bench.hub.handover.taken(id, roomId, bench.t));
  bench.pass(1_000);
  bench.perform(bench.hub.tick(bench.t));
  assertEquals([log.head, bench.hub.size.clients], [head, 1]);
});

pure("Handover.taken() of a client that may be here all the same has it come back", () => {
  const { bench, ben } = twoInRoom({ graceMs: 1_000 });
  const [closing] = bench.hub.handover.taken(ben.session?.id ?? "", undefined, bench.t, true);
  assertEquals(closing?.type === "close" && closing.code, 4004);
});

pure("Handover.taken() of a client that has only just come back has it come back once more", () => {
  for (const [ms, code] of [[999, 4004], [1_000, 4500]] as const) {
    const bench = new HubBench({}, true);
    bench.clients.set("ana", { id: "ana", name: "Ana", n: 7 });
    const ana = bench.v1("Ana", "ana.signed:ana", 7);
    bench.pass(ms);
    const [closing] = bench.hub.handover.taken("ana", undefined, bench.t);
    assert(closing?.type === "close");
    assertEquals([closing.peer, closing.code], [ana, code]);
  }
});

pure(
  "Handover.taken() of a room gives up a place there, and the client only if it is in it",
  () => {
    const { bench, ben, roomId } = twoInRoom({ graceMs: 1_000 });
    const { session } = ben;
    const token = bench.tokenOf(ben);
    bench.perform(bench.hub.disconnect(ben, bench.t));
    const again = bench.v1("Ben", token);
    assertEquals(again.session, session);
    // It has not come back to the room here: another process may speak for it there.
    assertEquals(bench.hub.handover.taken(session!.id, roomId, bench.t), []);
    assertEquals([again.session, session?.rooms.size], [session, 0]);
    bench.join(again, { roomId });
    const effects = bench.hub.handover.taken(session!.id, roomId, bench.t);
    assertEquals(effects.map(({ type }) => type), ["close", "forget"]);
    assertEquals([session?.rooms.size, bench.hub.size.clients], [0, 1]);
  },
);

pure(
  "a hub that is not alone asks where a client has been, and counts on from what it says",
  () => {
    const bench = new HubBench({ graceMs: 1_000 }, true);
    const ana = bench.v1("Ana");
    const roomId = bench.create(ana, "Lobby");
    bench.say(ana, roomId, "one");
    const { session } = ana;
    const token = bench.tokenOf(ana);
    bench.perform(bench.hub.disconnect(ana, bench.t));
    // Nothing is known of it elsewhere: it is still this one's.
    assertEquals(bench.v1("Ana", token).session?.n, 1);
    bench.clients.set(session!.id, { id: session!.id, name: "Ana", n: 6 });
    const again = bench.v1("Ana", token);
    assertEquals([again.session, session?.n], [session, 6]);
    bench.join(again, { roomId });
    const bodies = ["seven"];
    bench.perform(bench.hub.receive(again, { action: "message", roomId, n: 7, bodies }, bench.t));
    assertEquals(session?.n, 7);
  },
);

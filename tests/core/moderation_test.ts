import { assert, assertEquals } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import type { ClientFrame } from "../../src/protocol/frames.ts";
import { type FakePeer, HubBench, refusal } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

type Fields = { [field: string]: unknown };

/** A room that Ana has made, with Ben in it, a plain client, and Cid outside. */
class Scene {
  readonly bench = new HubBench();
  readonly ana = this.bench.v1("Ana");
  readonly ben = this.bench.v1("Ben");
  readonly cid = this.bench.v1("Cid");
  readonly pia = this.bench.plain();
  readonly roomId = this.bench.create(this.ana, "Lobby");

  constructor() {
    this.bench.join(this.ben, { roomId: this.roomId });
    this.bench.join(this.pia, { roomId: this.roomId });
  }

  /** Has somebody say something about the room; returns what it was answered last. */
  ask(peer: FakePeer, frame: Fields): Fields {
    this.receive(peer, frame);
    return JSON.parse(peer.sent.at(-1)!);
  }

  receive(peer: FakePeer, frame: Fields): void {
    const { roomId } = this;
    const { hub, t } = this.bench;
    this.bench.perform(hub.receive(peer, { roomId, ...frame } as unknown as ClientFrame, t));
  }

  give(peer: FakePeer, to: FakePeer, role: string, rest: Fields = {}): Fields {
    return this.ask(peer, { action: "role", to: to.session!.id, role, ref: 1, ...rest });
  }

  /** The code with which a message is refused; undefined where it is taken. */
  say(peer: FakePeer, body = "x"): unknown {
    const before = peer.sent.length;
    const { bench } = this;
    const frame: ClientFrame = { action: "message", roomId: this.roomId, bodies: [body] };
    try {
      bench.perform(bench.hub.receive(peer, frame, bench.t));
    } catch (error) {
      return error instanceof ChatError ? error.code : error;
    }
    return peer.sent.length === before ? undefined : JSON.parse(peer.sent.at(-1)!).code;
  }

  /** The entries of the room, in words. */
  get log(): string[] {
    const { log } = this.bench.hub.rooms.get(this.roomId)!;
    return Array.from({ length: log.size }, (_, i) => {
      const { event, body, from, to, role } = JSON.parse(log.at(i).text);
      return [event ?? body, this.nameOf(from), this.nameOf(to), role].filter(Boolean).join(" ");
    });
  }

  nameOf(id: string): string | undefined {
    const known = { ana: this.ana, ben: this.ben, cid: this.cid, pia: this.pia };
    return Object.entries(known).find(([, { session }]) => session?.id === id)?.[0];
  }

  has(peer: FakePeer): boolean {
    return this.bench.hub.rooms.get(this.roomId)!.members
      .some(({ person }) => person.id === peer.session?.id);
  }
}

pure("who makes a room is told to be its owner, and who joins its role and no others'", () => {
  const { ana, ben, pia } = new Scene();
  const made = JSON.parse(ana.sent.at(-1)!);
  assertEquals(made.you, { role: "owner" });
  assertEquals(made.roles, [{ to: ana.session!.id, role: "owner" }]);
  const joined = JSON.parse(ben.sent.at(-1)!);
  assertEquals([joined.you, joined.roles, joined.settings], [
    { role: "member" },
    undefined,
    undefined,
  ]);
  assertEquals(Object.keys(JSON.parse(pia.sent.at(-1)!)), ["status", "message", "room_id"]);
});

pure("a kick is answered with its place, and followed by the leave of who may come back", () => {
  const scene = new Scene();
  const { ana, ben, roomId } = scene;
  const to = ben.session!.id;
  const answer = scene.ask(ana, { action: "kick", to, reason: "Off topic", ref: 7 });
  assertEquals(answer, {
    status: "success",
    message: "Removed from the room",
    room_id: roomId,
    seq: 4,
    ref: 7,
  });
  assertEquals(scene.log.slice(3), ["kick ana ben", "leave ben"]);
  assertEquals(JSON.parse(ben.sent.at(-1)!), {
    event: "removed",
    room_id: roomId,
    seq: 4,
    reason: "Off topic",
  });
  assertEquals(scene.say(ben), "not_in_room");
  scene.bench.join(ben, { roomId });
  assertEquals(scene.say(ben), undefined);
});

pure("a ban removes somebody, who finds the room no more until it ends", () => {
  const scene = new Scene();
  const { ana, ben, roomId, bench } = scene;
  scene.give(ana, ben, "none", { forMs: 1_000 });
  assertEquals(scene.log.slice(3), ["role ana ben none", "leave ben"]);
  assertEquals(JSON.parse(ben.sent.at(-1)!).event, "removed");
  const missing = refusal(() => bench.join(ben, { roomId: "0000-0000-0000-0000" }));
  const banned = refusal(() => bench.join(ben, { roomId }));
  assertEquals(banned, ["room_not_found", `Room ${roomId} does not exist`]);
  assertEquals(missing[1].replace("0000-0000-0000-0000", roomId), banned[1]);
  bench.pass(1_000);
  bench.join(ben, { roomId });
  assert(scene.has(ben));
});

pure("who is banned while it is away has lost its place", () => {
  const scene = new Scene();
  const { ana, ben, bench } = scene;
  const token = bench.tokenOf(ben);
  const to = ben.session!.id;
  bench.perform(bench.hub.disconnect(ben, bench.t));
  scene.ask(ana, { action: "role", to, role: "none" });
  const back = bench.v1("Ben", token);
  assertEquals(JSON.parse(back.sent.at(-1)!).resumed, true);
  assertEquals(scene.say(back), "not_in_room");
  assertEquals(refusal(() => bench.join(back, { roomId: scene.roomId }))[0], "room_not_found");
});

pure("somebody can be banned who never was there", () => {
  const scene = new Scene();
  scene.give(scene.ana, scene.cid, "none");
  const code = refusal(() => scene.bench.join(scene.cid, { roomId: scene.roomId }))[0];
  assertEquals(code, "room_not_found");
});

pure("a mute lets somebody read on, and says why it may not speak", () => {
  const scene = new Scene();
  const { ana, ben } = scene;
  scene.give(ana, ben, "reader");
  assert(scene.has(ben));
  assertEquals(scene.say(ben), "forbidden");
  assertEquals(refusal(() => scene.receive(ben, { action: "typing" })), [
    "forbidden",
    "A reader may not type here: that takes a member",
  ]);
  scene.give(ana, ben, "member");
  assertEquals(scene.say(ben), undefined);
});

pure("plain clients can be muted, kicked and banned like anybody, and are told in words", () => {
  const scene = new Scene();
  const { ana, pia, bench, roomId } = scene;
  const told = () => JSON.parse(pia.sent.at(-1)!);
  scene.give(ana, pia, "reader");
  scene.say(pia);
  assertEquals(told(), {
    status: "error",
    message: "A reader may not send here: that takes a member",
  });
  scene.ask(ana, { action: "kick", to: pia.session!.id, reason: "Enough" });
  assertEquals(told(), { status: "error", message: "You were removed from the room: Enough" });
  assert(!scene.has(pia));
  scene.give(ana, pia, "none");
  const refused = refusal(() => bench.join(pia, { roomId }));
  assertEquals(refused[1], `Room ${roomId} does not exist`);
});

pure("members cannot moderate, and are told which role that takes", () => {
  const scene = new Scene();
  const { ana, ben, pia, cid } = scene;
  const answer = scene.give(ben, pia, "none");
  assertEquals([answer.status, answer.code, answer.ref], ["error", "forbidden", 1]);
  assertEquals(answer.message, "A member may not give roles here: that takes a moderator");
  const topic = scene.ask(ben, { action: "room", settings: { topic: "x" } });
  assertEquals(topic.message, "A member may not set topic here: that takes a moderator");
  assertEquals(refusal(() => scene.receive(ben, { action: "delete" }))[0], "forbidden");
  const outside = () => scene.receive(cid, { action: "kick", to: ana.session!.id });
  assertEquals(refusal(outside)[0], "not_in_room");
  assertEquals(scene.log.length, 3, "nothing has changed");
});

pure("a moderator acts on members, and not on itself, its equals and the owner", () => {
  const scene = new Scene();
  const { ana, ben, pia, cid } = scene;
  scene.bench.join(cid, { roomId: scene.roomId });
  scene.give(ana, ben, "moderator");
  scene.give(ana, cid, "moderator");
  for (const to of [ben, cid, ana]) {
    assertEquals(scene.ask(ben, { action: "kick", to: to.session!.id }).code, "forbidden");
  }
  assertEquals(scene.give(ben, cid, "member").code, "forbidden");
  assertEquals(scene.give(ben, pia, "moderator").code, "forbidden");
  assertEquals(
    scene.give(ana, ana, "member").message,
    `${ana.session!.id} is the last owner of the room`,
  );
  assertEquals(scene.ask(ben, { action: "kick", to: pia.session!.id }).status, "success");
  assertEquals(scene.give(ben, ben, "member").status, "success", "it steps down");
});

pure(
  "settings are told to everybody who joins, and roles to moderators, in frames of sixteen",
  () => {
    const scene = new Scene();
    const { ana, ben, bench, roomId } = scene;
    scene.ask(ana, { action: "room", settings: { topic: "Cats", slow_ms: 100 } });
    bench.join(ben, { roomId });
    assertEquals(JSON.parse(ben.sent.at(-1)!).settings, { slow_ms: 100, topic: "Cats" });
    for (let i = 0; i < 16; i++) scene.ask(ana, { action: "role", to: `m${i}`, role: "none" });
    const before = ana.sent.length;
    bench.join(ana, { roomId });
    const [some, reply] = ana.sent.slice(before).map((text) => JSON.parse(text));
    assertEquals([some.event, some.room_id, some.roles.length], ["roles", roomId, 16]);
    assertEquals(reply.roles, [{ to: "m15", role: "none" }]);
  },
);

pure("settings need a name, and one that may be set", () => {
  const scene = new Scene();
  const refused = refusal(() => scene.receive(scene.ana, { action: "room", settings: {} }));
  assertEquals(refused, [
    "invalid_frame",
    '"body" of room must have one of join, default, slow_ms, history, topic',
  ]);
});

pure("a closed room keeps its members, and lets in who was given a role by name", () => {
  const scene = new Scene();
  const { ana, ben, cid, bench, roomId } = scene;
  const token = bench.tokenOf(ben);
  scene.ask(ana, { action: "room", settings: { join: "closed" } });
  assertEquals(refusal(() => bench.join(cid, { roomId }))[0], "room_not_found");
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const back = bench.v1("Ben", token);
  bench.join(back, { roomId });
  assertEquals(scene.log.at(-1), "back ben");
  scene.give(ana, cid, "reader");
  bench.join(cid, { roomId });
  assertEquals(JSON.parse(cid.sent.at(-1)!).you, { role: "reader" });
});

pure("in a room for readers only those speak who were given the right", () => {
  const scene = new Scene();
  const { ana, ben, pia } = scene;
  scene.ask(ana, { action: "room", settings: { default: "reader" } });
  assertEquals(scene.say(ben), "forbidden");
  scene.give(ana, ben, "member");
  assertEquals([scene.say(ben), scene.say(ana)], [undefined, undefined]);
  assertEquals(JSON.parse((scene.say(pia), pia.sent.at(-1)!)).status, "error");
});

pure("slow mode holds members back for its time, and no moderators", () => {
  const scene = new Scene();
  const { ana, ben, bench } = scene;
  scene.ask(ana, { action: "room", settings: { slow_ms: 500 } });
  assertEquals([scene.say(ben), scene.say(ben)], [undefined, "rate_limited"]);
  bench.pass(499);
  assertEquals(scene.say(ben), "rate_limited");
  bench.pass(1);
  assertEquals([scene.say(ben), scene.say(ana), scene.say(ana)], Array(3).fill(undefined));
});

pure("a deleted room is gone for everybody, and only its owner deletes it", () => {
  const scene = new Scene();
  const { ana, ben, roomId } = scene;
  const answer = scene.ask(ana, { action: "delete", ref: 3 });
  assertEquals(answer, { status: "success", message: "Room deleted", room_id: roomId, ref: 3 });
  assertEquals(scene.say(ben), "room_gone");
});

pure("a room of a store without roles is as it was, and says so", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const { id, name, log, roster } = bench.stored("r", "Old");
  bench.perform(bench.opened(ana, { action: "join", roomId: id }, { id, name, log, roster }));
  assertEquals(JSON.parse(ana.sent.at(-1)!).you, undefined);
  const kick: ClientFrame = { action: "kick", roomId: id, to: "x" };
  assertEquals(refusal(() => bench.hub.receive(ana, kick, bench.t))[0], "unsupported");
});

pure("a room that was made again after it was lost belongs to nobody", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  bench.join(ana, { roomId: "k7q2-m9xd-4hwn-r3tc", roomName: "Lobby" });
  const reply = JSON.parse(ana.sent.at(-1)!);
  assertEquals([reply.room_name, reply.you], ["Lobby", { role: "member" }]);
});

pure("a principal that a token proves has its roles over all its clients", () => {
  const scene = new Scene();
  const { ana, bench, roomId } = scene;
  const [one, two] = [bench.v1("Dora"), bench.v1("Dora")];
  for (const peer of [one, two]) {
    peer.session!.principal = { sub: "dora", proven: true };
    bench.join(peer, { roomId });
  }
  assertEquals([scene.say(one), scene.say(two)], [undefined, undefined]);
  scene.ask(ana, { action: "role", to: "dora", role: "reader" });
  assertEquals([scene.say(one), scene.say(two)], ["forbidden", "forbidden"]);
  scene.ask(ana, { action: "role", to: "dora", role: "none" });
  assertEquals([scene.has(one), scene.has(two)], [false, false]);
});

pure("nobody here is acted upon who has by a token a role that is not lower", () => {
  const scene = new Scene();
  const { ana, ben, bench, roomId } = scene;
  const dora = bench.v1("Dora");
  dora.session!.principal = { sub: "dora", grants: { rooms: { [roomId]: "moderator" } } };
  bench.join(dora, { roomId });
  assertEquals(JSON.parse(dora.sent.at(-1)!).you, { role: "moderator" });
  scene.give(ana, ben, "moderator");
  assertEquals(refusal(() => scene.receive(ben, { action: "kick", to: "dora" })), [
    "forbidden",
    "A moderator may not act on dora, who is moderator here",
  ]);
  assertEquals(scene.ask(ana, { action: "kick", to: "dora" }).status, "success");
});

pure("with `since_join` members read from their own join on, and moderators all", () => {
  const scene = new Scene();
  const { ana, ben, cid, bench, roomId } = scene;
  scene.ask(ana, { action: "room", settings: { history: "since_join" } });
  scene.say(ana, "before");
  bench.join(cid, { roomId, last: 100 });
  const joined = JSON.parse(cid.sent.at(-1)!);
  assertEquals([joined.seq, joined.after], [5, 5], "nothing from before");
  scene.say(ana, "behind");
  const { epoch } = joined;
  bench.join(cid, { roomId, epoch, after: 2 });
  assertEquals(JSON.parse(cid.sent.at(-1)!).recovered, false, "what it has no right to is missing");
  const page = (peer: FakePeer, frame: Fields = {}) => {
    const { entries, more } = scene.ask(peer, { action: "history", limit: 100, ...frame });
    return [(entries as { body?: string }[]).flatMap(({ body }) => body ?? []), more];
  };
  assertEquals(page(cid), [["behind"], false]);
  assertEquals(page(cid, { after: 0 }), [["behind"], false]);
  assertEquals(page(cid, { around: 1 }), [["behind"], false]);
  assertEquals(page(ben), [["before", "behind"], false], "it was there");
  const found = (peer: FakePeer) => page(peer, { action: "search", text: "before" });
  assertEquals([found(cid), found(ben)], [[[], false], [["before"], false]]);
  scene.give(ana, cid, "moderator");
  assertEquals(page(cid), [["before", "behind"], false]);
  scene.give(ana, cid, "member");
  scene.receive(cid, { action: "leave" });
  bench.join(cid, { roomId, last: 100 });
  assertEquals(page(cid), [[], false], "a new membership");
});

import { assert, assertEquals } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import type { ClientFrame } from "../../src/protocol/frames.ts";
import { encodeLink, readLink } from "../../src/protocol/links.ts";
import { linkSigner } from "../../src/server/token_signer.ts";
import { type FakePeer, HubBench } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

type Fields = { [field: string]: unknown };

/** A room of Ana's, which lets people in by a link only. */
class Scene {
  readonly bench = new HubBench();
  readonly ana = this.bench.v1("Ana");
  readonly roomId = this.bench.create(this.ana, "Lobby");
  /** The owner link, as Ana was told it. */
  readonly owner = String(this.lastOf(this.ana).link);

  constructor(settings: Fields = { join: "link" }) {
    this.ask(this.ana, { action: "room", settings });
  }

  lastOf(peer: FakePeer): Fields {
    return JSON.parse(peer.sent.at(-1)!);
  }

  /** Has somebody ask; returns the answer. */
  ask(peer: FakePeer, frame: Fields): Fields {
    const { bench, roomId } = this;
    const before = peer.sent.length;
    try {
      const asked = { roomId, ...frame } as unknown as ClientFrame;
      bench.perform(bench.hub.receive(peer, asked, bench.t));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return { code: error.code, message: error.message };
    }
    const told = peer.sent.slice(before).map((text) => JSON.parse(text));
    return told.findLast(({ status }) => status !== undefined) ?? {};
  }

  /** The role that somebody comes in with, or the code that it is refused with. */
  join(peer: FakePeer, link?: string): unknown {
    const { you, code } = this.ask(peer, { action: "join", ...(link && { link }) });
    return (you as { role: string } | undefined)?.role ?? code;
  }

  link(fields: Fields, by = this.ana): Fields {
    return this.ask(by, { action: "link", ...fields });
  }

  say(peer: FakePeer): unknown {
    return this.ask(peer, { action: "message", bodies: ["x"] }).code;
  }

  links(by = this.ana): unknown {
    const { links, code } = this.ask(by, { action: "links" });
    return code ?? (links as { id: string }[]).map(({ id }) => id);
  }

  log(): string[] {
    const { log } = this.bench.hub.rooms.get(this.roomId)!;
    return Array.from({ length: log.size }, (_, i) => {
      const { event, body } = JSON.parse(log.at(i).text);
      return event ?? body;
    });
  }
}

/** Narrows a link as anybody can who has it. */
function narrowed(link: string, ...more: string[]): string {
  const { next } = linkSigner("any");
  return more.reduce((text, caveat) => {
    const { id, caveats, signature } = readLink(text)!;
    return encodeLink({ id, caveats: [...caveats, caveat], signature: next(signature, caveat) });
  }, link);
}

pure("who makes a room is told its owner link, with which anybody is an owner", () => {
  const scene = new Scene();
  const { bench, owner, roomId } = scene;
  const ben = bench.v1("Ben");
  assertEquals(scene.join(ben), "room_not_found");
  assertEquals(scene.join(ben, owner), "owner");
  assertEquals(scene.lastOf(ben).link, owner, "to come back with");
  assertEquals(scene.log().slice(-2), ["use", "join"]);
  const topic = { action: "room", settings: { topic: "Cats" } };
  assertEquals(scene.ask(ben, topic).message, "Settings changed");
  assert(!bench.hub.rooms.get(roomId)!.charter!.roleOf(ben.session!.id, bench.t.at));
});

pure("a link is used once by one client, however often it comes back", () => {
  const scene = new Scene();
  const ben = scene.bench.v1("Ben");
  const { link } = scene.link({ role: "member", uses: 1 });
  assertEquals(scene.join(ben, String(link)), "member");
  assertEquals(scene.join(ben, String(link)), "member");
  scene.ask(ben, { action: "leave" });
  assertEquals(scene.join(ben), "member", "it is known by now");
  assertEquals(scene.log().filter((what) => what === "use").length, 1);
  assertEquals(scene.join(scene.bench.v1("Cid"), String(link)), "link_used_up");
});

pure("a link that does not count any more lets in whoever needs none", () => {
  const scene = new Scene();
  const { bench } = scene;
  const [ben, cid] = [bench.v1("Ben"), bench.v1("Cid")];
  const made = scene.link({ role: "moderator", uses: 1 });
  assertEquals(scene.join(ben, String(made.link)), "moderator");
  scene.ask(scene.ana, { action: "unlink", id: made.id });
  assertEquals(scene.join(ben, String(made.link)), "member", "it is in the room already");
  assertEquals(scene.join(cid, String(made.link)), "link_ended");
  scene.ask(scene.ana, { action: "room", settings: { join: "open" } });
  assertEquals(scene.join(cid, String(made.link)), "member");
  assertEquals(scene.lastOf(cid).link, undefined);
});

pure("a link ends when it says, for who has come in by it too", () => {
  const scene = new Scene({ join: "link", default: "reader" });
  const { bench } = scene;
  const [ben, cid] = [bench.v1("Ben"), bench.v1("Cid")];
  const link = String(scene.link({ role: "member", forMs: 5_000 }).link);
  assertEquals(scene.join(ben, link), "member");
  assertEquals(scene.say(ben), undefined);
  bench.pass(6_000);
  assertEquals(scene.say(ben), "forbidden");
  assertEquals(scene.join(cid, link), "link_ended");
  assertEquals(scene.links(), ["owner"]);
});

pure("a narrowed link does what it says, and its counter is its own", () => {
  const scene = new Scene();
  const guest = () => scene.bench.v1("Guest");
  const one = narrowed(scene.owner, "id=a1", "role=reader", "uses=1");
  const other = narrowed(scene.owner, "id=b2", "role=member", "uses=1");
  assertEquals([one, other, one, other].map((link) => scene.join(guest(), link)), [
    ...["reader", "member", "link_used_up", "link_used_up"],
  ]);
  assertEquals(scene.ask(scene.ana, { action: "unlink", id: "owner.b2" }).message, "Link ended");
  assertEquals(scene.join(guest(), narrowed(other, "role=reader")), "link_ended");
  assertEquals(scene.join(guest(), narrowed(scene.owner, "role=reader")), "reader");
});

pure(
  "a link for readers lets nobody speak in a room that is not open, also when it has ended",
  () => {
    const scene = new Scene();
    const ben = scene.bench.v1("Ben");
    const { link, id } = scene.link({ role: "reader" });
    assertEquals(scene.join(ben, String(link)), "reader");
    assertEquals(scene.say(ben), "forbidden");
    scene.ask(scene.ana, { action: "unlink", id });
    assertEquals(scene.say(ben), "forbidden");
    scene.ask(scene.ana, { action: "room", settings: { join: "open" } });
    assertEquals(scene.say(ben), undefined, "as anybody who comes without a link");
  },
);

pure("a link that is none is refused in the same way where there is no such room", () => {
  const scene = new Scene();
  const ben = scene.bench.v1("Ben");
  const wrong = scene.owner.replace(/.$/, (last) => last === "0" ? "1" : "0");
  const known = scene.ask(ben, { action: "join", link: wrong });
  assertEquals(known, {
    ...{ code: "link_invalid", message: `This is no link into room ${scene.roomId}` },
  });
  const unknown = "aaaa-aaaa-aaaa-aaaa";
  assertEquals(scene.ask(ben, { action: "join", roomId: unknown, link: scene.owner }), {
    ...{ code: "link_invalid", message: `This is no link into room ${unknown}` },
  });
  const open = new Scene({ join: "open" });
  assertEquals(open.join(open.bench.v1("Cid"), wrong), "member", "as without it");
});

pure("a link for one client is for no other", () => {
  const scene = new Scene();
  const [ben, cid] = [scene.bench.v1("Ben"), scene.bench.v1("Cid")];
  const link = String(scene.link({ role: "member", to: ben.session!.id }).link);
  assertEquals([ben, cid].map((peer) => scene.join(peer, link)), ["member", "link_invalid"]);
});

pure("a role by name wins over any link, and a ban over all of them", () => {
  const scene = new Scene();
  const ben = scene.bench.v1("Ben");
  const give = (role: string) =>
    scene.ask(scene.ana, { action: "role", to: ben.session!.id, role });
  give("reader");
  assertEquals(scene.join(ben, scene.owner), "reader");
  assertEquals(scene.log().includes("use"), false);
  give("none");
  assertEquals(scene.join(ben, scene.owner), "room_not_found");
});

pure("a ban of a client of which nothing is proved ends the link that it came by", () => {
  const scene = new Scene();
  const { bench } = scene;
  const [eve, cid, mo] = [bench.v1("Eve"), bench.v1("Cid"), bench.v1("Mo")];
  const made = scene.link({ role: "member" });
  const staff = String(scene.link({ role: "moderator" }).link);
  assertEquals(scene.join(mo, staff), "moderator");
  assertEquals(scene.join(eve, String(made.link)), "member");
  const ban = { action: "role", to: eve.session!.id, role: "none" };
  assertEquals(scene.ask(mo, ban).message, "Role given");
  assertEquals(scene.join(bench.v1("Eve again"), String(made.link)), "link_ended");
  assertEquals(scene.join(cid, staff), "moderator", "another one still counts");
});

pure(
  "a moderator makes, lists and ends links up to member, an owner all, and nobody else any",
  () => {
    const scene = new Scene({ join: "open" });
    const { bench, ana } = scene;
    const [mo, ben] = [bench.v1("Mo"), bench.v1("Ben")];
    assertEquals(scene.join(ben), "member");
    assertEquals(scene.join(mo, String(scene.link({ role: "moderator" }).link)), "moderator");
    const { id } = scene.link({ role: "member" }, mo);
    assertEquals(scene.link({ role: "moderator" }, mo).code, "forbidden");
    assertEquals(scene.links(mo), [id]);
    assertEquals((scene.links(ana) as string[]).length, 3);
    assertEquals(scene.ask(mo, { action: "unlink", id: "owner" }).code, "forbidden");
    assertEquals(scene.ask(mo, { action: "unlink", id }).message, "Link ended");
    assertEquals(scene.ask(mo, { action: "unlink", id }).code, "link_ended");
    for (const [action, rest] of [["link", { role: "reader" }], ["links"], ["unlink", { id }]]) {
      assertEquals(scene.ask(ben, { action, ...rest as Fields }).code, "forbidden", String(action));
    }
  },
);

pure("a room has 64 links at most", () => {
  const scene = new Scene();
  const codes = Array.from({ length: 64 }, () => scene.link({ role: "reader" }).code);
  assertEquals(codes.findIndex((code) => code !== undefined), 63, "besides its owner link");
  assertEquals(codes.at(-1), "forbidden");
});

pure("a full room counts no use of a link", () => {
  const scene = new Scene();
  const { bench } = scene;
  const link = String(scene.link({ role: "member", uses: 1 }).link);
  const room = bench.hub.rooms.get(scene.roomId)!;
  const full = Object.defineProperty(room, "here", { get: () => 1_000_000, configurable: true });
  const ben = bench.v1("Ben");
  assertEquals(scene.join(ben, link), "room_full");
  Reflect.deleteProperty(full, "here");
  assertEquals(scene.join(ben, link), "member");
});

pure("a lost room that is made again has its owner link, and no other", () => {
  const bench = new HubBench();
  const scene = new Scene();
  const made = String(scene.link({ role: "moderator" }).link);
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const { roomId } = scene;
  bench.join(ana, { roomId, roomName: "Lobby", link: scene.owner });
  assertEquals(JSON.parse(ana.sent.at(-1)!).you, { role: "owner" });
  bench.join(ben, { roomId, link: made });
  assertEquals(JSON.parse(ben.sent.at(-1)!).you, { role: "member" });
});

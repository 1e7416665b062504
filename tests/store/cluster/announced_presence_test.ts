import { assertEquals } from "@std/assert";
import type { MemberInfo, PresenceEvent } from "../../../src/protocol/frames.ts";
import {
  AnnouncedPresence,
  type Correction,
} from "../../../src/store/cluster/announced_presence.ts";
import { pure } from "../../support/pure.ts";

/** Compares what a node has announced, event by event, with a log: each member as `[node, info]`. */
function compare(
  announced: [PresenceEvent, string, string?][],
  logged: [node: string, member: MemberInfo][],
  busy: string[] = [],
): Correction[] {
  const all = new AnnouncedPresence("me");
  for (const [event, from, name] of announced) {
    all.announce({ event, from, name });
  }
  return all.corrections({
    members: new Map(logged.map(([, member]) => [member.client_id, member])),
    speakers: new Map(logged.map(([node, { client_id }]) => [client_id, { node }])),
  }, (id) => busy.includes(id));
}

const ANA = { client_id: "ana" };
const AWAY = { client_id: "ana", away: true } as const;

pure("nothing is to be done where the log says what was told", () => {
  assertEquals(compare([], []), []);
  assertEquals(compare([["join", "ana"]], [["me", ANA], ["other", { client_id: "ben" }]]), []);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], [["me", AWAY]]), []);
  const renamed: [PresenceEvent, string, string?][] = [["join", "ana"], ["rename", "ana", "Ana"]];
  assertEquals(compare(renamed, [["me", { ...ANA, name: "Ana" }]]), []);
  assertEquals(compare([["join", "ana"], ["leave", "ana"]], []), []);
});

pure("what others took for gone, or was not stored, is told again", () => {
  const announce = (event: PresenceEvent, name?: string): Correction => ({
    type: "announce",
    event,
    from: "ana",
    name,
  });
  assertEquals(compare([["join", "ana", "Ana"]], []), [announce("join", "Ana")]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], []), [
    announce("join"),
    announce("away"),
  ]);
  assertEquals(compare([["join", "ana"]], [["me", AWAY]]), [announce("back")]);
  assertEquals(compare([["back", "ana"]], [["other", AWAY]]), [announce("back")]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], [["me", ANA]]), [announce("away")]);
  assertEquals(compare([["join", "ana", "Ana"]], [["me", ANA]]), [announce("rename", "Ana")]);
  assertEquals(compare([], [["me", ANA]]), [announce("leave")]);
});

pure("somebody for whom another node speaks is that one's", () => {
  const taken: Correction = { type: "taken", from: "ana" };
  const disputed: Correction = { type: "disputed", from: "ana", name: undefined };
  assertEquals(compare([["join", "ana"]], [["other", ANA]]), [disputed]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], [["other", ANA]]), [taken]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], [["other", AWAY]]), [taken]);
});

pure("nothing is said of somebody of whom something is on its way", () => {
  assertEquals(compare([["join", "ana"]], [], ["ana"]), []);
  assertEquals(compare([], [["me", ANA]], ["ana"]), []);
  assertEquals(compare([["join", "ana"]], [["other", ANA]], ["ana"]), []);
});

pure("somebody who is another node's is not told of again", () => {
  const announced = new AnnouncedPresence("me");
  announced.announce({ event: "join", from: "ana", name: undefined });
  const there = { members: new Map([["ana", ANA]]), speakers: new Map([["ana", { node: "you" }]]) };
  assertEquals(announced.corrections(there, () => false).length, 1);
  announced.forget("ana");
  const gone = { members: new Map(), speakers: new Map() };
  assertEquals(announced.corrections(gone, () => false), []);
  // A new name of somebody who is not here makes nobody a member.
  announced.announce({ event: "rename", from: "ana", name: "Ana" });
  assertEquals(announced.corrections(gone, () => false), []);
});

pure("somebody who has come in at another node is left to that one, whatever it tells", () => {
  const taken: Correction = { type: "taken", from: "ana" };
  const speakers = (node: string) => new Map([["ana", { node }]]);
  const here = { members: new Map([["ana", ANA]]), speakers: speakers("me") };
  const there = { members: new Map([["ana", AWAY]]), speakers: speakers("you") };
  const gone = { members: new Map(), speakers: new Map() };
  for (const logged of [there, gone]) {
    const announced = new AnnouncedPresence("me");
    announced.announce({ event: "join", from: "ana", name: undefined });
    assertEquals([announced.move("ana"), announced.move("ben"), announced.has("ana")], [
      true,
      false,
      false,
    ]);
    // What it does not take up there it leaves here, later.
    assertEquals(announced.corrections(here, () => false), []);
    assertEquals(announced.corrections(logged, () => false), [taken]);
    assertEquals(announced.corrections(logged, () => false), []);
    announced.announce({ event: "back", from: "ana", name: undefined });
    assertEquals(announced.has("ana"), true);
  }
});

pure("that a room is quiet is told again until its log says so, and then nothing more", () => {
  const grown: [PresenceEvent, string][] = [["join", "ana"], ["join", "ben"], ["quiet", ""]];
  const logged: [string, MemberInfo][] = [["me", ANA], ["me", { client_id: "cleo" }]];
  assertEquals(compare(grown, logged), [
    { type: "announce", event: "quiet", from: "", name: undefined },
  ]);
  assertEquals(compare(grown, logged, [""]), []);
});

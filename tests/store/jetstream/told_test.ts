import { assertEquals } from "@std/assert";
import type { MemberInfo, PresenceEvent } from "../../../src/protocol/frames.ts";
import { type Correction, Told } from "../../../src/store/jetstream/told.ts";
import { pure } from "../../support/pure.ts";

/** Compares what a node has told, event by event, with a log: each member as `[node, info]`. */
function compare(
  told: [PresenceEvent, string, string?][],
  logged: [node: string, member: MemberInfo][],
  busy: string[] = [],
): Correction[] {
  const all = new Told("me");
  for (const [event, from, name] of told) {
    all.tell({ event, from, name });
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
  const tell = (event: PresenceEvent, name?: string): Correction => ({
    type: "tell",
    event,
    from: "ana",
    name,
  });
  assertEquals(compare([["join", "ana", "Ana"]], []), [tell("join", "Ana")]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], []), [tell("join"), tell("away")]);
  assertEquals(compare([["join", "ana"]], [["me", AWAY]]), [tell("back")]);
  assertEquals(compare([["back", "ana"]], [["other", AWAY]]), [tell("back")]);
  assertEquals(compare([["join", "ana"], ["away", "ana"]], [["me", ANA]]), [tell("away")]);
  assertEquals(compare([["join", "ana", "Ana"]], [["me", ANA]]), [tell("rename", "Ana")]);
  assertEquals(compare([], [["me", ANA]]), [tell("leave")]);
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
  const told = new Told("me");
  told.tell({ event: "join", from: "ana", name: undefined });
  const there = { members: new Map([["ana", ANA]]), speakers: new Map([["ana", { node: "you" }]]) };
  assertEquals(told.corrections(there, () => false).length, 1);
  told.forget("ana");
  const gone = { members: new Map(), speakers: new Map() };
  assertEquals(told.corrections(gone, () => false), []);
  // A new name of somebody who is not here makes nobody a member.
  told.tell({ event: "rename", from: "ana", name: "Ana" });
  assertEquals(told.corrections(gone, () => false), []);
});

pure("somebody who has come in at another node is left to that one, whatever it tells", () => {
  const taken: Correction = { type: "taken", from: "ana" };
  const speakers = (node: string) => new Map([["ana", { node }]]);
  const here = { members: new Map([["ana", ANA]]), speakers: speakers("me") };
  const there = { members: new Map([["ana", AWAY]]), speakers: speakers("you") };
  const gone = { members: new Map(), speakers: new Map() };
  for (const logged of [there, gone]) {
    const told = new Told("me");
    told.tell({ event: "join", from: "ana", name: undefined });
    assertEquals([told.move("ana"), told.move("ben"), told.has("ana")], [true, false, false]);
    // What it does not take up there it leaves here, later.
    assertEquals(told.corrections(here, () => false), []);
    assertEquals(told.corrections(logged, () => false), [taken]);
    assertEquals(told.corrections(logged, () => false), []);
    told.tell({ event: "back", from: "ana", name: undefined });
    assertEquals(told.has("ana"), true);
  }
});

pure("that a room is quiet is told again until its log says so, and then nothing more", () => {
  const grown: [PresenceEvent, string][] = [["join", "ana"], ["join", "ben"], ["quiet", ""]];
  const logged: [string, MemberInfo][] = [["me", ANA], ["me", { client_id: "cleo" }]];
  assertEquals(compare(grown, logged), [
    { type: "tell", event: "quiet", from: "", name: undefined },
  ]);
  assertEquals(compare(grown, logged, [""]), []);
});

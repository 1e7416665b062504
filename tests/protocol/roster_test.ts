import { assertEquals } from "@std/assert";
import type { PresenceEvent } from "../../src/protocol/frames.ts";
import { PRESENCE_EVENTS, Roster } from "../../src/protocol/roster.ts";
import { DEFS } from "../support/frame_schema.ts";
import { pure } from "../support/pure.ts";

function tell(roster: Roster, event: PresenceEvent, from: string, name?: string): void {
  roster.apply({ event, from, ...(name === undefined ? {} : { name }) });
}

function list(roster: Roster): unknown[] {
  return [...roster.members.values()];
}

pure("Roster.apply() follows who comes, goes, and is called otherwise", () => {
  const roster = new Roster();
  tell(roster, "join", "ana", "Ana");
  tell(roster, "join", "ben");
  assertEquals(list(roster), [{ client_id: "ana", name: "Ana" }, { client_id: "ben" }]);
  tell(roster, "away", "ana", "Ana");
  assertEquals(list(roster)[0], { client_id: "ana", name: "Ana", away: true });
  tell(roster, "rename", "ana", "Anna");
  assertEquals(list(roster)[0], { client_id: "ana", name: "Anna", away: true });
  tell(roster, "back", "ana", "Anna");
  assertEquals(list(roster), [{ client_id: "ana", name: "Anna" }, { client_id: "ben" }]);
  tell(roster, "leave", "ben");
  tell(roster, "leave", "nobody");
  assertEquals(list(roster), [{ client_id: "ana", name: "Anna" }]);
});

pure("a quiet room has no members, whatever comes later, until it begins again", () => {
  const roster = new Roster();
  tell(roster, "join", "ana");
  tell(roster, "quiet", "");
  tell(roster, "join", "ben");
  assertEquals([list(roster), roster.quiet], [[], true]);
  roster.reset();
  tell(roster, "join", "ben");
  assertEquals([list(roster), roster.quiet], [[{ client_id: "ben" }], false]);
});

pure("Roster.reset() takes a list that is known", () => {
  const roster = new Roster();
  tell(roster, "join", "ana");
  roster.reset([{ client_id: "ben", away: true }]);
  tell(roster, "join", "cleo");
  assertEquals(list(roster), [{ client_id: "ben", away: true }, { client_id: "cleo" }]);
});

pure("a roster calls the ids of its members as it was told to", () => {
  const roster = new Roster("clientId");
  roster.reset([{ clientId: "ana", name: "Ana", away: true }]);
  roster.apply({ event: "rename", from: "ana", name: "Anna" });
  roster.apply({ event: "join", from: "ben" });
  assertEquals([...roster.members], [
    ["ana", { clientId: "ana", name: "Anna", away: true }],
    ["ben", { clientId: "ben" }],
  ]);
});

pure("the roster knows every presence event of the schema", () => {
  const { enum: events } = DEFS.presence_entry!.properties!.event!;
  assertEquals<unknown>(PRESENCE_EVENTS, events);
});

pure("Roster.apply() passes over what it does not know", () => {
  const roster = new Roster();
  tell(roster, "dance" as PresenceEvent, "ana");
  assertEquals(list(roster), []);
});

import { assert, assertEquals } from "@std/assert";
import { Charter, MAX_ROLES } from "../../../src/core/authority/charter.ts";
import { DEFAULT_SETTINGS } from "../../../src/protocol/roles.ts";
import { pure } from "../../support/pure.ts";

const given = (to: string, role: "none" | "reader" | "member" | "owner", until?: number) => ({
  at: 0,
  event: "role" as const,
  to,
  role,
  ...(until === undefined ? {} : { until }),
});

pure("a charter is open where nothing was said, and has the owner who made the room", () => {
  assertEquals(Charter.of().settings, DEFAULT_SETTINGS);
  assertEquals(Charter.of().roles(0), []);
  assertEquals(Charter.of("ana").roles(0), [{ to: "ana", role: "owner" }]);
  assertEquals([Charter.of("ana").owners, Charter.of().owners], [1, 0]);
});

pure("fold() adds up roles and settings, and changes no earlier charter", () => {
  const before = Charter.of("ana");
  const after = before.fold(given("ben", "none")).fold({ at: 1, event: "room", topic: "Cats" })
    .fold({ at: 2, event: "kick", to: "cid" });
  assertEquals(before, Charter.of("ana"));
  assertEquals(after.roleOf("ben", 2), "none");
  assertEquals(after.settings, { ...DEFAULT_SETTINGS, topic: "Cats" });
  assertEquals(after.roleOf("cid", 2), undefined, "a kick changes nothing");
});

pure("a role ends at its time, and leaves the charter with the next one", () => {
  const muted = Charter.of().fold(given("ben", "reader", 100));
  assertEquals([99, 100].map((at) => muted.roleOf("ben", at)), ["reader", undefined]);
  assertEquals([99, 100].map((at) => muted.roles(at).length), [1, 0]);
  const next = muted.fold({ ...given("cid", "none"), at: 100 });
  assertEquals(next.toJSON()?.roles, [{ to: "cid", role: "none" }]);
});

pure("a charter is strict only where it may refuse somebody who was given nothing", () => {
  assert(!Charter.open.strict);
  assert(!Charter.of("ana").fold(given("ben", "member")).strict);
  assert(!Charter.open.fold({ at: 0, event: "room", join: "closed", topic: "x" }).strict);
  assert(Charter.open.fold(given("ben", "reader")).strict);
  assert(Charter.open.fold({ at: 0, event: "room", default: "reader" }).strict);
  assert(Charter.open.fold({ at: 0, event: "room", slow_ms: 1 }).strict);
});

pure("a charter is the same again from what is kept of it", () => {
  assertEquals(Charter.open.toJSON(), undefined);
  const charter = Charter.of("ana").fold(given("ben", "none", 5))
    .fold({ at: 1, event: "room", slow_ms: 10, default: "reader" });
  const kept = JSON.parse(JSON.stringify(charter));
  assertEquals(kept.settings, { slow_ms: 10, default: "reader" });
  assertEquals(Charter.from(kept), charter);
});

pure("hasPlaceFor() counts roles that have not ended", () => {
  const roles = Array.from({ length: MAX_ROLES }, (_, i) => ({
    to: `c${i}`,
    role: "none" as const,
    ...(i === 0 && { until: 100 }),
  }));
  const full = Charter.from({ roles });
  assertEquals(full.hasPlaceFor("new", 99), false);
  assertEquals(full.hasPlaceFor("c7", 99), true, "it has one already");
  assertEquals(full.hasPlaceFor("new", 100), true, "one has ended");
});

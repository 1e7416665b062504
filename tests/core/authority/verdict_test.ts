import { assertEquals } from "@std/assert";
import { Charter } from "../../../src/core/authority/charter.ts";
import { denial } from "../../../src/core/authority/verdict.ts";
import type { Draft, PresenceEvent } from "../../../src/protocol/frames.ts";
import type { Author } from "../../../src/protocol/moderation.ts";
import { type Role, ROLES } from "../../../src/protocol/roles.ts";
import { pure } from "../../support/pure.ts";

const AT = 10;

/** A room in which everybody is called as its role is, and `other` roles are of others. */
const CHARTER = Charter.from({
  roles: ROLES.flatMap((role) => [{ to: role, role }, { to: `other-${role}`, role }]),
});

const base = (from: string) => ({
  at: AT,
  from,
  n: 0 as const,
  name: undefined,
  by: { sub: from },
});
const says = (from: string, by?: Author): Draft => ({ ...base(from), n: 1, body: "x", by });
const appears = (event: PresenceEvent, from: string): Draft => ({ ...base(from), event });
const kicks = (from: string, to: string): Draft => ({ ...base(from), event: "kick", to });
const gives = (from: string, to: string, role: Role): Draft => ({
  ...base(from),
  event: "role",
  to,
  role,
});

/** The code with which a draft is refused in that room. */
const codeOf = (draft: Draft, charter = CHARTER) => denial(charter, draft, "r")?.code;

/** The roles of authors whose drafts are taken. */
const takenOf = (draft: (from: Role) => Draft) =>
  ROLES.filter((role) => codeOf(draft(role)) === undefined);

pure(
  "denial() lets members and those above them send, and readers and those above them come",
  () => {
    assertEquals(takenOf((from) => says(from)), ["member", "moderator", "owner"]);
    for (const event of ["join", "back", "rename"] as const) {
      assertEquals(takenOf((from) => appears(event, from)), ROLES.slice(1), event);
    }
    for (const event of ["away", "leave", "quiet"] as const) {
      assertEquals(takenOf((from) => appears(event, from)), [...ROLES], event);
    }
  },
);

pure("denial() answers who is banned as if there were no such room", () => {
  assertEquals(codeOf(says("none")), "room_not_found");
  assertEquals(codeOf(says("reader")), "forbidden");
  assertEquals(codeOf(kicks("none", "member")), "room_not_found");
});

pure("denial() lets people kick strictly lower roles only, and nobody kick itself", () => {
  for (const [i, from] of ROLES.entries()) {
    for (const [j, role] of ROLES.entries()) {
      const isTaken = i > j && i >= ROLES.indexOf("moderator");
      assertEquals(codeOf(kicks(from, `other-${role}`)) === undefined, isTaken, `${from} ${role}`);
    }
    assertEquals(codeOf(kicks(from, from)) === undefined, false);
  }
});

pure(
  "denial() lets moderators give roles up to member, and owners any, to strictly lower ones",
  () => {
    for (const [i, from] of ROLES.entries()) {
      for (const [j, before] of ROLES.entries()) {
        for (const [k, role] of ROLES.entries()) {
          const most = from === "owner" ? 4 : from === "moderator" ? 2 : -1;
          assertEquals(
            codeOf(gives(from, `other-${before}`, role)) === undefined,
            i > j && k <= most,
            `${from} makes ${before} ${role}`,
          );
        }
      }
    }
  },
);

pure("denial() lets people lower themselves, and never keep or raise what they are", () => {
  const taken = (from: Role) =>
    ROLES.filter((role) => codeOf(gives(from, from, role)) === undefined);
  assertEquals(taken("moderator"), ["none", "reader", "member"]);
  assertEquals(taken("owner"), ROLES.slice(0, 4));
  assertEquals(taken("member"), []);
});

pure("denial() keeps the last owner", () => {
  const charter = Charter.of("ana");
  assertEquals(codeOf(gives("ana", "ana", "member"), charter), "forbidden");
  const two = charter.fold({ at: 0, event: "role", to: "ben", role: "owner" });
  assertEquals(codeOf(gives("ana", "ana", "member"), two), undefined);
  assertEquals(codeOf(gives("ana", "ben", "member"), two), "forbidden", "an equal");
});

pure("denial() asks for each setting by itself", () => {
  const settings = { join: "closed", slow_ms: 5, topic: "x", default: "reader", history: "all" };
  for (const [key, value] of Object.entries(settings)) {
    const taken = takenOf((from) => ({ ...base(from), event: "room", [key]: value }) as Draft);
    const isOwners = key === "default" || key === "history";
    assertEquals(taken, isOwners ? ["owner"] : ["moderator", "owner"], key);
  }
  const both = { ...base("moderator"), event: "room", topic: "x", default: "reader" } as Draft;
  assertEquals(codeOf(both), "forbidden", "one that it may set brings no other along");
});

pure("denial() holds a ban and a mute against every token, and lets an admin do all", () => {
  const token = { given: "owner", most: "owner" } as const;
  assertEquals(codeOf(says("c", { sub: "none", ...token })), "room_not_found");
  assertEquals(codeOf(says("c", { sub: "reader", ...token })), "forbidden");
  assertEquals(codeOf(says("c", { sub: "none", admin: true })), undefined);
  assertEquals(codeOf(says("c", { sub: "ana", given: "none", most: "none" })), "room_not_found");
});

pure("denial() judges by the time of the draft", () => {
  const charter = Charter.from({ roles: [{ to: "ben", role: "none", until: AT + 1 }] });
  assertEquals(codeOf(says("ben"), charter), "room_not_found");
  assertEquals(codeOf({ ...says("ben"), at: AT + 1 } as Draft, charter), undefined);
});

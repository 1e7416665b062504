import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Action,
  authorIn,
  demand,
  may,
  mayActOn,
  mayEnter,
  mayGive,
  type Principal,
  roleOf,
  ROOM_ACTIONS,
} from "../../../src/core/authority/authority.ts";
import { Charter } from "../../../src/core/authority/charter.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import type { Author } from "../../../src/protocol/moderation.ts";
import { type Role, ROLES } from "../../../src/protocol/roles.ts";
import { pure } from "../../support/pure.ts";

/** The roles from the least one that may, as the page has them. */
const TABLE: Record<Action, readonly Role[]> = {
  read: ["reader", "member", "moderator", "owner"],
  mark: ["reader", "member", "moderator", "owner"],
  type: ["member", "moderator", "owner"],
  send: ["member", "moderator", "owner"],
  react: ["member", "moderator", "owner"],
  edit: ["member", "moderator", "owner"],
  redact: ["member", "moderator", "owner"],
  redact_others: ["moderator", "owner"],
  kick: ["moderator", "owner"],
  give: ["moderator", "owner"],
  see_roles: ["moderator", "owner"],
  join: ["moderator", "owner"],
  slow_ms: ["moderator", "owner"],
  topic: ["moderator", "owner"],
  link: ["moderator", "owner"],
  default: ["owner"],
  history: ["owner"],
  read_all: ["moderator", "owner"],
  link_any: ["owner"],
  delete: ["owner"],
};

pure("may() says of every action and every role what the page says", () => {
  assertEquals([...ROOM_ACTIONS].sort(), Object.keys(TABLE).sort());
  for (const action of ROOM_ACTIONS) {
    assertEquals(ROLES.filter((role) => may(role, action)), TABLE[action], action);
  }
});

pure("demand() says `room_not_found` to who may not see the room, and else `forbidden`", () => {
  for (const action of ROOM_ACTIONS) {
    for (const role of ROLES) {
      if (may(role, action)) demand(role, action, "r");
      else {
        const { code, message } = assertThrows(() => demand(role, action, "r"), ChatError);
        assertEquals(code, role === "none" ? "room_not_found" : "forbidden");
        if (role === "none") assertEquals(message, "Room r does not exist");
        else assert(message.startsWith(`A ${role} may not `), message);
      }
    }
  }
});

pure("mayActOn() and mayGive() hold for strictly lower roles, and for what a role may give", () => {
  for (const [i, role] of ROLES.entries()) {
    for (const [j, other] of ROLES.entries()) assertEquals(mayActOn(role, other), i > j);
  }
  const given = (role: Role) => ROLES.filter((other) => mayGive(role, other));
  assertEquals(given("owner"), [...ROLES]);
  assertEquals(given("moderator"), ["none", "reader", "member"]);
  for (const role of ["member", "reader", "none"] as const) assertEquals(given(role), []);
});

/** The author that a principal with these grants is in the room `r`. */
function author(grants?: Principal["grants"]): Author {
  return authorIn({ sub: "ana", ...(grants && { grants }) }, "r", "client-1")!;
}

/** The charter of a room that Ana came into by a link. */
function byLink(role: Role, charter: Charter): Charter {
  const use = { at: 0, event: "use", from: "client-1", sub: "ana", id: "owner", role } as const;
  return charter.fold(use);
}

const OPEN = Charter.open;
const READ_ONLY = Charter.from({ settings: { default: "reader" } });

pure("authorIn() names nobody for a client that is known by its id only", () => {
  assertEquals(authorIn({ sub: "client-1" }, "r", "client-1"), undefined);
  assertEquals(authorIn({ sub: "ana" }, "r", "client-1"), { sub: "ana" });
});

pure("roleOf() takes the greater one of token, link and default, where the log gives none", () => {
  const roleIn = (charter: Charter, grants?: Principal["grants"]) =>
    roleOf(author(grants), charter, 0);
  assertEquals(roleIn(OPEN), "member");
  assertEquals(roleIn(READ_ONLY), "reader");
  assertEquals(roleIn(byLink("member", READ_ONLY)), "member");
  assertEquals(roleIn(byLink("reader", OPEN)), "member");
  assertEquals(roleIn(OPEN, { rooms: { r: "moderator" } }), "moderator");
  assertEquals(roleIn(OPEN, { rooms: { r: "reader" } }), "reader", "a token narrows the default");
  assertEquals(roleIn(OPEN, { rooms: { "*": "moderator" } }), "moderator");
  assertEquals(roleIn(OPEN, { rooms: { "*": "moderator", r: "reader" } }), "reader");
  assertEquals(roleIn(OPEN, { rooms: { other: "owner" } }), "none", "only there");
  assertEquals(roleIn(byLink("owner", OPEN), { rooms: { r: "reader" } }), "reader");
  assertEquals(roleIn(READ_ONLY, { admin: true }), "owner");
});

pure("roleOf() takes no role from what a record of roles inherits", () => {
  for (const roomId of ["constructor", "__proto__", "toString"]) {
    const { given } = authorIn({ sub: "ana", grants: { rooms: {} } }, roomId)!;
    assertEquals(given, "none");
  }
});

pure("roleOf() lets a role in the log win over token, link and default, until its time", () => {
  const roleIn = (role: Role, grants?: Principal["grants"], at = 0) =>
    roleOf(author(grants), Charter.from({ roles: [{ to: "ana", role, until: 100 }] }), at);
  assertEquals(roleIn("none", { rooms: { r: "owner" } }), "none");
  const muted = Charter.from({ roles: [{ to: "ana", role: "reader" }] });
  assertEquals(roleOf(author(), byLink("owner", muted), 0), "reader");
  assertEquals(roleIn("owner"), "owner");
  assertEquals(roleIn("owner", { rooms: { r: "member" } }), "member", "a token narrows it");
  assertEquals(roleIn("none", { admin: true }), "owner");
  assertEquals([99, 100].map((at) => roleIn("none", undefined, at)), ["none", "member"]);
});

pure("mayEnter() lets newcomers into open rooms, and else those who were given a role", () => {
  const charter = (join: "open" | "link" | "closed") =>
    Charter.from({
      settings: { join },
      roles: [{ to: "named", role: "reader" }, { to: "banned", role: "none" }],
    });
  const comers: [string, Author, boolean][] = [
    ["newcomer", { sub: "ben" }, false],
    ["member", { sub: "ben" }, true],
    ["by link", { sub: "ben", given: "member" }, false],
    ["by a token for no room", { sub: "ben", given: "none", most: "none" }, false],
    ["named", { sub: "named" }, false],
    ["moderator by token", { sub: "ben", given: "moderator", most: "moderator" }, false],
    ["admin", { sub: "ben", admin: true }, false],
    ["banned", { sub: "banned" }, true],
    ["banned with a token", { sub: "banned", given: "owner", most: "owner" }, true],
  ];
  const let_in = (join: "open" | "link" | "closed") =>
    comers.filter(([, author, isMember]) => mayEnter(author, charter(join), 0, isMember))
      .map(([name]) => name);
  const known = ["member", "named", "moderator by token", "admin"];
  assertEquals(let_in("open").sort(), ["newcomer", "by link", ...known].sort());
  assertEquals(let_in("link").sort(), ["by link", ...known].sort());
  assertEquals(let_in("closed").sort(), known.sort());
});

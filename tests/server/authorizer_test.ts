import { assertEquals, assertThrows } from "@std/assert";
import { Sessions } from "../../src/core/state/sessions.ts";
import { checkedProof } from "../../src/core/authority/proof.ts";
import { rateOf } from "../../src/core/limits/rate_limit.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { ClientFrame } from "../../src/protocol/frames.ts";
import { checkAllowed } from "../../src/server/authorizer.ts";
import { countingBytes } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

const ROOM = "k7q2-m9xd-4hwn-r3tc";
const session = new Sessions(countingBytes(), String, rateOf(0)).add(0);
session.prove(checkedProof({ sub: "ana", bot: true }, 0));

const JOIN: ClientFrame = { action: "join", roomId: "K7Q2 M9XD 4HWN R3TC" };

pure("an app is asked what, who and where, with the id of the room as it is written", () => {
  const asked: unknown[] = [];
  checkAllowed((...about) => asked.push(about) > 0, session, JOIN);
  const create: ClientFrame = { action: "create", name: "Lobby" };
  checkAllowed((...about) => asked.push(about) > 0, session, create);
  const actor = { clientId: session.id, sub: "ana", bot: true };
  assertEquals(asked, [["join", actor, ROOM], ["create", actor, undefined]]);
});

pure("an app is not asked about the connection itself", () => {
  for (const action of ["ping", "pong", "pause"] as const) {
    checkAllowed(() => false, session, { action });
  }
});

pure("what an app does not allow is forbidden, and a room that one may not see is none", () => {
  const say: ClientFrame = { action: "message", roomId: ROOM, bodies: ["hello"] };
  const refused = (frame: ClientFrame) =>
    assertThrows(() => checkAllowed(() => false, session, frame), ChatError).code;
  assertEquals([refused(say), refused(JOIN)], ["forbidden", "room_not_found"]);
});

pure("an app that answers with a promise, or nothing, allows nothing", () => {
  for (const odd of [Promise.resolve(true), undefined, 1, "yes"]) {
    assertThrows(() => checkAllowed(() => odd as unknown as boolean, session, JOIN), TypeError);
  }
});

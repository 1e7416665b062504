import { assertEquals } from "@std/assert";
import type { Effect } from "../../../src/core/state/effects.ts";
import { Log } from "../../../src/core/log/log.ts";
import { rateOf } from "../../../src/core/limits/rate_limit.ts";
import {
  joinReply,
  plainSuccess,
  plainWelcome,
  success,
  welcome,
} from "../../../src/core/state/replies.ts";
import { type Member, Room } from "../../../src/core/state/room.ts";
import { Sessions } from "../../../src/core/state/sessions.ts";
import type { JoinFrame, Limits, MemberInfo } from "../../../src/protocol/frames.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { countingBytes, FakePeer } from "../../support/hub_harness.ts";
import { pure } from "../../support/pure.ts";

function textOf(effect: Effect | undefined): Record<string, unknown> {
  return effect?.type === "send" ? JSON.parse(effect.text) : {};
}

/** A member that comes into a room whose log has the places 1 to 5 and keeps the last three. */
function member(): Member {
  const log = new Log("e", { logEntries: 3, logBytes: 1_000 });
  const room = new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 0);
  for (let seq = 1; seq <= 5; seq++) log.push(seq, "{}");
  room.roster.apply({ event: "join", from: "ana", name: "Ana" });
  return room.add({ id: "ben", name: undefined });
}

function join(fields: Partial<JoinFrame> = {}): JoinFrame {
  return { action: "join", roomId: "id", ...fields };
}

pure("a reply says yes in each dialect, with the ref it was asked with", () => {
  const peer = new FakePeer(false);
  assertEquals(success(peer, { message: "Done" }, 7), {
    type: "send",
    to: peer,
    text: `{"status":"success","message":"Done","ref":7}`,
  });
  assertEquals(textOf(plainSuccess(peer, { message: "Done" })), {
    status: "success",
    message: "Done",
  });
});

pure("a welcome says who the client is, and only in parley.v1 how it comes back", () => {
  const peer = new FakePeer(false);
  const session = new Sessions(countingBytes(), (id) => id, rateOf(0)).restore({
    id: "ana",
    name: "A",
    n: 4,
  }, 0);
  assertEquals(textOf(plainWelcome(peer, session)), {
    status: "connected",
    client_id: "ana",
    message: "Welcome!",
  });
  const told = {
    token: "ana.x",
    resumed: true,
    features: ["history"],
    heartbeatMs: 100,
    maxRoomsPerClient: 3,
    rate: 9,
    bodyBytes: undefined,
  };
  assertEquals(textOf(welcome(peer, session, told, "r")), {
    status: "connected",
    client_id: "ana",
    session: "ana.x",
    resumed: true,
    n: 4,
    heartbeat_ms: 100,
    limits: {
      body_bytes: 65_536,
      name_chars: 128,
      name_bytes: 128,
      batch: 256,
      rooms: 3,
      frame_bytes: 394_240,
      rate: 9,
      burst: 18,
      start: 14,
      price_members: 100,
    },
    features: ["history"],
    message: "Welcome!",
    ref: "r",
  });
  const limitsOf = (other: { rate?: number; bodyBytes?: number }) =>
    textOf(welcome(peer, session, { ...told, ...other }, "r")).limits as Limits;
  assertEquals(limitsOf({ rate: 0 }), {
    body_bytes: 65_536,
    name_chars: 128,
    name_bytes: 128,
    batch: 256,
    rooms: 3,
    frame_bytes: 394_240,
  });
  const bodyBytesOf = (bodyBytes: number) => limitsOf({ bodyBytes }).body_bytes;
  assertEquals([bodyBytesOf(1_000), bodyBytesOf(1e6)], [1_000, 65_536]);
});

pure("joinReply() shows the room with the client in it, and begins at the head", () => {
  const ben = member();
  const reply = textOf(joinReply(new FakePeer(false), ben, join(), 0)[0]);
  assertEquals(reply, {
    status: "success",
    message: "Joined room 'Lobby'",
    room_id: "id",
    room_name: "Lobby",
    epoch: "e",
    seq: 5,
    after: 5,
    members: [{ client_id: "ana", name: "Ana" }, { client_id: "ben" }],
    presence: true,
  });
  assertEquals(ben.cursor, 5);
});

pure(
  "joinReply() names many members in frames of sixteen, and the last of them in the reply",
  () => {
    const ben = member();
    const ids = ["ana"];
    for (let i = 0; i < 40; i++) {
      ids.push(`${i}`);
      ben.room.roster.apply({ event: "join", from: `${i}` });
    }
    const frames = joinReply(new FakePeer(false), ben, join(), 0).map(textOf);
    assertEquals(frames.map(({ event, status }) => event ?? status), [
      "members",
      "members",
      "success",
    ]);
    const lists = frames.map(({ members }) => members as MemberInfo[]);
    assertEquals(lists.map(({ length }) => length), [16, 16, 10]);
    assertEquals(lists.flat().map(({ client_id }) => client_id), [...ids, "ben"]);
  },
);

pure(
  "joinReply() says where the cursor of the member is, and whether that is where it was asked to",
  () => {
    const ben = member();
    ben.cursor = 3;
    for (const recovered of [undefined, true, false]) {
      const reply = textOf(joinReply(new FakePeer(false), ben, join(), 0, recovered)[0]);
      assertEquals([reply.seq, reply.after, reply.recovered], [5, 3, recovered]);
    }
  },
);

pure("joinReply() tells plain clients the room and nothing else", () => {
  const peer = new FakePeer(true);
  assertEquals(textOf(joinReply(peer, member(), { action: "create", name: "Lobby" }, 0)[0]), {
    status: "success",
    room_id: "id",
    message: "Room 'Lobby' created",
  });
  assertEquals(textOf(joinReply(peer, member(), join(), 0)[0]), {
    status: "success",
    message: "Joined room 'Lobby'",
    room_id: "id",
  });
});

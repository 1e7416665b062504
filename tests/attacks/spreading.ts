/**
 * Attacks that are paid by others: what one member says, asks or does is sent to many, or is answered
 * with much more than was said.
 *
 * @module
 */

import type { Attack } from "./arena.ts";
import {
  create,
  every,
  expect,
  forever,
  greet,
  HANG_UP,
  join,
  OPEN,
  READY,
  repeat,
  RESET,
  RESUME,
  send,
} from "./script.ts";

/** Between frames of somebody who says as much as anybody may, in milliseconds. */
export const FULL_RATE_MS = 5;

const CONTROLS = "\u0001".repeat(128);
const BODY_BYTES = 65_536;

/** Fills the log of a room to its bound: eleven people who say six of the largest messages each. */
export const FULL_LOG = {
  beforeCount: 11,
  before: (roomId: string): string[] => [
    ...greet(),
    ...join(roomId),
    ...repeat(6, [say(roomId, "x".repeat(BODY_BYTES))]),
    send({ action: "ping" }),
    expect(`"pong"`),
    READY,
  ],
} satisfies Partial<Attack>;

function say(roomId: string, body: string): string {
  return send({ action: "message", room_id: roomId, body });
}

function sayAll(roomId: string, bodies: string[]): string {
  return send({ action: "messages", room_id: roomId, body: bodies });
}

/** The attacks. */
export const SPREADING: readonly Attack[] = [
  {
    name: "batches of 199 empty bodies, one a second, to 400 plain members",
    members: { plain: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(1_000), sayAll(roomId, Array(199).fill(""))]),
    ],
  },
  {
    name: "typing at the full rate, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(FULL_RATE_MS), send({ action: "typing", room_id: roomId })]),
    ],
  },
  {
    name: "256 bodies at once under a name of 128 control characters, to 2,000 plain members",
    members: { plain: 2_000 },
    again: null,
    lines: (roomId) => [
      ...greet({ name: CONTROLS }),
      ...join(roomId),
      sayAll(roomId, Array(256).fill("")),
    ],
  },
  {
    name: "the largest messages at the full rate, to 400 plain members",
    members: { plain: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(330), say(roomId, "x".repeat(BODY_BYTES))]),
    ],
  },
  {
    name: "bodies of three bytes a unit at the full rate, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(115), say(roomId, "€".repeat(BODY_BYTES / 3))]),
    ],
  },
  {
    name: "bodies of control characters, each escaped with six, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(670), say(roomId, "\u0001".repeat(Math.floor(BODY_BYTES / 3)))]),
    ],
  },
  {
    name: "short messages at the full rate, to 200 members of each dialect",
    members: { v1: 200, plain: 200 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(FULL_RATE_MS), say(roomId, "x")]),
    ],
  },
  {
    name: "join and leave in turn, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet({ name: CONTROLS }),
      ...forever([
        every(2 * FULL_RATE_MS),
        ...join(roomId),
        send({ action: "leave", body: { room_id: roomId } }),
      ]),
    ],
  },
  {
    name: "a plain client that makes rooms and comes back, to 400 members",
    members: { v1: 400 },
    dialect: "plain",
    lines: (roomId) => [
      OPEN,
      expect(`"client_id":"`),
      ...forever([
        every(2 * FULL_RATE_MS),
        send({ action: "join", body: roomId }),
        send({ action: "create", body: "Aside" }),
      ]),
    ],
  },
  {
    name: "renames at the full rate, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([
        every(2 * FULL_RATE_MS),
        send({ action: "rename", body: `{{count}}${"€".repeat(40)}` }),
      ]),
    ],
  },
  {
    name: "cut and back again, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([
        RESET,
        ...RESUME,
        ...join(roomId),
      ]),
    ],
  },
  {
    name: "a session that takes itself over, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([
        "abandon",
        ...RESUME,
        ...join(roomId),
      ]),
    ],
  },
  {
    name: "pause and back again, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([
        send({ action: "pause" }),
        HANG_UP,
        ...RESUME,
        ...join(roomId),
      ]),
    ],
  },
  {
    name: "all history of 4 MiB at the full rate",
    ...FULL_LOG,
    lines: (roomId) => [
      ...greet(),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "join", body: { room_id: roomId, last: 1_000 } }),
      ]),
    ],
  },
  {
    name: "everything behind 0 of 4 MiB, again and again over new connections",
    ...FULL_LOG,
    lines: (roomId) => [
      ...greet(),
      ...forever([
        RESET,
        ...RESUME,
        ...join(roomId, { last: 10_000 }),
      ]),
    ],
  },
  {
    name: "lists of 400 members at the full rate",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "join", body: roomId, ref: "€".repeat(128) }),
      ]),
    ],
  },
  {
    name: "one message repeated at the full rate",
    daily: true,
    lines: () => [
      ...greet(),
      ...create(),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "message", room_id: "{{room}}", n: 1, body: "again" }),
      ]),
    ],
  },
  {
    name: "numbers that skip one at the full rate",
    lines: () => [
      ...greet(),
      ...create(),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "message", room_id: "{{room}}", n: 9, body: "x" }),
      ]),
    ],
  },
  {
    name: "errors with a ref of 128 characters at the full rate",
    lines: () => [
      ...greet(),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "€".repeat(1_000), ref: "\u0001".repeat(128) }),
      ]),
    ],
  },
  {
    name: "256 bodies that fill the largest frame, as often as it is let in, to 400 members",
    members: { v1: 400 },
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([every(3_300), sayAll(roomId, Array(256).fill("€".repeat(1_500)))]),
    ],
  },
];

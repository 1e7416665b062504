/**
 * Attacks by several who act together: each says what anybody may say, and they are in rooms with
 * each other.
 *
 * @module
 */

import type { Attack } from "./arena.ts";
import {
  close,
  create,
  every,
  expect,
  FOR_EVER_MS,
  forever,
  greet,
  join,
  MUTE,
  OPEN,
  READY,
  receiveBuffer,
  RESET,
  RESUME,
  send,
  set,
  sip,
  together,
  wait,
} from "./script.ts";
import { FULL_LOG, FULL_RATE_MS } from "./spreading.ts";

/** Those of an attacker, and how many rooms each of the first so many makes for all. */
const CREW = { size: 20, roomsEach: 4 };

/** The same of a crew that does all at the same moment. */
const TROUPE = { size: 12, roomsEach: 7 };

/** Until all have made their rooms, in milliseconds. */
const GATHERING_MS = 1_000;

/** The time that it may take to bring so many together, in milliseconds. */
const LEAD_MS = 4_000;

/** Names of the ids of the rooms of a crew. */
function roomsOf({ size, roomsEach }: typeof CREW): string[] {
  return Array.from({ length: size * roomsEach }, (_, i) => {
    return `@${Math.floor(i / roomsEach)}-${i % roomsEach}`;
  });
}

function joinAll(crew: typeof CREW): string[] {
  return roomsOf(crew).flatMap((name) => join(`{{${name}}}`));
}

/** Says hello, makes rooms, and comes into all rooms that the first of them made. */
function gather(crew: typeof CREW): string[] {
  return [
    ...greet(),
    ...Array.from({ length: crew.roomsEach }, (_, i) => create(`@{{i}}-${i}`)).flat(),
    wait(GATHERING_MS),
    ...joinAll(crew),
  ];
}

const CREWS_ROOMS = roomsOf(CREW);
const JOIN_ALL = joinAll(CREW);
const GATHER = gather(CREW);

function sendAll(roomId: string, bodies: string[]): string {
  return send({ action: "messages", room_id: roomId, body: bodies });
}

/** The attacks. */
export const CROWDING: readonly Attack[] = [
  {
    name: "renames of 20 who are in 80 rooms with each other",
    leadMs: LEAD_MS,
    sockets: CREW.size,
    lines: () => [
      ...GATHER,
      ...forever([every(410), send({ action: "rename", body: `{{count}}${"x".repeat(100)}` })]),
    ],
  },
  {
    name: "renames of 12 at the same moment, who are in 84 rooms with each other",
    leadMs: LEAD_MS,
    sockets: TROUPE.size,
    lines: () => [
      ...gather(TROUPE),
      ...forever([
        together(1_000),
        send({ action: "rename", body: `{{count}}${"x".repeat(100)}` }),
      ]),
    ],
  },
  {
    name:
      "batches of 256 empty bodies, as often as they are let in, to 120 plain members of its own",
    leadMs: LEAD_MS,
    lines: () => [
      ...greet(),
      ...create(),
      set("@{{i}}", "{{room}}"),
      wait(2 * GATHERING_MS),
      ...forever([together(200), sendAll("{{room}}", Array(256).fill(""))]),
    ],
    crowd: {
      sockets: 120,
      dialect: "plain",
      lines: (own) => [
        OPEN,
        expect(`"client_id":"`),
        wait(GATHERING_MS),
        send({ action: "join", body: `{{${own}}}` }),
        wait(FOR_EVER_MS),
      ],
    },
  },
  {
    name: "typing of 20 who are in 80 rooms with each other, at the full rate",
    leadMs: LEAD_MS,
    sockets: CREW.size,
    lines: () => [
      ...GATHER,
      ...forever(CREWS_ROOMS.flatMap((name) => [
        every(FULL_RATE_MS),
        send({ action: "typing", room_id: `{{${name}}}` }),
      ])),
    ],
  },
  {
    name: "20 who are in 80 rooms with each other, cut and back again",
    leadMs: LEAD_MS,
    sockets: CREW.size,
    lines: () => [...GATHER, ...forever([RESET, ...RESUME, ...JOIN_ALL])],
  },
  {
    name: "20 who talk in 80 rooms with each other, at the full rate",
    leadMs: LEAD_MS,
    sockets: CREW.size,
    lines: () => [
      ...GATHER,
      ...forever(CREWS_ROOMS.flatMap((name) => [
        every(FULL_RATE_MS),
        send({ action: "message", room_id: `{{${name}}}`, body: "x" }),
      ])),
    ],
  },
  {
    name: "50 who all talk in a room of their own, at the full rate",
    leadMs: LEAD_MS,
    sockets: 50,
    lines: () => [
      ...greet(),
      ...create("@{{i}}"),
      wait(GATHERING_MS),
      ...join("{{@0}}"),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "message", room_id: "{{@0}}", body: "x" }),
      ]),
    ],
  },
  {
    name: "50 plain clients who all talk in a room of their own, at the full rate",
    leadMs: LEAD_MS,
    sockets: 50,
    dialect: "plain",
    lines: () => [
      OPEN,
      expect(`"client_id":"`),
      send({ action: "create", body: "Den" }),
      expect(`"room_id":"`, { as: "@{{i}}" }),
      wait(GATHERING_MS),
      send({ action: "join", body: "{{@0}}" }),
      ...forever([every(FULL_RATE_MS), send({ action: "message", body: "x" })]),
    ],
  },
  {
    name: "50 who come and go once a second each, to 400 members",
    members: { v1: 400 },
    sockets: 50,
    lines: (roomId) => [
      ...greet(),
      ...forever([
        every(1_000),
        ...join(roomId),
        send({ action: "leave", body: { room_id: roomId } }),
      ]),
    ],
  },
  {
    name: "80 who come at once and go at once, to 400 members",
    members: { v1: 400 },
    sockets: 80,
    lines: (roomId) => [
      ...greet(),
      ...forever([
        ...join(roomId),
        wait(500),
        send({ action: "leave", body: { room_id: roomId } }),
        wait(500),
      ]),
    ],
  },
  {
    name: "80 who are cut off at once and come back, to 400 members",
    members: { v1: 400 },
    sockets: 80,
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([wait(500), RESET, wait(100), ...RESUME, ...join(roomId)]),
    ],
  },
  {
    name: "10 connections that take one session from each other, to 400 members",
    members: { v1: 400 },
    sockets: 10,
    again: 0,
    lines: (roomId) =>
      forever([
        every(200),
        OPEN,
        send({ action: "hello", body: { session: "{{@session}}" } }),
        expect(`"session":"`, { as: "@session" }),
        ...join(roomId),
      ]),
  },
  {
    name: "50 who each ask for all of 4 MiB once a second",
    ...FULL_LOG,
    sockets: 50,
    lines: (roomId) => [
      ...greet(),
      ...forever([
        every(1_000),
        send({ action: "join", body: { room_id: roomId, last: 10_000 } }),
      ]),
    ],
  },
  {
    name: "50 who talk and read 2 KB at a time",
    sockets: 50,
    lines: (roomId) => [
      receiveBuffer(4_096),
      ...greet(),
      ...join(roomId),
      MUTE,
      ...forever([
        every(100),
        sip(2_048),
        send({ action: "message", room_id: roomId, body: "x".repeat(2_000) }),
      ]),
    ],
  },
  {
    name: "lists of 300 members with long names at the full rate",
    beforeCount: 300,
    before: (roomId) => [...greet({ name: `{{i}}${"€".repeat(40)}` }), ...join(roomId), "ready"],
    lines: (roomId) => [
      ...greet(),
      ...forever([every(FULL_RATE_MS), send({ action: "join", body: roomId })]),
    ],
  },
  {
    name: "100 who come, say something and close, to 400 members",
    members: { v1: 400 },
    sockets: 100,
    again: 0,
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      send({ action: "message", room_id: roomId, body: "x" }),
      wait(1_000),
      close(1000),
    ],
  },
  {
    name: "100 who come into a hundred rooms with each other, and are cut off, again and again",
    sockets: 100,
    again: 0,
    lines: () => [
      ...greet(),
      ...create("@{{i}}"),
      wait(1_500),
      ...Array.from({ length: 100 }, (_, i) => send({ action: "join", body: `{{@${i}}}` })),
      send({ action: "ping" }),
      expect(`"pong"`),
      wait(100),
      RESET,
    ],
  },
  {
    name: "100 who each ask 50 times a second who is there, of 450 with long names who have paused",
    sockets: 100,
    beforeCount: 450,
    before: (roomId) => [
      ...greet({ name: `{{i}}${'"'.repeat(120)}` }),
      ...join(roomId),
      send({ action: "pause" }),
      wait(300),
      "ready",
    ],
    lines: (roomId) => [
      ...greet(),
      ...forever([every(20), send({ action: "join", body: roomId })]),
    ],
  },
  {
    name: "100 plain clients who make rooms, at the full rate",
    sockets: 100,
    dialect: "plain",
    lines: () => [OPEN, ...forever([every(6), send({ action: "create", body: "Den" })])],
  },
  {
    name: "100 who each ask 25 times a second for 1,000 short entries",
    sockets: 100,
    beforeCount: 5,
    before: (roomId) => [
      ...greet(),
      ...join(roomId),
      sendAll(roomId, Array(200).fill("x")),
      send({ action: "ping" }),
      expect(`"pong"`),
      READY,
    ],
    lines: (roomId) => [
      ...greet(),
      ...forever([
        every(40),
        send({ action: "join", body: { room_id: roomId, last: 1_000 } }),
      ]),
    ],
  },
  {
    name: "500 plain clients who all talk in a room of their own, at the full rate",
    leadMs: LEAD_MS,
    sockets: 500,
    dialect: "plain",
    lines: () => [
      OPEN,
      expect(`"client_id":"`),
      send({ action: "create", body: "Den" }),
      expect(`"room_id":"`, { as: "@{{i}}" }),
      wait(GATHERING_MS),
      send({ action: "join", body: "{{@0}}" }),
      ...forever([every(FULL_RATE_MS), send({ action: "message", body: "x" })]),
    ],
  },
  {
    name: "100 who are in 100 rooms of their own, cut off at once and back again",
    leadMs: LEAD_MS,
    sockets: 100,
    lines: () => [
      ...greet(),
      ...Array.from({ length: 100 }, (_, i) => create(`r${i}`)).flat(),
      ...forever([
        RESET,
        wait(500),
        ...RESUME,
        ...Array.from({ length: 100 }, (_, i) => send({ action: "join", body: `{{r${i}}}` })),
        wait(500),
      ]),
    ],
  },
];

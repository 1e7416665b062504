/**
 * Attacks that take what there is only so much of: memory, places, rooms, sockets.
 *
 * @module
 */

import type { Attack } from "./arena.ts";
import {
  ABANDON,
  create,
  DIAL,
  every,
  expect,
  FOR_EVER_MS,
  forever,
  greet,
  join,
  MUTE,
  OPEN,
  raw,
  receiveBuffer,
  repeat,
  RESET,
  RESUME,
  send,
  set,
  sip,
  wait,
} from "./script.ts";
import { FULL_LOG, FULL_RATE_MS } from "./spreading.ts";

const DONE = [send({ action: "ping" }), expect(`"pong"`)];

/** Names of the ids of the rooms that each connection makes, where it comes back to them. */
const OWN_ROOMS = Array.from({ length: 30 }, (_, i) => `r${i}`);

/** The attacks. */
export const HOARDING: readonly Attack[] = [
  {
    name: "a session that comes back for a full bucket",
    lines: () => [
      ...greet(),
      ...create(),
      ...forever([
        RESET,
        ...RESUME,
        ...join("{{room}}"),
        send({ action: "messages", room_id: "{{room}}", body: Array(256).fill("x") }),
        send({ action: "messages", room_id: "{{room}}", body: Array(130).fill("x") }),
        ...DONE,
      ]),
    ],
  },
  {
    name: "new clients that each say all they may at once",
    lines: () =>
      forever([
        ...greet(),
        ...create(),
        send({ action: "messages", room_id: "{{room}}", body: Array(256).fill("x") }),
        send({ action: "messages", room_id: "{{room}}", body: Array(130).fill("x") }),
        ...DONE,
        RESET,
      ]),
  },
  {
    name: "connections that the server has closed, left open",
    daily: true,
    leadMs: 4_000,
    lines: () => forever([...greet(), send({ action: "pause" }), ABANDON]),
  },
  {
    name: "readers of 4 MiB that take nothing",
    ...FULL_LOG,
    sockets: 20,
    lines: (roomId) =>
      forever([
        ...greet(),
        MUTE,
        send({ action: "join", body: { room_id: roomId, last: 1_000 } }),
        wait(1_500),
        ABANDON,
      ]),
  },
  {
    name: "readers of 4 MiB that take 2 KB at a time",
    ...FULL_LOG,
    sockets: 20,
    lines: (roomId) => [
      receiveBuffer(4_096),
      ...greet(),
      MUTE,
      send({ action: "join", body: { room_id: roomId, last: 1_000 } }),
      ...forever([every(100), sip(2_048)]),
    ],
  },
  {
    name: "joins that are refused, each with the name of a room to make",
    daily: true,
    leadMs: 8_000,
    lines: () => [
      ...greet(),
      ...repeat(100, create()),
      ...forever([
        every(FULL_RATE_MS),
        send({ action: "join", body: { room_id: "{{room_id}}", room_name: "x" } }),
      ]),
    ],
  },
  {
    name: "rooms made and left, 200 with each connection",
    daily: true,
    leadMs: 8_000,
    lines: () =>
      forever([
        ...greet(),
        ...repeat(190, [
          ...create(),
          send({ action: "leave", body: { room_id: "{{room}}" } }),
        ]),
        RESET,
      ]),
  },
  {
    name: "rooms made and kept, 100 with each connection",
    leadMs: 8_000,
    sockets: 5,
    lines: () => forever([...greet(), ...repeat(100, create()), ABANDON]),
  },
  {
    name: "30 who come one after the other, and stay in as many rooms as they may make",
    leadMs: 5_000,
    sockets: 30,
    lines: () => [
      every(4_000),
      ...greet(),
      // Nobody waits for a room that is refused.
      ...repeat(100, [send({ action: "create", body: "Den" }), wait(1)]),
      wait(FOR_EVER_MS),
    ],
  },
  {
    name: "100 who come back to rooms that had to make place, at the full rate",
    leadMs: 5_000,
    sockets: 100,
    lines: () => [
      ...greet(),
      ...OWN_ROOMS.flatMap((name) => [
        ...create(name),
        send({ action: "message", room_id: `{{${name}}}`, body: "x".repeat(4_000) }),
        send({ action: "leave", body: { room_id: `{{${name}}}` } }),
      ]),
      ...forever(OWN_ROOMS.flatMap((name) => [
        every(2 * FULL_RATE_MS),
        send({ action: "join", body: `{{${name}}}` }),
        send({ action: "leave", body: { room_id: `{{${name}}}` } }),
      ])),
    ],
  },
  {
    name: "clients that come, say nothing and go",
    daily: true,
    leadMs: 8_000,
    lines: () => forever([...greet(), RESET]),
  },
  {
    name: "clients that come into the room and are cut off, to 100 members",
    daily: true,
    members: { v1: 100 },
    lines: (roomId) => forever([...greet(), ...join(roomId), RESET]),
  },
  {
    name: "clients that come into the room and pause, to 100 members",
    daily: true,
    members: { v1: 100 },
    again: 0,
    lines: (roomId) => [...greet(), ...join(roomId), send({ action: "pause" }), wait(FOR_EVER_MS)],
  },
  {
    name: "logs filled room after room, each over a new connection",
    daily: true,
    lines: () =>
      forever([
        ...greet(),
        ...create(),
        ...repeat(6, [
          send({ action: "message", room_id: "{{room}}", body: "x".repeat(65_536) }),
        ]),
        ...DONE,
        RESET,
      ]),
  },
  {
    name: "1,000 connections that never say hello",
    leadMs: 4_000,
    sockets: 1_000,
    lines: () => [OPEN, wait(FOR_EVER_MS)],
  },
  {
    name: "1,000 plain connections that say nothing, from one address",
    leadMs: 4_000,
    sockets: 1_000,
    dialect: "plain",
    oneAddress: true,
    lines: () => [OPEN, wait(FOR_EVER_MS)],
  },
  {
    name: "300 handshakes that are half said",
    sockets: 300,
    dialect: "raw",
    lines: () => [DIAL, raw("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webs"), wait(FOR_EVER_MS)],
  },
  {
    name: "clients that make a room, say something and are cut off",
    daily: true,
    leadMs: 8_000,
    lines: () =>
      forever([
        ...greet(),
        ...create(),
        send({ action: "message", room_id: "{{room}}", body: "x" }),
        ...DONE,
        RESET,
      ]),
  },
  {
    name: "answers that nobody reads, at the full rate",
    sockets: 20,
    lines: () => [
      receiveBuffer(4_096),
      ...greet(),
      MUTE,
      ...forever([every(FULL_RATE_MS), send({ action: "ping", ref: "€".repeat(128) })]),
    ],
  },
  {
    name: "rooms that others came to as well, 99 with each of 100 connections",
    leadMs: 15_000,
    sockets: 100,
    lines: () => [
      ...greet(),
      ...repeat(99, [
        // Whoever made the latest room is not alone any more; nobody waits for a room that is refused.
        set("met", "{{@latest}}"),
        send({ action: "join", body: "{{met}}" }),
        send({ action: "leave", body: { room_id: "{{met}}" } }),
        send({ action: "create", body: "Den" }),
        expect(`created","room_id":"`, { as: "@latest", withinMs: FOR_EVER_MS }),
        wait(5),
      ]),
      wait(FOR_EVER_MS),
    ],
  },
  {
    name: "one frame of the most bytes that are read, over each of 100 connections",
    sockets: 100,
    lines: () => [
      ...greet(),
      send({ action: "ping", unknown: "€".repeat(394_000) }),
      wait(FOR_EVER_MS),
    ],
  },
];

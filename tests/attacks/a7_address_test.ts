/**
 * One address against all others, at the defaults: what it does within its limits and beyond them.
 * To try one: `CHAOS=full deno test -A tests/attacks/a7_address_test.ts --filter hello`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/protocol/errors.ts";
import { FULL, report } from "../chaos/setting.ts";
import { type Attack, attack, figuresOf, missedBy, SETTING } from "./arena.ts";
import { FLOODING } from "./flooding.ts";
import { COMPILER } from "./generators.ts";
import { HOARDING } from "./hoarding.ts";
import {
  every,
  expect,
  FOR_EVER_MS,
  forever,
  greet,
  join,
  OPEN,
  RESET,
  send,
  wait,
} from "./script.ts";
import { FULL_RATE_MS } from "./spreading.ts";

/** The connections that one address may have. */
const SOCKETS = 1_000;

/** The milliseconds between frames of each of them, where all together say what an address may. */
const SHARED_RATE_MS = SOCKETS / 2;

const AT_THE_LIMITS: readonly Attack[] = [
  {
    name: "1,000 connections that together say as much as an address may",
    daily: true,
    sockets: SOCKETS,
    leadMs: 4_000,
    lines: () => [
      ...greet(),
      ...forever([every(SHARED_RATE_MS), send({ action: "ping", ref: "€".repeat(128) })]),
    ],
  },
  {
    name: "1,000 members of one room who say as much as an address may",
    sockets: SOCKETS,
    leadMs: 12_000,
    lines: (roomId) => [
      ...greet(),
      ...join(roomId),
      ...forever([
        every(SHARED_RATE_MS),
        send({ action: "message", room_id: roomId, body: "x" }),
      ]),
    ],
  },
  {
    name: "1,000 connections that each say as much as a client may",
    daily: true,
    sockets: SOCKETS,
    leadMs: 4_000,
    lines: () => [...greet(), ...forever([every(FULL_RATE_MS), send({ action: "ping" })])],
  },
  {
    name: "1,000 connections that come and go, and more that are refused",
    sockets: SOCKETS,
    leadMs: 4_000,
    again: 500,
    lines: () => [...greet(), wait(500), RESET],
  },
  {
    name: "1,000 connections that look for rooms which are not there",
    sockets: SOCKETS,
    leadMs: 4_000,
    lines: () => [
      ...greet(),
      ...forever([every(SHARED_RATE_MS), send({ action: "join", body: "{{room_id}}" })]),
    ],
  },
  {
    name: "1,000 connections that make rooms, as fast as they may",
    sockets: SOCKETS,
    leadMs: 8_000,
    lines: () => [
      ...greet(),
      ...forever([
        every(SHARED_RATE_MS),
        send({ action: "create", body: "Den" }),
        expect(`"status"`),
      ]),
    ],
  },
  {
    name: "5,000 connections that never say hello",
    sockets: 5 * SOCKETS,
    leadMs: 4_000,
    lines: () => [OPEN, wait(FOR_EVER_MS)],
  },
];

/** Attacks of many connections, which had no limits of addresses in X1: ten times as many as their names say. */
const KNOWN = [
  ...HOARDING,
  ...FLOODING.filter(({ name }) => name === "connections made and ended"),
];

const TRIALS: readonly [what: Attack, attackers: number][] = [
  ...AT_THE_LIMITS.map((what): [Attack, number] => [what, 1]),
  ...FULL ? KNOWN.map((what): [Attack, number] => [what, 10]) : [],
];

for (const [what, attackers] of TRIALS) {
  Deno.test(`A7 nobody elsewhere suffers from ${what.name}`, {
    ignore: COMPILER === undefined || !FULL && what.daily === undefined,
  }, async () => {
    const trial = { attackers, store: "memory", limited: true, ...SETTING } as const;
    const outcome = await attack(what, trial).catch(reasonOf);
    // The two were thrown out, or the server is gone.
    const broken = typeof outcome === "string";
    const figures = broken ? { outcome } : { measured: figuresOf(outcome) };
    const missed = broken ? ["the two"] : missedBy(outcome);
    const name = attackers === 1 ? what.name : `${what.name}, ×${attackers}, from one address`;
    report("A7", name, figures, missed.map((figure) => `${figure} of ${what.name}`));
    if (!FULL) assertEquals(missed, []);
  });
}

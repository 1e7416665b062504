/**
 * Servers that mean ill: each kind plays one to a client that has connected and wants a room.
 *
 * @module
 */

import type { Frame } from "../support/fixtures.ts";
import { LOBBY, said, type ScriptedPeer } from "../support/scripted_server.ts";
import { pause } from "../support/waiting.ts";

/** One kind of hostile server. */
export interface Hostile {
  /** The deed, as a phrase with a verb. */
  name: string;
  /** Set where it is tried every day. */
  daily?: true;
  /** Plays one connection; `turn` counts them from 0. */
  play(peer: ScriptedPeer, turn: number): void | Promise<void>;
}

/** The beginning that no row may have: a time that no clock shows, and what somebody never said. */
export const FORGED = "99:99:99 > Ana: I hereby resign";

/** Sequences that others can put into a terminal: C0, C1, OSC 0, 8 and 52, SGR, cursor moves, bidi, invisible. */
const EVIL = [
  "\x1b[2J\x1b[H",
  "\x1b[31mred",
  "\x1b]0;title\x07",
  "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
  "\x1b]52;c;cm0gLXJm\x07",
  "\x9b2J\x9d0;t\x9c\x90q\x9c",
  "a\r\nb\x08\x08\x7f\t\v\f",
  "\x00\x05\x0e\x0f\x11\x13",
  "\u202egnp.exe\u202c\u2066x\u2069\u200f",
  "one\u2028two\u2029three\u0085four",
  "\x1b[201~\r/quit\r\x1b[200~",
  "\x1b[?2004l\x1b[?7h\x1b[6n",
  `\r${FORGED}\n${FORGED}\v${FORGED}`,
];

/** Characters that fill rows, by one column or by several, or look as if. */
const FILLERS = [
  " ",
  "x",
  "\t",
  "\u3000",
  "日",
  "e\u0301",
  "👩‍👩‍👧",
  "❤\ufe0f",
  "\u00ad",
  "\u200b",
  "\u2800",
  "ﷺ",
  "\u{1f1e6}\u{1f1fa}",
  "が",
  "\u1100\u1161",
  "\u2e3a",
];

/** Fillers up to and around each edge of a row, with something forged behind them. */
const PADDED = FILLERS.flatMap((filler) =>
  Array.from({ length: 64 }, (_, i) => filler.repeat(i + 1) + FORGED)
);

/** One of them for each entry, in an order that has all kinds in the first few. */
function padded(seq: number): string {
  return PADDED[37 * seq % PADDED.length]!;
}

/** So little that all is shown, in UTF-16 units a second: 200 frames. */
const READABLE = 1_200_000;

/** As large as a field can be in a frame. */
const LARGE = "x".repeat(390_000);

const RESUMED = { resumed: true, n: 0 };

/** Answers requests as an honest server does, but for what `instead` answers otherwise. */
function serve(peer: ScriptedPeer, instead?: (frame: Frame) => Frame | undefined): void {
  peer.onFrame = (frame) => {
    const { action, ref, n } = frame;
    const answer = instead?.(frame);
    if (answer !== undefined) return peer.send({ ref, ...answer });
    if (action === "message") {
      // As a repeat: an entry would move the cursor, and others be passed over.
      peer.send({ status: "success", ref, n, duplicate: true, seq: 1 });
    } else if (action === "join" || action === "create") {
      peer.send({ ref, ...LOBBY, recovered: true });
    } else {
      peer.send({ status: "success", ref, message: "Done" });
    }
  };
}

/** Lets a client in, then does something; what it asks meanwhile is answered. */
function admitting(
  then: (peer: ScriptedPeer, turn: number) => void | Promise<void>,
  instead?: (frame: Frame) => Frame | undefined,
): Hostile["play"] {
  return async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    await peer.admit({ recovered: true });
    serve(peer, instead);
    await then(peer, turn);
  };
}

/** Floods a client that is in its room. */
function flooding(
  make: (i: number) => unknown,
  instead?: (frame: Frame) => Frame | undefined,
  unitsPerSecond?: number,
): Hostile["play"] {
  return admitting((peer) => peer.flood(make, unitsPerSecond), instead);
}

/** Floods a client's room with entries, so many a frame. */
function entries(
  count: number,
  make: (seq: number) => Frame,
  unitsPerSecond?: number,
): Hostile["play"] {
  const frame = (i: number) => ({
    event: "entries",
    room_id: "r1",
    entries: Array.from({ length: count }, (_, k) => make(i * count + k + 1)),
  });
  return flooding(frame, undefined, unitsPerSecond);
}

/** Lets a client in, cuts it off, and is hostile to whatever comes then. */
function later(play: Hostile["play"]): Hostile["play"] {
  return async (peer, turn) => {
    if (turn > 0) return await play(peer, turn);
    await peer.welcome();
    await peer.admit();
    peer.close(4004);
  };
}

/** Refuses one kind of request, whatever comes. */
function refusing(action: string, code: string, retry?: unknown): Hostile["play"] {
  return admitting(() => {}, (frame) =>
    frame.action !== action ? undefined : {
      status: "error",
      code,
      message: "No",
      ...(frame.n === undefined ? {} : { n: frame.n }),
      ...(retry === undefined ? {} : { retry_after_ms: retry }),
    });
}

function member(i: number, more: Frame = {}): Frame {
  return { client_id: `c${i}`, name: `${i} ${"n".repeat(100)}`, ...more };
}

function members(first: number, count: number, more: Frame = {}): Frame[] {
  return Array.from({ length: count }, (_, i) => member(first + i, more));
}

const GAP = (i: number): Frame => ({ event: "gap", room_id: "r1", from_seq: i + 1, to_seq: i + 1 });

/** A server that does nothing wrong: what everything else is compared with. */
export const HONEST: Hostile = { name: "does nothing wrong", play: admitting(() => {}) };

/** The kinds of hostile servers. */
export const HOSTILE: readonly Hostile[] = [
  // How often a client comes.
  { name: "closes every connection", play: later((peer) => peer.close(1001)) },
  {
    name: "breaks off after every welcome",
    play: later(async (peer) => {
      await peer.welcome(RESUMED);
      peer.close();
    }),
  },
  {
    name: "asks to come back at once, for ever",
    daily: true,
    play: later(async (peer) => {
      await peer.welcome(RESUMED);
      peer.send({ event: "goodbye", code: 1001, reason: "x", retry_after_ms: 0 });
      peer.close(1001);
    }),
  },
  {
    name: "sends garbage after every welcome",
    play: later(async (peer) => {
      await peer.welcome(RESUMED);
      peer.sendRaw("garbage");
    }),
  },
  {
    name: "refuses every hello, and waits for the next at once",
    play: later(async (peer) => {
      const { ref } = await peer.next();
      peer.send({ status: "error", ref, code: "unavailable", message: "No", retry_after_ms: 0 });
    }),
  },
  {
    name: "counts otherwise than the client, each time",
    play: refusing("message", "out_of_order", 0),
  },
  {
    name: "never gives a sign of life",
    play: async (peer) => {
      peer.pongs = false;
      await peer.welcome({ ...RESUMED, heartbeat_ms: 8 });
      await peer.admit();
    },
  },
  {
    name: "refuses every message, and waits for it at once",
    daily: true,
    play: refusing("message", "rate_limited", 0),
  },
  {
    name: "never lets the client back into its room",
    daily: true,
    play: later(async (peer) => {
      await peer.welcome(RESUMED);
      peer.onFrame = ({ ref }) =>
        peer.send({ status: "error", ref, code: "unavailable", message: "No", retry_after_ms: 0 });
    }),
  },
  { name: "has gaps without end", daily: true, play: flooding(GAP) },
  {
    name: "has gaps without end, and refuses to name the members",
    play: flooding(
      GAP,
      ({ action }) =>
        action === "join"
          ? { status: "error", code: "unavailable", message: "No", retry_after_ms: 0 }
          : undefined,
    ),
  },
  {
    name: "has gaps, and a log that begins anew each time",
    play: flooding(
      GAP,
      ({ action, ref }) =>
        action === "join"
          ? { ...LOBBY, epoch: `e${ref}`, recovered: false, members: members(0, 1_000) }
          : undefined,
    ),
  },
  {
    name: "lets the client into another room each time",
    play: flooding(
      GAP,
      ({ action, ref }) => action === "join" ? { ...LOBBY, room_id: `r${ref}` } : undefined,
    ),
  },
  // What a client keeps.
  {
    name: "has fields of its own in entries",
    daily: true,
    play: entries(1, (seq) => ({ ...said(seq, "x"), colour: LARGE })),
  },
  {
    name: "has fields of its own in members",
    play: flooding((i) => ({
      event: "members",
      room_id: "r1",
      members: [member(i, { colour: LARGE })],
    })),
  },
  {
    name: "names members without end",
    daily: true,
    play: flooding((i) => ({ event: "members", room_id: "r1", members: members(i * 500, 500) })),
  },
  {
    name: "names 3,000 members in each answer",
    play: flooding(
      GAP,
      ({ action }) =>
        action === "join" ? { ...LOBBY, members: members(0, 3_000, { away: true }) } : undefined,
    ),
  },
  {
    name: "lets people in without end",
    daily: true,
    play: entries(500, (seq) => ({
      seq,
      at: 1,
      event: "join",
      from: `c${seq}`,
      name: `${seq} ${"n".repeat(100)}`,
    })),
  },
  {
    name: "renames people without end",
    play: entries(500, (seq) => ({
      seq,
      at: 1,
      event: "rename",
      from: `c${seq % 3_000}`,
      name: `${seq} ${"é€".repeat(50)}`,
    })),
  },
  {
    name: "has names that are too long",
    play: entries(1, (seq) => ({ ...said(seq, "x"), name: LARGE })),
  },
  {
    name: "says large things without end",
    play: entries(5, (seq) => said(seq, "€".repeat(20_000))),
  },
  { name: "says small things without end", play: entries(500, (seq) => said(seq, "x")) },
  { name: "says things that are too large", play: entries(1, (seq) => said(seq, LARGE)) },
  {
    name: "sends frames of 4 MiB",
    play: flooding(() => JSON.stringify({ event: "party", pad: "x".repeat(4_194_304) })),
  },
  {
    name: "sends lists in lists",
    play: flooding(() => "[".repeat(190_000) + "]".repeat(190_000)),
  },
  {
    name: "has people typing without end",
    play: flooding((i) => ({
      event: "typing",
      room_id: "r1",
      from: `c${i}`,
      name: "n".repeat(400),
    })),
  },
  {
    name: "has events that nobody knows",
    play: flooding((i) => ({ event: "party", i, pad: LARGE })),
  },
  {
    name: "answers what nobody asked",
    play: flooding((i) => ({ status: "success", ref: i, n: i, seq: i, message: "x", pad: LARGE })),
  },
  {
    name: "ends with long reasons",
    play: later(async (peer) => {
      await peer.welcome(RESUMED);
      peer.send({ event: "goodbye", code: 1001, reason: LARGE, retry_after_ms: 0 });
    }),
  },
  {
    name: "resumes with more than yes or no",
    play: later(async (peer) => {
      await peer.welcome({ resumed: Array.from({ length: 90_000 }, () => []), n: 0 });
      peer.close();
    }),
  },
  { name: "asks for signs of life without end", play: flooding(() => ({ event: "ping" })) },
  {
    name: "says things at impossible times and places",
    play: admitting(async (peer) => {
      for (const at of [0, 8.64e15, 2 ** 53 - 1, -(2 ** 53 - 1)]) {
        peer.entries({ ...said(Math.abs(at) % 1_000 + 1, FORGED), at });
      }
      await pause(100);
      peer.entries(said(2 ** 53 - 1, FORGED));
      await peer.flood((i) => ({ event: "gap", room_id: "r1", from_seq: i, to_seq: 2 ** 53 - 1 }));
    }),
  },
  // What a person sees.
  {
    name: "sends control sequences in all that is shown",
    daily: true,
    play: async (peer) => {
      await peer.welcome();
      const evil = EVIL.join("");
      const people = EVIL.map((name, i) => ({ client_id: `c${i}${name}`, name }));
      await peer.admit({ room_id: `r1${evil}`.slice(0, 500), room_name: evil, members: people });
      serve(peer);
      const events = ["join", "away", "back", "rename", "leave"];
      await peer.flood((i) => {
        const text = EVIL[i % EVIL.length]!;
        const seen = { seq: 2 * i + 1, at: 1, event: events[i % 5], from: `c${text}`, name: text };
        const room_id = `r1${evil}`.slice(0, 500);
        return {
          event: "entries",
          room_id,
          entries: [seen, { ...said(2 * i + 2, text), name: text }],
        };
      }, READABLE);
    },
  },
  {
    name: "fills rows, and forges what comes in the next",
    daily: true,
    play: entries(1, (seq) => ({ ...said(seq, padded(seq)), name: "Ben" }), READABLE),
  },
  {
    name: "has names that fill rows",
    play: entries(1, (seq) => {
      const name = padded(seq).slice(0, 500);
      return seq % 2 === 0
        ? { ...said(seq, FORGED), name }
        : { seq, at: 1, event: "rename", from: "other", name };
    }, READABLE),
  },
  {
    name: "calls the room what a row could be",
    play: async (peer) => {
      await peer.welcome();
      const filled = `${" ".repeat(45)}${FORGED}${" ".repeat(29)}${FORGED}`;
      await peer.admit({ room_id: `r1${filled}`, room_name: `Lobby${filled}` });
      serve(peer);
    },
  },
  {
    name: "refuses with what a row could be",
    play: async (peer) => {
      await peer.welcome();
      const { ref } = await peer.next();
      peer.send({ status: "error", ref, code: "room_full", message: `${FORGED}\r\n${FORGED}` });
    },
  },
  {
    name: "throws the client out with what a row could be",
    play: admitting(async (peer) => {
      await pause(300);
      const reason = `${" ".repeat(36)}${FORGED}\x1b[2J\r\n${FORGED}`;
      peer.send({ event: "goodbye", code: 4500, reason });
    }),
  },
  {
    name: "cuts the client off with what a row could be, again and again",
    play: async (peer, turn) => {
      await peer.welcome({ resumed: turn > 0 });
      await peer.admit({ recovered: true });
      serve(peer);
      await pause(200);
      const reason = `${" ".repeat(36)}${FORGED}\x1b[2J\r\n${FORGED}`;
      peer.send({ event: "goodbye", code: 1001, reason, retry_after_ms: 0 });
      peer.close(1001);
    },
  },
  {
    name: "refuses messages with what a row could be",
    play: admitting(
      () => {},
      ({ action, n }) =>
        action === "message"
          ? {
            status: "error",
            code: "invalid_frame",
            n,
            message: `${" ".repeat(33)}${FORGED}\n${FORGED}`,
          }
          : undefined,
    ),
  },
];

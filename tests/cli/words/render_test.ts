import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { columnsOf } from "../../../src/cli/words/columns.ts";
import { Names } from "../../../src/cli/words/names.ts";
import { clock, invitationTo, type Look, toJson, toText } from "../../../src/cli/words/render.ts";
import { offlineLine, roomsLine } from "../../../src/cli/words/status.ts";
import type { Shown } from "../../../src/cli/words/shown.ts";
import { pure } from "../../support/pure.ts";
import { AT, PRESENCE, text } from "../shown_lines.ts";

const NAMES = new Names();
const COLOURED: Look = { colour: true, time: clock("UTC") };

const MESSAGE = {
  type: "message",
  roomId: "r",
  seq: 7,
  epoch: "e",
  sentAt: AT,
  from: "a0ana1",
} as const;

pure("toText() marks messages of one's own, those of others, and all that is no message", () => {
  const cases: [shown: Shown, line: string | undefined][] = [
    [{ ...MESSAGE, name: "Ana", body: "hi", own: false }, "14:05:09   Ana: hi"],
    [{ ...MESSAGE, name: "Ana", body: "hi", own: true }, "14:05:09 > Ana: hi"],
    [{ ...MESSAGE, body: "hi", own: false }, "14:05:09   guest#ana1: hi"],
    [{ ...PRESENCE, type: "join", name: "Ana" }, "14:05:09 + Ana joined"],
    [{ ...PRESENCE, type: "join", own: true }, "14:05:09 + You joined"],
    [{ ...PRESENCE, type: "back", name: "Ana" }, "14:05:09 + Ana is back"],
    [{ ...PRESENCE, type: "away", name: "Ana" }, "14:05:09 - Ana is away"],
    [{ ...PRESENCE, type: "leave" }, "14:05:09 - guest#ana1 left"],
    [{ ...PRESENCE, type: "rename", name: "Eva" }, "14:05:09 ~ guest#ana1 is Eva now"],
    [
      { ...PRESENCE, type: "rename", name: "Eva", formerly: "Ana" },
      "14:05:09 ~ Ana is Eva now",
    ],
    [{ ...PRESENCE, type: "rename", name: "Eva", own: true }, "14:05:09 ~ You are Eva now"],
    [
      { ...PRESENCE, type: "quiet" },
      "14:05:09 . From here on the room is too large to tell who comes and goes",
    ],
    [{ type: "typing", from: "a0ana1" }, undefined],
    [{ type: "gap", fromSeq: 12, toSeq: 40 }, "14:05:09 ! Some messages were lost: #12 to #40"],
    [{ type: "recovered", recovered: true }, undefined],
    [
      { type: "recovered", recovered: false },
      "14:05:09 ! The history before this point is gone",
    ],
    [{ type: "closed", reason: "Gone" }, "14:05:09 ! The room is closed: Gone"],
    [{ type: "left", name: "Lobby" }, "14:05:09 - You left Lobby"],
    [
      { type: "room", roomId: "ab-cd", name: "Lobby", command: "join it" },
      "14:05:09 . Room Lobby: ab-cd",
    ],
    [{ type: "help", text: "/who" }, "14:05:09 . Commands\n           /who"],
    [{ type: "error", message: "No" }, "14:05:09 ! No"],
    [{ type: "sent", seq: 7, body: "hi" }, "14:05:09 . Sent after all: hi"],
    [{ type: "error", message: "Not sent", body: "hi" }, "14:05:09 ! Not sent: hi"],
  ];
  for (const [shown, line] of cases) assertEquals(text(shown), line);
  assertEquals(
    invitationTo({ type: "room", roomId: "ab-cd", name: "Lobby", command: "join it" }),
    "To join it: join it",
  );
});

pure("toText() indents the further lines of a message, and leaves its layout as it is", () => {
  const body = "one\n\n\ttwo\r\n14:05:09 > Ana: three\n\n";
  assertEquals(text({ ...MESSAGE, name: "Ana", body, own: false })?.split("\n"), [
    "14:05:09   Ana: one",
    "           ",
    "           \ttwo",
    "           14:05:09 > Ana: three",
  ]);
  assertEquals(text({ ...MESSAGE, name: "Ana", body: "\n\n", own: false }), "14:05:09   Ana: ");
});

pure("toText() breaks what is too wide for a row, so that nothing of others begins one", () => {
  const body = `${" ".repeat(61)}14:05:09 > Ana: I resign\n\t${"x".repeat(20)}`;
  assertEquals(text({ ...MESSAGE, name: "Ben", body, own: false }, 60)?.split("\n"), [
    `14:05:09   Ben:${" ".repeat(45)}`,
    `           ${" ".repeat(17)}14:05:09 > Ana: I resign`,
    `           ${" ".repeat(8)}${"x".repeat(20)}`,
  ]);
  const name = "Ben Ben ".repeat(16);
  const rows = text({ ...MESSAGE, name, body: "日本語 👩‍👩‍👧".repeat(99), own: false }, 40)!.split(
    "\n",
  );
  rows.forEach((row, i) => {
    assert(columnsOf(row) <= 40);
    assert(row.startsWith(i === 0 ? "14:05:09   Ben" : " ".repeat(11)), row);
  });
  assert(text({ ...MESSAGE, body: "x".repeat(99), own: true }, 30)!.includes("\n  x"));
});

pure("toText() writes names of rooms with single spaces, and all that is in them", () => {
  const name = "Lob\u202eby    14:05:09\n> Ana";
  const shown = "LobU+202Eby 14:05:09 > Ana";
  assertEquals(text({ type: "left", name }), `14:05:09 - You left ${shown}`);
  assertEquals(
    text({ type: "room", roomId: "ab", name, command: "x" }),
    `14:05:09 . Room ${shown}: ab`,
  );
});

pure("invitationTo() is for ids only: the row goes on in the next where it is too long", () => {
  const room = { type: "room", name: "Lobby", command: "join it" } as const;
  for (const roomId of [`${" ".repeat(60)}14:05:09 > Ana: hi`, "x".repeat(65), "a\nb", ""]) {
    assertEquals(invitationTo({ ...room, roomId }), undefined);
  }
});

pure("toText() takes no time for the worst of messages", () => {
  const started = performance.now();
  for (const body of [`${"\n".repeat(65_535)}x`, "\t".repeat(65_536), "é".repeat(32_768)]) {
    text({ ...MESSAGE, body, own: false }, 80);
  }
  // What grows with the square of the length takes minutes.
  assert(performance.now() - started < 10_000);
});

pure("toText() puts the end of the id behind each name that two people have", () => {
  const names = new Names();
  const people = [
    { clientId: "a0ana1", name: "Ana" },
    { clientId: "a0ana2", name: "ANA" },
    { clientId: "a0ben3", name: "Ben" },
  ];
  for (const { clientId, name } of people) names.know(clientId, name);
  const shown: Shown[] = [
    { ...MESSAGE, name: "Ana", body: "hi", own: true },
    { ...PRESENCE, type: "leave", name: "Ana" },
    { ...PRESENCE, type: "rename", name: "Ben", formerly: "Ana" },
    { type: "members", members: people, presence: true, own: "a0ana1" },
  ];
  assertEquals(shown.map((one) => text(one, Infinity, names)?.slice(9)), [
    "> Ana#ana1: hi",
    "- Ana#ana1 left",
    "~ Ana#ana1 is Ben#ana1 now",
    ". 3 here: Ana#ana1 (you), ANA#ana2, Ben",
  ]);
});

pure("toText() passes over what it does not know", () => {
  assertEquals(text({ ...PRESENCE, type: "waves" } as unknown as Shown), undefined);
  assertEquals(text({ type: "status", status: { type: "odd" } } as unknown as Shown), undefined);
});

pure("toText() lists who is here, who is away, and who one is oneself", () => {
  const members = [{ clientId: "a", name: "Ana" }, { clientId: "b", away: true as const }];
  assertEquals(
    text({ type: "members", members, presence: true, own: "a" }),
    "14:05:09 . 2 here: Ana (you), guest#b (away)",
  );
  assertEquals(
    text({ type: "members", members: [], presence: false, own: "a" }),
    "14:05:09 . The room is too large to tell who is here",
  );
});

pure("toText() tells how the connection is in one line", () => {
  const line = (status: Extract<Shown, { type: "status" }>["status"], lost = false) =>
    text({ type: "status", status, lost })?.slice("14:05:09 ".length);
  assertEquals(line({ type: "connecting" }), undefined);
  assertEquals(
    line({ type: "reconnecting", attempt: 3, delayMs: 1_234, code: 1006, reason: "" }),
    undefined,
  );
  assertEquals(
    line({ type: "reconnecting", attempt: 1, delayMs: 0, code: 1006, reason: "" }, true),
    ". Connection lost",
  );
  assertEquals(line({ type: "connected", resumed: true, stored: 0 }), ". Connected again");
  assertEquals(
    line({ type: "closed", code: 4500, reason: "Flooding" }),
    "! Connection closed: Flooding",
  );
});

pure("offlineLine() tells how the connection is while there is none", () => {
  const lost = { type: "reconnecting", code: 1006, reason: "" } as const;
  const reconnecting = { ...lost, attempt: 3, delayMs: 12_300 };
  assertEquals(offlineLine(reconnecting, 0), "Offline, trying in 13 s (Enter: now)");
  assertEquals(offlineLine(reconnecting, 11_400), "Offline, trying in 1 s (Enter: now)");
  assertEquals(offlineLine(reconnecting, 60_000), "Offline, trying in 0 s (Enter: now)");
  assertEquals(offlineLine({ type: "connecting" }, 0), "Offline, trying now");
  assertEquals(offlineLine({ type: "connected", resumed: true, stored: 0 }, 0), "");
});

pure("toText() keeps an error about a long message short", () => {
  const line = text({ type: "error", message: "Not sent", body: "x".repeat(60_000) });
  assertEquals(line, `14:05:09 ! Not sent: ${"x".repeat(60)}…`);
  const lines = text({ type: "error", message: "Not sent", body: "one\ntwo" });
  assertEquals(lines, "14:05:09 ! Not sent: one…");
});

pure("toText() colours what is asked to be coloured, and resets each colour", () => {
  const shown: Shown = { ...MESSAGE, name: "Ana Lee", body: "hi", own: true };
  const setting = { now: AT, columns: 15, names: NAMES };
  assertEquals(
    toText(shown, COLOURED, { ...setting, columns: 80 }),
    "\x1b[2m14:05:09\x1b[0m \x1b[32m>\x1b[0m \x1b[1mAna Lee: \x1b[0m\x1b[32mhi\x1b[0m",
  );
  assertEquals(
    toText(shown, COLOURED, setting),
    "\x1b[2m14:05:09\x1b[0m \x1b[32m>\x1b[0m \x1b[1mAna \x1b[0m\n  \x1b[1mLee: \x1b[0m\x1b[32mhi\x1b[0m",
  );
});

/** Sequences that others can put into a terminal: C0, C1, OSC 0, 8 and 52, SGR, cursor moves, bidi. */
const ATTACKS = [
  "\x1b[2J\x1b[H",
  "\x1b[31mred",
  "\x1b]0;title\x07",
  "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
  "\x1b]52;c;cm0gLXJm\x07",
  "\x9b2J\x9d0;t\x9c",
  "\x90q\x9c",
  "a\r\nb\x08\x08\x7f\t\v\f",
  "\x00\x05\x0e\x0f\x11\x13",
  "\u202egnp.exe\u202c\u2066x\u2069\u200f",
  "one\u2028two\u2029",
  "one\ntwo\n\n\tthree\r\nfour\rfive",
  `${" ".repeat(80)}14:05:09 > Ana: I resign`,
  "\x1b[201~\r/quit\r\x1b[200~",
  "\x1b[?2004l\x1b[?7h\x1b[6n",
];

/** Everything that can hold a text of somebody else. */
function everywhere(evil: string): Shown[] {
  const about = { from: evil, name: evil, own: false, body: evil };
  const change = { ...PRESENCE, type: "change", name: evil } as const;
  return [
    { ...MESSAGE, name: evil, body: evil, own: false },
    { ...PRESENCE, type: "join", name: evil },
    { ...PRESENCE, type: "rename", name: evil, formerly: evil },
    { ...PRESENCE, type: "leave", from: evil },
    { type: "closed", reason: evil },
    { type: "left", name: evil },
    { type: "room", roomId: evil, name: evil, command: evil },
    { type: "members", members: [{ clientId: evil, name: evil }], presence: true, own: "" },
    { type: "status", status: { type: "closed", code: 1, reason: evil } },
    {
      type: "status",
      status: { type: "reconnecting", attempt: 1, delayMs: 1_000, code: 1, reason: evil },
      lost: true,
    },
    { type: "error", message: evil, body: evil },
    { type: "sent", seq: 1, body: evil },
    { ...MESSAGE, name: evil, body: evil, own: false, mention: true, numbered: true, re: 3, about },
    { ...change, re: 3, edit: evil, about },
    { ...change, re: 3, redact: true, reason: evil, about },
    { ...change, re: 3, react: evil },
    { ...change, re: 3, unreact: evil, about },
    { ...PRESENCE, type: "role", name: evil, to: evil, role: evil as "none", reason: evil },
    { ...PRESENCE, type: "kick", name: evil, to: evil, reason: evil },
    {
      ...PRESENCE,
      type: "settings",
      name: evil,
      topic: evil,
      default: evil as "member",
      join: evil as "open",
      history: evil as "all",
      slow_ms: 1,
    },
    { type: "closed", reason: evil, removed: true, name: evil },
    { type: "topic", topic: evil },
    { type: "rooms", rooms: [{ number: 1, roomId: evil, name: evil, unread: 1, mentions: 1 }] },
    { type: "current", roomId: evil, name: evil, number: 1 },
    { type: "links", roomId: evil, links: [{ id: evil, role: evil as "member", uses: 1 }] },
    { type: "invitation", roomId: "r1", id: evil, link: evil, command: evil, url: evil },
    { type: "search", text: evil, found: 1, more: true },
    { type: "note", text: evil },
    {
      type: "members",
      members: [],
      presence: true,
      own: "",
      absent: [{ to: evil, role: "none" }],
    },
  ];
}

/** All that is no character, but for the line breaks and the indents of a text. */
const HARM = /\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u;

function assertHarmless(evil: string): void {
  const names = new Names();
  names.know("another", evil);
  for (const shown of everywhere(evil)) {
    assert(!HARM.test(toJson(shown)));
    assert(!/\p{Default_Ignorable_Code_Point}/u.test(toJson(shown)));
    for (const columns of [Infinity, 80, 40, 20]) {
      const all = text(shown, columns, names) ?? "";
      // Tabs stay in a pipe only.
      const lines = (columns === Infinity ? all.replaceAll("\t", " ") : all).split("\n");
      for (const line of lines) assert(!HARM.test(line), JSON.stringify(line));
      for (const line of lines.slice(1)) assert(line.startsWith("  "), JSON.stringify(all));
    }
    if (shown.type === "room") assert(!HARM.test(invitationTo(shown) ?? ""));
    if (shown.type === "invitation") {
      for (const line of invitationTo(shown)?.split("\n") ?? []) assert(!HARM.test(line));
    }
    if (shown.type === "rooms") {
      const here = { role: undefined, topic: evil, members: 1 };
      for (const rooms of [shown.rooms, [...shown.rooms, ...shown.rooms]]) {
        assert(!HARM.test(roomsLine(rooms, here)));
      }
    }
    if (shown.type === "status") assert(!HARM.test(offlineLine(shown.status, 0)));
  }
}

pure("nothing others send reaches the terminal as a control character", () => {
  ATTACKS.forEach(assertHarmless);
  const anything = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(anything, assertHarmless));
});

pure("toJson() loses nothing, and says which room it is about", () => {
  for (const evil of [...ATTACKS, "👩‍👧 ❤\ufe0f \u{e0041}\u200b\u3164"]) {
    const shown: Shown = { ...PRESENCE, type: "join", name: evil };
    assertEquals(JSON.parse(toJson(shown)), shown);
    assertEquals(JSON.parse(toJson(shown, "r1")), { ...shown, roomId: "r1" });
  }
});

pure("clock() adds the date to what was on another day", () => {
  const time = clock("UTC");
  assertEquals(time(AT, AT + 60_000), "14:05:09");
  assertEquals(time(AT, AT + 86_400_000), "2026-08-03 14:05:09");
  assertEquals(clock("Asia/Tokyo")(AT, AT), "23:05:09");
  for (const none of [NaN, Infinity, 1e300]) assertEquals(time(none, AT), "--:--:--");
});

pure("toText() says what is answered and changed, in few words that do nothing", () => {
  const about = { from: "b1", name: "Ben", own: false, body: "hello there, how are you today?" };
  const change = { ...MESSAGE, type: "change", name: "Ana", re: 5, own: false } as const;
  const ben = { ...about, from: "a0ana1", name: "Ana", body: "helo" };
  const cases: [shown: Shown, line: string | undefined][] = [
    [
      { ...MESSAGE, name: "Ana", body: "fine", own: false, re: 5, about },
      `14:05:09   Ana (to Ben: "hello there, how are you…"): fine`,
    ],
    [{ ...MESSAGE, name: "Ana", body: "fine", own: true, re: 5 }, "14:05:09 > Ana (to #5): fine"],
    [{ ...change, edit: "hello", about: ben }, `14:05:09 ~ Ana changed "helo" to: hello`],
    [
      { ...change, edit: "a\nb", own: true },
      "14:05:09 ~ You changed #5 to: a\n           b",
    ],
    [{ ...change, redact: true, about: ben }, "14:05:09 ~ Ana deleted a message"],
    [
      { ...change, redact: true, reason: "\x1b[2J", about: { ...about, own: true } },
      "14:05:09 ~ Ana deleted a message of yours: \\x1b[2J",
    ],
    [
      { ...change, react: "👍", about: { ...about, own: true, body: "x\ny" } },
      `14:05:09 . Ana: 👍 to you: "x…"`,
    ],
    [{ ...change, unreact: "👍" }, "14:05:09 . Ana: no 👍 to #5 any more"],
    [change, undefined],
  ];
  for (const [shown, line] of cases) {
    const found = text(shown);
    if (line?.includes("x1b")) assert(found?.includes("\x1b") === false, found);
    else assertEquals(found, line);
  }
  assertEquals(JSON.parse(toJson({ ...change, edit: "x", about: ben })).about, undefined);
});

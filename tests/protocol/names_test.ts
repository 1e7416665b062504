import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../src/protocol/decode.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { readName, shownName } from "../../src/protocol/names.ts";
import { pure } from "../support/pure.ts";

/** Characters that nobody sees, by kinds: each has to be refused, and named. */
const UNSEEN: Record<string, string> = {
  "NUL": "\0",
  "a line break": "\n",
  "ESC": "\x1b",
  "DEL": "\x7f",
  "C1": "\x9b",
  "a soft hyphen": "\u00ad",
  "a combining joiner": "\u034f",
  "an Arabic letter mark": "\u061c",
  "a Hangul filler": "\u3164",
  "a half-width Hangul filler": "\uffa0",
  "a Khmer vowel": "\u17b4",
  "a Mongolian separator": "\u180e",
  "a space without width": "\u200b",
  "a joiner": "\u200d",
  "a direction mark": "\u200f",
  "an override": "\u202e",
  "an isolate": "\u2066",
  "a line separator": "\u2028",
  "a word joiner": "\u2060",
  "a blank of Braille": "\u2800",
  "a variation selector": "\ufe0f",
  "a byte order mark": "\ufeff",
  "an annotation": "\ufff9",
  "a note without a head": "\u{1d159}",
  "a tag": "\u{e0041}",
  "a rare variation selector": "\u{e0100}",
};

for (const [kind, character] of Object.entries(UNSEEN)) {
  pure(`readName() refuses ${kind}, wherever it stands, and says which it is`, () => {
    const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
    for (const name of [character, `A${character}na`, `${character}Ana`, `Ana${character}`]) {
      const error = assertThrows(() => readName(name), ChatError, code);
      assertEquals(error.code, "invalid_frame");
    }
    assertEquals(shownName(`A${character}na`), /\s/.test(character) ? "A na" : `A${code}na`);
  });
}

pure("readName() takes the names of people, and composes what came apart", () => {
  const names = [
    "Ana",
    "Zoë",
    "Владимир",
    "أحمد",
    "नमिता",
    "李小龙",
    "O'Neil",
    "Ana 🙂",
    "Ana  Lee",
  ];
  for (const name of names) {
    assertEquals(readName(name), name.normalize("NFC"));
    assertEquals(readName(name.normalize("NFD")), name.normalize("NFC"));
    assertEquals(shownName(name), name.replace("  ", " "));
  }
});

pure("readName() counts bytes of UTF-8, in the composed form", () => {
  for (const letter of ["a", "ё", "€", "😀"]) {
    const most = 128 / new TextEncoder().encode(letter).length;
    readName(letter.repeat(Math.floor(most)));
    const long = letter.repeat(Math.floor(most) + 1);
    const { length } = new TextEncoder().encode(long);
    assertThrows(() => readName(long), ChatError, `at most 128 bytes, not ${length}`);
  }
  // Taken apart, these are 168 units and 378 bytes.
  assertEquals(readName("ᾇ".repeat(42).normalize("NFD")), "ᾇ".repeat(42));
  assertThrows(() => readName("ᾇ".repeat(43).normalize("NFD")), ChatError, "not 129");
  assertThrows(() => readName("x".repeat(300_000)), ChatError, "not 300000");
});

pure("readName() refuses what is blank", () => {
  for (const name of ["", " ", "\u3000\u00a0"]) {
    assertThrows(
      () => readName(name),
      ChatError,
      `must not be blank, as ${JSON.stringify(name)} is`,
    );
  }
});

pure("shownName() leaves nothing in that is not seen, in one line without runs of spaces", () => {
  const anything = fc.array(fc.nat({ max: 0x10ffff })).map((codes) =>
    String.fromCodePoint(...codes)
  );
  fc.assert(fc.property(anything, (name) => {
    const shown = shownName(name.toWellFormed());
    assert(
      !/\p{Cc}|\p{Default_Ignorable_Code_Point}|[\u2028\u2029\u2800]|\s\s/u.test(shown),
      shown,
    );
  }));
});

pure("the name of a room to come back to is looked at only where the room is to be made", () => {
  const body = { room_id: "k7q2-m9xd-4hwn-r3tc", room_name: "A\u202ena" };
  const frame = decode(JSON.stringify({ action: "join", body }), "v1");
  assert(frame.action === "join");
  assertEquals(frame.roomName, body.room_name);
});

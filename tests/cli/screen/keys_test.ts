import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Key, KeyReader, MAX_PASTE } from "../../../src/cli/screen/keys.ts";
import { pure } from "../../support/pure.ts";

const BEGIN = "\x1b[200~";
const END = "\x1b[201~";

/** Keys as words, text in quotes, pastes in brackets. */
function words(keys: Key[]): string {
  return keys.map((key) => {
    if (key.type === "text") return JSON.stringify(key.text);
    return key.type === "paste" ? `[${JSON.stringify(key.text)}]` : key.type;
  }).join(" ");
}

/** Reads what comes in pieces, and then nothing for a moment. */
function read(...pieces: string[]): string {
  const reader = new KeyReader();
  return words([...pieces.flatMap((piece) => reader.read(piece)), ...reader.settle()]);
}

pure("KeyReader takes what is typed or pasted in one go as one text", () => {
  assertEquals(read("Zoë 👩‍👩‍👧\tד"), '"Zoë 👩‍👩‍👧\\tד"');
  assertEquals(read("one\rtwo\r\nthree\n"), '"one" enter "two" enter "three" enter');
});

pure("KeyReader knows the keys of common terminals", () => {
  const cases: [input: string, name: string][] = [
    ["\x1b[A\x1bOA\x10", "up up up"],
    ["\x1b[B\x1bOB\x0e", "down down down"],
    ["\x1b[D\x02", "left left"],
    ["\x1b[C\x06", "right right"],
    ["\x1b[H\x1b[1~\x1b[7~\x01", "home home home home"],
    ["\x1b[F\x1b[4~\x1b[8~\x05", "end end end end"],
    ["\x1b[1;5D\x1bb", "wordLeft wordLeft"],
    ["\x1b[1;5C\x1bf", "wordRight wordRight"],
    ["\x7f\b\x1b[3~", "backspace backspace delete"],
    ["\x17\x1b\x7f\x15\x0b", "eraseWord eraseWord eraseBefore eraseAfter"],
    ["\x03\x04", "interrupt endOfInput"],
    ["\x12\x1a", "retry suspend"],
    ["\x1b\r", "newline"],
  ];
  for (const [input, names] of cases) assertEquals(read(input), names);
});

pure("KeyReader passes over what it does not know", () => {
  assertEquals(read("a\x1b[201~b\x1b[15;2~c\x1bxd\x00\x1ce\x1b[["), '"a" "b" "c" "d" "e"');
  // F1 to F5 of the Linux console.
  assertEquals(read("a\x1b[[A\x1b[[B\x1b[[C\x1b[[D\x1b[[Eb"), '"a" "b"');
});

pure(
  "KeyReader takes a tab for the key where it comes alone, and for text where it does not",
  () => {
    assertEquals(read("\t"), "tab");
    assertEquals(read("a\t", "\t\t", "\tb"), '"a\\t" tab "\\tb"');
  },
);

pure("KeyReader waits for the end of a sequence that is cut in two", () => {
  for (const sequence of ["\x1b[1;5D", "\x1b[3~", "\x1bOD", "\x1bb", "\x1b[12;7R"]) {
    for (let cut = 1; cut < sequence.length; cut++) {
      const reader = new KeyReader();
      assertEquals(words(reader.read(`x${sequence.slice(0, cut)}`)), '"x"');
      assertEquals(reader.unsettled, true);
      assertEquals(words(reader.read(`${sequence.slice(cut)}y`)), `${read(sequence)} "y"`);
      assertEquals(reader.unsettled, false);
    }
  }
  assertEquals(read(`\x1b[${"1".repeat(100)}`, "x"), '"x"');
});

pure("KeyReader knows the key Esc by what does not follow it", () => {
  assertEquals(read("\x1b"), "escape");
  assertEquals(read("a\x1b"), '"a" escape');
  assertEquals(read("\x1b", "[A"), "up");
  // Esc held down, or Alt with a key that is a sequence: nothing that drops a text.
  assertEquals(read("\x1b\x1b[A"), "up");
});

pure("KeyReader reads what terminal it is, and where its cursor is", () => {
  assertEquals(new KeyReader().read("\x1b[>84;0;0c\x1b[24;80R"), [
    { type: "terminal", kind: "84;0;0" },
    { type: "column", column: 79 },
  ]);
});

pure("KeyReader gives a paste out as one, whatever is in it and wherever it is cut", () => {
  const pasted = "one\rtwo\r\n\tthree\n\x03\x1b[A\x1b[2Jquit\r\x1b";
  const text = "one\ntwo\n\tthree\n\x03\x1b[A\x1b[2Jquit\n\x1b";
  const input = `a${BEGIN}${pasted}${END}b\r`;
  const expected = `"a" [${JSON.stringify(text)}] "b" enter`;
  assertEquals(read(input), expected);
  for (let cut = 1; cut < input.length; cut++) {
    assertEquals(read(input.slice(0, cut), input.slice(cut)), expected, `cut at ${cut}`);
  }
  assertEquals(read(...input), expected);
});

pure("KeyReader is not fooled by an end mark that was pasted", () => {
  const evil = `a${END}quit\r/leave\r${BEGIN}\x03`;
  assertEquals(read(`${BEGIN}${evil}b${END}\r`), '["aquit\\n/leave\\n\\u0003b"] enter');
  // In pieces, as terminals write them.
  const lines = `${END}\rtouch x\rquit\r`.repeat(3_000);
  const pieces = `${BEGIN}${lines}${END}x`.match(/[\s\S]{1,4095}/g) ?? [];
  assert(pieces.length > 10);
  assertEquals(
    read(...pieces),
    `[${JSON.stringify("\ntouch x\nquit\n".repeat(3_000))}] "x"`,
  );
});

pure("KeyReader tells two pastes apart that have a moment between them", () => {
  const reader = new KeyReader();
  assertEquals(reader.read(`${BEGIN}a${END}`), []);
  assertEquals(reader.unsettled, true);
  assertEquals(words(reader.settle()), '["a"]');
  assertEquals(reader.unsettled, false);
  assertEquals(reader.read(`${BEGIN}b${END}\r`), []);
  assertEquals(words(reader.settle()), '["b"] enter');
});

pure("KeyReader gives up a paste whose end does not come, for Ctrl-C", () => {
  const reader = new KeyReader();
  assertEquals(reader.read(`${BEGIN}a\x03`), []);
  assertEquals(reader.read("\x03"), [], "It is in the middle of a paste");
  assertEquals(reader.settle(), []);
  assertEquals([reader.unsettled, reader.pasting], [false, true]);
  assertEquals(reader.read("b"), [], "A slow paste goes on");
  reader.settle();
  assertEquals(words(reader.read("\x03")), "interrupt");
  assertEquals(words(reader.read("b")), '"b"');
});

pure("KeyReader keeps a bounded part of a paste, and counts the rest", () => {
  const reader = new KeyReader();
  reader.read(BEGIN);
  const piece = "x".repeat(4_096);
  for (let i = 0; i < 300; i++) reader.read(piece);
  reader.read(END);
  const [paste] = reader.settle();
  assert(paste?.type === "paste");
  assertEquals([paste.text.length, paste.missing], [MAX_PASTE, 300 * 4_096 - MAX_PASTE]);
});

pure("KeyReader lets no control character into what is typed but tabs", () => {
  const units = fc.array(fc.oneof(fc.nat({ max: 0xa0 }), fc.nat({ max: 0xffff })));
  fc.assert(fc.property(units, (units) => {
    const reader = new KeyReader();
    for (const key of [...reader.read(String.fromCharCode(...units)), ...reader.settle()]) {
      // deno-lint-ignore no-control-regex
      if (key.type === "text") assert(!/[\x00-\x08\x0a-\x1f\x7f]/.test(key.text));
    }
  }));
});

pure("Page Up and Page Down are keys, and Alt with a digit is a room", () => {
  const keys = new KeyReader();
  assertEquals(keys.read("\x1b[5~\x1b[6~\x1b1\x1b9"), [
    { type: "pageUp" },
    { type: "pageDown" },
    { type: "room", number: 1 },
    { type: "room", number: 9 },
  ]);
  assertEquals(keys.read("\x1b0"), []);
});

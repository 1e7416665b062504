import { assert, assertEquals } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import fc from "fast-check";
import { LineEditor } from "../src/cli_editor.ts";
import { type KeyName, readKeys } from "../src/cli_keys.ts";
import { MAX_BODY_BYTES } from "../src/protocol.ts";
import { pure } from "./pure.ts";

const UP = "\x1b[A";
const DOWN = "\x1b[B";
const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const HOME = "\x01";
const DELETE = "\x1b[3~";
const BACKSPACE = "\x7f";

/** An editor that is typed into; the picture has the cursor as `|`. */
class Typist {
  readonly editor = new LineEditor();
  lines: string[] = [];

  type(input: string): this {
    for (const key of readKeys(input).keys) {
      const entered = this.editor.onKey(key);
      if (entered?.type === "line") this.lines.push(entered.line);
    }
    return this;
  }

  seen(columns = 80): string {
    const { text, column } = this.editor.render("> ", columns, unicodeWidth);
    let at = 0;
    for (let width = 0; width < column; at++) width = unicodeWidth(text.slice(0, at + 1));
    return `${text.slice(0, at)}|${text.slice(at)}`;
  }
}

function seen(input: string, columns?: number): string {
  return new Typist().type(input).seen(columns);
}

pure("LineEditor edits at the cursor", () => {
  assertEquals(seen(""), "> |");
  assertEquals(seen("hello"), "> hello|");
  assertEquals(seen(`hell${LEFT}${LEFT}XY`), "> heXY|ll");
  assertEquals(seen(`hello${HOME}${DELETE}J`), "> J|ello");
  assertEquals(seen(`abc${LEFT}${BACKSPACE}`), "> a|c");
  assertEquals(seen(`abc${LEFT.repeat(9)}${RIGHT.repeat(9)}`), "> abc|");
  assertEquals(seen(`${BACKSPACE}${DELETE}${UP}${DOWN}`), "> |");
  assertEquals(seen(`two words\x1bb${LEFT}\x0b`), "> two|");
  assertEquals(seen("two  words  \x17"), "> two  |");
  assertEquals(seen("two words\x17\x17\x17"), "> |");
  assertEquals(seen(`${"two words"}${HOME}\x1bf`), "> two| words");
  assertEquals(seen(`abc${LEFT}\x15`), "> |c");
});

pure("LineEditor takes what people see as one character for one", () => {
  assertEquals(seen(`a👩‍👩‍👧b${LEFT}${BACKSPACE}`), "> a|b");
  assertEquals(seen(`e\u0301x${LEFT}${LEFT}${DELETE}`), "> |x");
  assertEquals(seen(`日本${LEFT}`), "> 日|本");
});

pure("LineEditor shows control characters that were pasted", () => {
  assertEquals(seen("a\t\u202eb\u009b"), "> a\\u0009\\u202eb\\u009b|");
});

pure("LineEditor gives the line out when Enter is pressed, and begins anew", () => {
  const typist = new Typist().type(`one${LEFT}\rtwo\r\r`);
  assertEquals(typist.lines, ["one", "two", ""]);
  assertEquals(typist.seen(), "> |");
});

pure("LineEditor brings earlier lines back, and keeps the one being typed", () => {
  const typist = new Typist().type("one\rtwo\rtwo\r\rthr");
  assertEquals(typist.type(UP).seen(), "> two|");
  assertEquals(typist.type(UP).seen(), "> one|");
  assertEquals(typist.type(UP).seen(), "> one|");
  assertEquals(typist.type(DOWN + DOWN).seen(), "> thr|");
  assertEquals(typist.type(DOWN).seen(), "> thr|");
  assertEquals(typist.type(`${UP}!\r`).lines.at(-1), "two!");
});

pure("LineEditor tells Ctrl-C from Ctrl-D, which ends the input only in an empty line", () => {
  const editor = new LineEditor();
  const press = (type: KeyName) => editor.onKey({ type });
  assertEquals(press("endOfInput"), { type: "endOfInput" });
  assertEquals(press("interrupt"), { type: "interrupt" });
  editor.onKey({ type: "text", text: "ab" });
  press("home");
  assertEquals(press("endOfInput"), undefined);
  assertEquals(editor.render("", 80, unicodeWidth).text, "b");
});

pure("LineEditor shows the part around the cursor of a line that does not fit", () => {
  const line = "0123456789abcdefghij";
  assertEquals(seen(line, 13), "> abcdefghij|");
  assertEquals(seen(`${line}${LEFT}`, 13), "> abcdefghi|j");
  assertEquals(seen(`${line}${LEFT.repeat(10)}`, 13), "> 23456789|ab");
  assertEquals(seen(line + HOME, 13), "> |0123456789");
  assertEquals(seen("日本語日本語", 10), "> 日本語|");
});

pure("LineEditor draws one row, whatever is typed and however narrow the terminal is", () => {
  const input = fc.array(fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(LEFT, RIGHT, HOME, BACKSPACE, DELETE, UP, "\x17", "\r", "\x05", "\t", "\u202e"),
  ));
  fc.assert(fc.property(input, fc.integer({ min: 4, max: 100 }), (parts, columns) => {
    const typist = new Typist();
    for (const part of parts) typist.type(part);
    const { text, column } = typist.editor.render("> ", columns, unicodeWidth);
    assert(unicodeWidth(text) < columns, `${text} in ${columns} columns`);
    assert(column < columns);
    assert(!/\p{Cc}/u.test(text));
  }));
});

pure(
  "LineEditor takes a large paste at once, and keeps no more than shows that it is too long",
  () => {
    const typist = new Typist();
    const started = performance.now();
    for (let i = 0; i < 100; i++) typist.type("x".repeat(4_096)).seen();
    typist.type("\r");
    assertEquals(typist.lines[0]?.length, MAX_BODY_BYTES + 1);
    assert(performance.now() - started < 2_000, "A paste must not hold the program up");
  },
);

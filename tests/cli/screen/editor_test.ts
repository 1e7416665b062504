import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { columnsOf } from "../../../src/cli/words/columns.ts";
import { Editor, type Line } from "../../../src/cli/screen/editor.ts";
import { type KeyName, KeyReader, MAX_PASTE } from "../../../src/cli/screen/keys.ts";
import { MAX_BODY_BYTES } from "../../../src/protocol/frames.ts";
import { pure } from "../../support/pure.ts";

const UP = "\x1b[A";
const DOWN = "\x1b[B";
const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const HOME = "\x01";
const DELETE = "\x1b[3~";
const BACKSPACE = "\x7f";

/** An editor that is typed into; in the picture the cursor is `|`. */
class Typist {
  readonly editor = new Editor();
  readonly keys = new KeyReader();
  entered: Line[] = [];
  refusals: string[] = [];

  type(input: string): this {
    for (const key of [...this.keys.read(input), ...this.keys.settle()]) {
      const entered = this.editor.onKey(key);
      if (entered?.type === "line") this.entered.push(entered.line);
      if (entered?.type === "refused") this.refusals.push(entered.message);
    }
    return this;
  }

  paste(text: string): this {
    return this.type(`\x1b[200~${text}\x1b[201~`);
  }

  get lines(): string[] {
    return this.entered.map(({ text }) => text);
  }

  /** Its rows. */
  rows(columns = 80, rows = 23): string[] {
    const view = this.editor.render("> ", { columns, rows });
    const { before } = view;
    return view.rows.map((row, i) =>
      i === view.cursorRow ? `${before}|${row.slice(before.length)}` : row
    );
  }

  seen(columns?: number): string {
    return this.rows(columns).join("\n");
  }
}

function seen(input: string, columns?: number): string {
  return new Typist().type(input).seen(columns);
}

pure("Editor edits at the cursor", () => {
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

pure("Editor takes what people see as one character for one", () => {
  assertEquals(seen(`a👩‍👩‍👧b${LEFT}${BACKSPACE}`), "> a|b");
  assertEquals(seen(`e\u0301x${LEFT}${LEFT}${DELETE}`), "> |x");
  assertEquals(seen(`日本${LEFT}`), "> 日|本");
});

pure("Editor shows control characters that were pasted, and tabs as layout", () => {
  assertEquals(seen("a\t\u202eb\u009b"), "> a       \\u202eb\\u009b|");
});

pure("Editor gives the line out when Enter is pressed, and begins anew", () => {
  const typist = new Typist().type(`one${LEFT}\rtwo\r\r`);
  assertEquals(typist.lines, ["one", "two", ""]);
  assertEquals(typist.seen(), "> |");
});

pure("Editor brings earlier lines back, and keeps the one being typed", () => {
  const typist = new Typist().type("one\rtwo\rtwo\r\rthr");
  assertEquals(typist.type(UP).seen(), "> two|");
  assertEquals(typist.type(UP).seen(), "> one|");
  assertEquals(typist.type(UP).seen(), "> one|");
  assertEquals(typist.type(DOWN + DOWN).seen(), "> thr|");
  assertEquals(typist.type(DOWN).seen(), "> thr|");
  assertEquals(typist.type(`${UP}!\r`).lines.at(-1), "two!");
});

pure("Editor tells Ctrl-C from Ctrl-D, which ends the input only in an empty line", () => {
  const editor = new Editor();
  const press = (type: KeyName) => editor.onKey({ type });
  assertEquals(press("endOfInput"), { type: "endOfInput" });
  assertEquals(press("interrupt"), { type: "interrupt" });
  editor.onKey({ type: "text", text: "ab" });
  press("home");
  assertEquals(press("endOfInput"), undefined);
  assertEquals(editor.render("", { columns: 80, rows: 1 }).rows, ["b"]);
});

pure("Editor shows the part around the cursor of a line that does not fit", () => {
  const line = "0123456789abcdefghij";
  assertEquals(seen(line, 14), "> abcdefghij|");
  assertEquals(seen(`${line}${LEFT}`, 14), "> abcdefghi|j");
  assertEquals(seen(`${line}${LEFT.repeat(10)}`, 14), "> 23456789|ab");
  assertEquals(seen(line + HOME, 14), "> |0123456789");
  assertEquals(seen("日本語日本語", 11), "> 日本語|");
});

pure("Editor takes a paste as one text, shows its lines, and enters it as one", () => {
  const typist = new Typist().paste("one\r\r\ttwo\r").type("three");
  assertEquals(typist.rows(), ["> one", "  ", "          two", "  three|"]);
  assertEquals(typist.type("\r").lines, ["one\n\n\ttwo\nthree"]);
  assertEquals(typist.seen(), "> |");
});

pure("Editor moves between the lines of a text, and beyond them in the history", () => {
  const typist = new Typist().type("old\r").paste("first\rtwo\rthird");
  assertEquals(typist.type(UP).rows(), ["> first", "  two|", "  third"]);
  assertEquals(typist.type(UP).rows(), ["> fir|st", "  two", "  third"]);
  assertEquals(typist.type(`${DOWN}${LEFT}x`).rows(), ["> first", "  twx|o", "  third"]);
  assertEquals(typist.type(UP + UP).rows(), ["> old|"]);
  assertEquals(typist.type(DOWN).rows(), ["> first", "  twxo", "  third|"]);
  assertEquals(typist.type(`${HOME}${BACKSPACE}`).rows(), ["> first", "  twxo|third"]);
  assertEquals(typist.type("\x15\x0b").rows(), ["> first", "  |"]);
});

pure("Editor begins a new line with Alt-Enter", () => {
  assertEquals(new Typist().type("one\x1b\rtwo\r").lines, ["one\ntwo"]);
});

pure("Editor says how large a text is of which only the part around the cursor is seen", () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `line ${i}\r`).join("");
  const typist = new Typist().paste(text);
  assertEquals(typist.rows(), [
    "5000 lines, 48890 bytes: Enter sends, Esc drops",
    ...Array.from({ length: 6 }, (_, i) => `  line ${i + 4_994}`),
    "  |",
  ]);
  assertEquals(typist.rows(40, 4), [
    "5000 lines, 48890 bytes: Enter sends, ",
    "Esc drops",
    "  line 4999",
    "  |",
  ]);
  assertEquals(typist.rows(20, 2), ["5000 lines, 48890 ", "  |"]);
  assertEquals(typist.rows(20, 1), ["  |"]);
  typist.type(UP.repeat(5_000));
  assertEquals(typist.rows().slice(1, 3), ["> |line 0", "  line 1"]);
  assertEquals(typist.rows().length, 8);
  assert(new Typist().paste("x".repeat(3_000)).rows()[0]?.startsWith("1 line, 3000 bytes"));
  assertEquals(new Typist().paste("1\r2\r3\r4\r5\r6\r7\r8").rows().length, 8);
});

pure("Editor drops a text with Esc, and brings it back with the up key", () => {
  const typist = new Typist().paste("one\rtwo").type("\x1b");
  assertEquals(typist.seen(), "> |");
  assertEquals(typist.type(UP).rows(), ["> one", "  two|"]);
  assertEquals(typist.lines, []);
});

pure("Editor keeps a text that is too long for a message, and says why", () => {
  const text = "é".repeat(MAX_BODY_BYTES / 2);
  const typist = new Typist().paste(`${text}x`);
  assertEquals(typist.rows()[0], "65537 bytes, the most are 65536: shorten it, or Esc drops it");
  typist.type("\r");
  assertEquals(typist.refusals, ["Not sent: 65537 bytes, the most are 65536"]);
  typist.type(`${BACKSPACE}\r`);
  assertEquals(typist.lines, [text]);
});

pure("Editor keeps what was written when a paste is more than it can hold", () => {
  const typist = new Typist().type("mine").paste("x".repeat(MAX_PASTE));
  assertEquals(typist.refusals, [
    `Not taken: it would be ${MAX_PASTE + 4} characters, the most are ${MAX_PASTE}`,
  ]);
  assertEquals(typist.seen(), "> mine|");
});

pure("Editor takes what was pasted for no command, but what was put behind a slash", () => {
  const literal = (typist: Typist) => typist.type("\r").entered.map(({ literal }) => literal);
  assertEquals(literal(new Typist().type("quit")), [false]);
  assertEquals(literal(new Typist().paste("quit")), [true]);
  assertEquals(literal(new Typist().paste("qu").type("it")), [true]);
  assertEquals(literal(new Typist().type("qu").paste("it")), [true]);
  assertEquals(literal(new Typist().paste("/quit")), [true]);
  assertEquals(literal(new Typist().type("/join ").paste("k7q2-m9xd")), [false]);
  assertEquals(literal(new Typist().type("x").paste("/quit").type(HOME + DELETE)), [true]);
  assertEquals(literal(new Typist().paste("join me").type(`${HOME}/`)), [false]);
  // Also when it is brought back.
  assertEquals(literal(new Typist().paste("quit").type(`\r${UP}`)), [true, true]);
  assertEquals(literal(new Typist().paste("quit").type(`\x1b${UP}`)), [true]);
  assertEquals(literal(new Typist().paste("quit").type(`${UP}${DOWN}`)), [true]);
  assertEquals(literal(new Typist().paste("x").type(`${BACKSPACE}quit`)), [false]);
});

pure("Editor says that a pasted command is none", () => {
  assertEquals(new Typist().paste("/quit").rows(), [
    "Pasted, so it is sent as it is: a command needs a / that is typed",
    "> /quit|",
  ]);
});

pure("Editor draws rows that fit, whatever is typed and however small the terminal is", () => {
  const input = fc.array(fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(LEFT, RIGHT, HOME, BACKSPACE, DELETE, UP, DOWN),
    fc.constantFrom("\x17", "\r", "\x05", "\t", "\u202e", "\x1b\r", "\x1b[200~a\r\tb\x1b[201~"),
  ));
  const size = fc.record({
    columns: fc.integer({ min: 6, max: 100 }),
    rows: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(fc.property(input, size, (parts, size) => {
    const typist = new Typist();
    for (const part of parts) typist.type(part);
    const { rows, cursorRow, before } = typist.editor.render("> ", size);
    assert(rows.length <= size.rows);
    assert(rows[cursorRow]?.startsWith(before));
    for (const row of rows) {
      assert(columnsOf(row) <= size.columns - 2, `${row} in ${size.columns} columns`);
      assert(!/\p{Cc}/u.test(row));
    }
  }));
});

pure("Editor takes a large paste at once, and holds no more than it says", () => {
  const typist = new Typist();
  const started = performance.now();
  for (let i = 0; i < 100; i++) typist.type("x".repeat(4_096)).seen();
  typist.paste("日\r".repeat(300_000)).seen();
  for (let i = 0; i < 10; i++) typist.type("x").seen();
  assertEquals(typist.type("\r").refusals, ["Not sent: 1609610 bytes, the most are 65536"]);
  assert(performance.now() - started < 10_000, "A paste must not hold the program up");
});

pure(
  "Tab completes, goes on to the next with another Tab, and begins anew after any other key",
  () => {
    const editor = new Editor((before) =>
      before.startsWith("A") ? { from: 0, candidates: ["Ana: ", "Anabel: "] } : undefined
    );
    const shown = (...keys: string[]) => {
      for (const key of keys) {
        editor.onKey(
          key === "tab" || key === "backspace" ? { type: key } : { type: "text", text: key },
        );
      }
      return editor.render("> ", { columns: 60, rows: 9 }).rows[0];
    };
    assertEquals(shown("x", "tab"), "> x");
    editor.onKey({ type: "escape" });
    assertEquals(shown("A", "tab"), "> Ana: ");
    assertEquals(shown("tab"), "> Anabel: ");
    assertEquals(shown("tab", "h"), "> Ana: h");
    assertEquals(shown("tab"), "> Ana: ");
  },
);

pure(
  "Page Up, Page Down, Alt and digits do nothing to what is typed; End does where there is nothing",
  () => {
    const editor = new Editor();
    assertEquals(editor.onKey({ type: "pageUp" }), { type: "page", move: "up" });
    assertEquals(editor.onKey({ type: "end" }), { type: "page", move: "end" });
    editor.onKey({ type: "text", text: "x" });
    assertEquals(editor.onKey({ type: "end" }), undefined);
    assertEquals(editor.onKey({ type: "pageDown" }), { type: "page", move: "down" });
    assertEquals(editor.onKey({ type: "room", number: 2 }), { type: "room", number: 2 });
    assertEquals(editor.render("> ", { columns: 60, rows: 9 }).rows, ["> x"]);
  },
);

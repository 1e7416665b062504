/**
 * The source and target of lines: a person at a terminal, or a pipe.
 *
 * @module
 */

import { Editor, type Line, type Size, type View } from "./editor.ts";
import {
  breaksRows,
  brokenRowsAbove,
  draw,
  erase,
  isBroken,
  NOTHING,
  withStatus,
  WRAPPING,
} from "./footer.ts";
import { Input } from "./input.ts";
import { ASK, type Key, KeyReader, PASTE_MARKS } from "./keys.ts";
import { LineScreen, PipeScreen } from "./line_screen.ts";
import { BELL, encoder, type Screen, type ScreenOptions, sizeOfTerminal, USUAL } from "./screen.ts";

/** The most entered lines that wait; more are refused. */
const MAX_WAITING_LINES = 1_000;

/** Milliseconds without input after which a key or a paste is complete. */
const SILENCE_MS = 50;

/** Milliseconds for which, at the end, input that is still typed or pasted is read and dropped. */
const DRAIN_MS = 2_000;

/** Milliseconds that a terminal has to say where its cursor is. */
const ANSWER_MS = 200;

/** Milliseconds after which a stop that was asked for has come, or never will. */
const STOP_MS = 100;

const HAS_SIGNALS = Deno.build.os !== "windows";

const GIVEN_BACK = PASTE_MARKS.off + WRAPPING.on;

/** Events at the end of the program, however it ends. The runtime leaves raw mode by itself. */
const LAST_EVENTS = ["unload", "error", "unhandledrejection"];

/** The most texts that wait while somebody reads back. */
const MAX_HELD = 1_000;

/** Control sequences that switch to the other screen of the terminal and back (xterm), and to its top. */
const OTHER_SCREEN = { on: "\x1b[?1049h", off: "\x1b[?1049l", top: "\x1b[H\x1b[J" } as const;

/** Set while the terminal shows its other screen. */
let isOther = false;

/** Opens the terminal, or the pipe, that this program runs in. Close it, whatever happens. */
export function openScreen(options: ScreenOptions): Screen {
  const { mode } = options;
  if (mode === "program") return new PipeScreen(false);
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  if (!interactive) return new PipeScreen(true);
  return mode === "lines" ? new LineScreen() : new TerminalScreen(options);
}

/** A terminal with the message being written at its bottom. */
class TerminalScreen implements Screen {
  readonly interactive = true;
  readonly #options: ScreenOptions;
  readonly #output = Deno.stdout.writable.getWriter();
  readonly #input = new Input(Deno.stdin.readable);
  readonly #keys = new KeyReader();
  readonly #editor: Editor;
  readonly #lines: ReadableStream<Line>;
  #entered!: ReadableStreamDefaultController<Line>;
  readonly #reading: Promise<void>;
  #prompt = "";
  #status = "";
  /** Set while lines are taken. */
  #typing = true;
  /** Set while the terminal is in raw mode. */
  #raw = false;
  /** The view that is at the bottom now, and the width of the terminal when it was drawn. */
  #drawn: View | undefined;
  #drawnColumns = 0;
  /** Settles when the position of the cursor is known. */
  #located: Promise<void> = Promise.resolve();
  #locating = 0;
  /** The kind of terminal, once it has said so. */
  #kind: string | undefined;
  #onColumn: (column: number | undefined) => void = () => {};
  /** The number of lines refused since that was last shown. */
  #refused = 0;
  /** The page that somebody reads, and what came meanwhile. */
  #page: ((size: Size) => string[]) | undefined;
  readonly #held: string[] = [];
  #dropped = 0;
  /** The time at which reading ends at the latest, on the monotonic clock. */
  #closeBy = Infinity;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#editor = new Editor(options.complete);
    // A stream takes keys while a line is carried out.
    this.#lines = new ReadableStream({
      start: (controller) => {
        this.#entered = controller;
      },
      cancel: () => this.#stopTyping(),
    }, { highWaterMark: MAX_WAITING_LINES });
    for (const event of LAST_EVENTS) globalThis.addEventListener(event, giveBack);
    if (HAS_SIGNALS) {
      Deno.addSignalListener("SIGWINCH", this.#onResize);
      Deno.addSignalListener("SIGCONT", this.#onContinue);
    }
    this.#takeTerminal();
    this.#reading = this.#read().catch((error) => this.#fail(error));
  }

  get columns(): number {
    return (sizeOfTerminal() ?? USUAL).columns;
  }

  lines(signal: AbortSignal): AsyncIterable<Line> {
    const stop = () => this.#stopTyping();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    return this.#lines;
  }

  async show(text: string, { whole } = { whole: false }): Promise<void> {
    if (this.#locating > 0) await this.#located;
    const rows = text.replaceAll("\n", "\r\n");
    const shown = whole ? rows : `${WRAPPING.off}${rows}${WRAPPING.on}`;
    // While somebody reads back, the terminal may become narrower: it must not cut rows off then.
    if (this.#page !== undefined) return this.#hold(rows);
    await this.#write(`${this.#erased()}${shown}\r\n${this.#drawnAnew()}`);
  }

  /** Keeps a text until nobody reads back any more. */
  #hold(text: string): void {
    this.#held.push(text);
    if (this.#held.length <= MAX_HELD) return;
    this.#held.shift();
    this.#dropped++;
  }

  async setPage(page: ((size: Size) => string[]) | undefined): Promise<void> {
    if (this.#locating > 0) await this.#located;
    const wasOther = isOther;
    if (page === undefined && !wasOther) return;
    const erased = this.#erased();
    this.#page = page;
    isOther = page !== undefined;
    if (page !== undefined) {
      const on = wasOther ? "" : `${erased}${OTHER_SCREEN.on}`;
      await this.#write(`${on}${this.#drawnAnew()}`);
      return;
    }
    await this.#write(`${OTHER_SCREEN.off}${this.#released()}${this.#drawnAnew()}`);
  }

  /** Takes out what came while somebody read back. */
  #released(): string {
    const missing = this.#dropped === 0
      ? ""
      : `! Lines that came meanwhile and are not shown here: ${this.#dropped}\r\n`;
    this.#dropped = 0;
    const held = this.#held.splice(0).map((rows) => `${rows}\r\n`).join("");
    return `\r${missing}${held}`;
  }

  async bell(): Promise<void> {
    await this.#write(BELL);
  }

  async setPrompt(prompt: string): Promise<void> {
    this.#prompt = prompt;
    await this.#draw();
  }

  async setStatus(status: string): Promise<void> {
    this.#status = status;
    await this.#draw();
  }

  async close(): Promise<void> {
    if (this.#closeBy < Infinity) return await this.#reading;
    this.#stopTyping();
    this.#closeBy = performance.now() + DRAIN_MS;
    this.#input.wake();
    await this.#reading;
    this.#input.cancel();
    // A terminal that has gone cannot be given back.
    await this.#releaseTerminal().catch(ignore);
    if (HAS_SIGNALS) {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
      Deno.removeSignalListener("SIGCONT", this.#onContinue);
    }
    for (const event of LAST_EVENTS) globalThis.removeEventListener(event, giveBack);
  }

  /** Reads keys to the very end: input after the last line must not reach the shell. */
  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    while (performance.now() < this.#closeBy) {
      const closing = this.#closeBy < Infinity;
      const piece = await this.#input.next(
        closing || this.#keys.unsettled ? SILENCE_MS : undefined,
      );
      if (piece === "woken") continue;
      if (piece === "end") break;
      if (piece === "silence" && closing && !this.#keys.pasting) break;
      const keys = piece === "silence"
        ? this.#keys.settle()
        : this.#keys.read(decoder.decode(piece, { stream: true }));
      for (const key of keys) await this.#take(key);
      await this.#tellRefused();
      if (keys.length > 0) await this.#draw();
    }
    this.#stopTyping();
  }

  async #take(key: Key): Promise<void> {
    if (key.type === "terminal") this.#kind = key.kind;
    if (key.type === "column") this.#onColumn(key.column);
    if (!this.#typing) {
      if (key.type === "interrupt") this.#options.onInterrupt();
      return;
    }
    const entered = this.#editor.onKey(key);
    switch (entered?.type) {
      case undefined:
        return;
      case "line":
        return this.#enter(entered.line);
      case "refused":
        return await this.show(`! ${entered.message}`);
      case "interrupt":
        return this.#options.onInterrupt();
      case "retry":
        return this.#options.onRetry();
      case "suspend":
        return await this.#suspend();
      case "page":
        return this.#options.onPage(entered.move);
      case "room":
        return this.#options.onRoom(entered.number);
      case "endOfInput":
        return this.#stopTyping();
      default:
        entered satisfies never;
    }
  }

  #enter(line: Line): void {
    if (line.text.trim() === "" && !line.literal) this.#options.onRetry();
    else if ((this.#entered.desiredSize ?? 0) > 0) this.#entered.enqueue(line);
    // A refused line is dropped from the editor too: the next would be appended to it.
    else this.#refused++;
  }

  async #tellRefused(): Promise<void> {
    if (this.#refused === 0) return;
    const count = this.#refused;
    this.#refused = 0;
    await this.show(`! Lines not taken, because ${MAX_WAITING_LINES} are waiting: ${count}`);
  }

  #stopTyping(): void {
    if (!this.#typing) return;
    this.#typing = false;
    try {
      this.#entered.close();
    } catch {
      // The reader of the lines has gone.
    }
    this.#redraw();
  }

  /** Ends typing where the terminal fails. */
  #fail(error: unknown): void {
    this.#typing = false;
    try {
      this.#entered.error(error);
    } catch {
      // The reader of the lines has gone.
    }
  }

  /** Puts the terminal into raw mode, with marks around pastes. */
  #takeTerminal(): void {
    Deno.stdin.setRaw(true);
    this.#raw = true;
    this.#drawn = undefined;
    this.#write(`${PASTE_MARKS.on}${erase(0)}${this.#drawnAnew()}`).catch(ignore);
  }

  /** Erases the view, and gives the terminal back as it was. */
  async #releaseTerminal(): Promise<void> {
    if (this.#locating > 0) await this.#located;
    this.#raw = false;
    await this.setPage(undefined);
    await this.#write(`${this.#erased()}${GIVEN_BACK}`);
    Deno.stdin.setRaw(false);
  }

  /** Suspends the program, as Ctrl-Z does with others. */
  async #suspend(): Promise<void> {
    if (!HAS_SIGNALS) return;
    await this.#releaseTerminal();
    Deno.kill(Deno.pid, "SIGTSTP");
    // The system does not stop a program that nobody could continue.
    setTimeout(() => {
      if (!this.#raw) this.#onContinue();
    }, STOP_MS);
  }

  /** Takes the terminal again after a stop: the shell may have changed it, and written to it. */
  readonly #onContinue = (): void => {
    if (this.#closeBy < Infinity) return;
    try {
      this.#takeTerminal();
    } catch {
      // The terminal has gone, for which the system sends this signal too.
    }
  };

  /** Draws the view at the bottom anew; the terminal breaks other rows, or cuts them off. */
  readonly #onResize = (): void => {
    this.#locating++;
    this.#located = this.#located.then(() => this.#locate()).catch(ignore).then(() => {
      this.#locating--;
    });
  };

  async #locate(): Promise<void> {
    const drawn = this.#drawn;
    const { columns } = sizeOfTerminal() ?? USUAL;
    if (drawn === undefined) return;
    if (this.#page !== undefined) return await this.#write(this.#drawnAnew());
    let above = drawn.cursorRow;
    if (columns < this.#drawnColumns && isBroken(drawn, columns)) {
      const column = await this.#ask();
      if (column !== undefined && breaksRows(drawn, columns, column, this.#kind)) {
        above = brokenRowsAbove(drawn, columns, column);
      }
    }
    this.#drawn = undefined;
    await this.#write(`${erase(above)}${this.#drawnAnew()}`);
  }

  /** Asks the terminal for its kind and its cursor, and returns the column of that. */
  async #ask(): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#onColumn = resolve;
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    await this.#write(ASK);
    const column = await promise;
    clearTimeout(timer);
    return column;
  }

  #redraw(): void {
    this.#draw().catch(ignore);
  }

  async #draw(): Promise<void> {
    if (this.#locating === 0) await this.#write(`${this.#erased()}${this.#drawnAnew()}`);
  }

  /** Erases the view at the bottom. */
  #erased(): string {
    if (this.#page !== undefined) return "";
    const above = this.#drawn?.cursorRow ?? 0;
    this.#drawn = undefined;
    return erase(above);
  }

  #drawnAnew(): string {
    if (!this.#raw) return "";
    const { columns, rows } = sizeOfTerminal() ?? USUAL;
    const size = { columns, rows: rows - (this.#status === "" ? 1 : 2) };
    const view = this.#typing ? this.#editor.render(this.#prompt, size) : NOTHING;
    this.#drawn = withStatus(this.#status, view, columns);
    this.#drawnColumns = columns;
    if (this.#page === undefined) return draw(this.#drawn);
    const page = this.#page({
      columns: columns - 1,
      rows: Math.max(rows - this.#drawn.rows.length, 1),
    });
    const shown = page.map((row) => `${row}\r\n`).join("");
    return `${OTHER_SCREEN.top}${WRAPPING.off}${shown}${draw(this.#drawn)}`;
  }

  #write(text: string): Promise<void> {
    return this.#output.write(encoder.encode(text));
  }
}

/** Ignores an error of the output: the next `show` fails as well. */
function ignore(): void {}

function giveBack(): void {
  try {
    Deno.stdout.writeSync(encoder.encode(`${isOther ? OTHER_SCREEN.off : ""}${GIVEN_BACK}`));
  } catch {
    // The output has been closed.
  }
}

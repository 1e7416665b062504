/**
 * The source and target of lines: a person at a terminal, or a pipe.
 *
 * @module
 */

import { MAX_BODY_BYTES } from "../protocol/frames.ts";
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
import { splitLines } from "./lines.ts";

/** The place where lines are read and written. */
export interface Screen {
  /** `true` where a person types here. */
  readonly interactive: boolean;
  /** The width in columns; infinite where there is no terminal at all. */
  readonly columns: number;
  /** Reads lines until the input ends or the signal is aborted. Call it once. */
  lines(signal: AbortSignal): AsyncIterable<Line>;
  /**
   * Writes text and a line break; text of others must be escaped already. Rows that are too wide
   * end at the edge, unless `whole` is set: then they go on in the next row.
   */
  show(text: string, options?: { whole: boolean }): Promise<void>;
  /** Sets the prompt: the text before the line being typed. */
  setPrompt(prompt: string): Promise<void>;
  /** Sets the status: one row above the line being typed; none where it is empty. */
  setStatus(status: string): Promise<void>;
  /** Takes no more lines, drops what is being typed, and gives the terminal back as it was. */
  close(): Promise<void>;
}

/** Settings of a screen. */
export interface ScreenOptions {
  /** Treats a terminal as a pipe whose lines may be commands. */
  plain: boolean;
  /** Called for Ctrl-C, which sends no signal while a screen reads keys. */
  onInterrupt: () => void;
  /** Called for Ctrl-R, and for Enter where nothing was typed. */
  onRetry: () => void;
}

/** The most entered lines that wait; more are refused. */
const MAX_WAITING_LINES = 1_000;

/** The size of terminals that do not say theirs. */
const USUAL: Size = { columns: 80, rows: 24 };

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

const encoder = new TextEncoder();

/** Opens the terminal, or the pipe, that this program runs in. Close it, whatever happens. */
export function openScreen(options: ScreenOptions): Screen {
  const { plain } = options;
  const interactive = !plain && Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return interactive ? new TerminalScreen(options) : new PipeScreen(!plain);
}

/** Standard input and output as they are. */
class PipeScreen implements Screen {
  readonly interactive = false;
  readonly #literal: boolean;
  readonly #output = Deno.stdout.writable.getWriter();

  constructor(literal: boolean) {
    this.#literal = literal;
  }

  /** The width of the terminal, where there is one: `tee` or `grep` may show the pipe there. */
  get columns(): number {
    return sizeOfTerminal()?.columns ?? Infinity;
  }

  async *lines(signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
    // Two bytes more, for a carriage return and to notice a line that is too long.
    for await (const text of splitLines(pieces(signal), MAX_BODY_BYTES + 2)) {
      yield { text, literal: this.#literal };
    }
  }

  show(text: string): Promise<void> {
    return this.#output.write(encoder.encode(`${text}\n`));
  }

  setPrompt(): Promise<void> {
    return Promise.resolve();
  }

  setStatus(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Reads standard input until it ends or the signal is aborted. */
async function* pieces(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new Input(Deno.stdin.readable);
  const wake = () => input.wake();
  signal.addEventListener("abort", wake);
  try {
    while (!signal.aborted) {
      const piece = await input.next();
      if (typeof piece === "string") return;
      yield piece;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    input.cancel();
  }
}

/** A terminal with the message being written at its bottom. */
class TerminalScreen implements Screen {
  readonly interactive = true;
  readonly #options: ScreenOptions;
  readonly #output = Deno.stdout.writable.getWriter();
  readonly #input = new Input(Deno.stdin.readable);
  readonly #keys = new KeyReader();
  readonly #editor = new Editor();
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
  /** The time at which reading ends at the latest, on the monotonic clock. */
  #closeBy = Infinity;

  constructor(options: ScreenOptions) {
    this.#options = options;
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
    await this.#write(`${this.#erased()}${shown}\r\n${this.#drawnAnew()}`);
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
      if (!this.#raw) this.#takeTerminal();
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
    return draw(this.#drawn);
  }

  #write(text: string): Promise<void> {
    return this.#output.write(encoder.encode(text));
  }
}

/** Ignores an error of the output: the next `show` fails as well. */
function ignore(): void {}

function giveBack(): void {
  try {
    Deno.stdout.writeSync(encoder.encode(GIVEN_BACK));
  } catch {
    // The output has been closed.
  }
}

/** The size of the terminal; undefined where there is none, or it has gone. */
function sizeOfTerminal(): Size | undefined {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  } catch {
    return undefined;
  }
}

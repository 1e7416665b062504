/**
 * Where lines come from and go to: a person at a terminal, or a pipe.
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

/** Something that lines are read from and written to. */
export interface Screen {
  /** `true` where a person types here. */
  readonly interactive: boolean;
  /** The width in columns; infinite where there is no terminal at all. */
  readonly columns: number;
  /** Reads what is entered, line by line, until there is no more or the signal is aborted. Call it once. */
  lines(signal: AbortSignal): AsyncIterable<Line>;
  /**
   * Writes text, and a line break; what others sent must be harmless by now. Rows that are too wide
   * end at the edge, unless they are `whole`: then they go on in the next.
   */
  show(text: string, options?: { whole: boolean }): Promise<void>;
  /** Says what stands before the line being typed. */
  setPrompt(prompt: string): Promise<void>;
  /** Says what stands above the line being typed, in one row; nothing where it is empty. */
  setStatus(status: string): Promise<void>;
  /** Takes no more lines, drops what was typed since, and gives the terminal back as it was. */
  close(): Promise<void>;
}

/** Settings of a screen. */
export interface ScreenOptions {
  /** Treats a terminal as a pipe whose lines may be commands. */
  plain: boolean;
  /** Called for Ctrl-C, which is no signal while a screen reads keys. */
  onInterrupt: () => void;
  /** Called for Ctrl-R, and for Enter where nothing was typed. */
  onRetry: () => void;
}

/** The most entered lines that wait for their turn; those beyond are not taken. */
const MAX_WAITING_LINES = 1_000;

/** For terminals that do not say how large they are. */
const USUAL: Size = { columns: 80, rows: 24 };

/** After so long without input, in milliseconds, a key or a paste is over. */
const SILENCE_MS = 50;

/** The time for what is still being typed or pasted at the end, in milliseconds. */
const DRAIN_MS = 2_000;

/** The time that a terminal may take to say where its cursor is, in milliseconds. */
const ANSWER_MS = 200;

/** After so long, in milliseconds, a stop that was asked for has come or will not. */
const STOP_MS = 100;

const HAS_SIGNALS = Deno.build.os !== "windows";

const GIVEN_BACK = PASTE_MARKS.off + WRAPPING.on;

/** Events that come last, however the program ends; from raw mode, the runtime goes back by itself. */
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

  /** That of the terminal, as far as there is one: a pipe mostly ends there, by `tee` or `grep`. */
  get columns(): number {
    return sizeOfTerminal()?.columns ?? Infinity;
  }

  async *lines(signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
    // Room for a carriage return and one byte too many, so that nothing is cut off unseen.
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

/** A terminal at whose bottom a message is written. */
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
  /** Set while the terminal is in the mode in which it gives out keys. */
  #raw = false;
  /** The view that is at the bottom now, and the width of the terminal at the time. */
  #drawn: View | undefined;
  #drawnColumns = 0;
  /** Settles when it is known where the cursor is. */
  #located: Promise<void> = Promise.resolve();
  #locating = 0;
  /** The kind of terminal, once it has said so. */
  #kind: string | undefined;
  #onColumn: (column: number | undefined) => void = () => {};
  /** The number of lines that were not taken since that was told last. */
  #refused = 0;
  /** When it ends at the latest. */
  #closeBy = Infinity;

  constructor(options: ScreenOptions) {
    this.#options = options;
    // A stream, so that keys are taken while a line is dealt with.
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
    // Where nobody sees it any more, there is nothing to give back.
    await this.#releaseTerminal().catch(ignore);
    if (HAS_SIGNALS) {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
      Deno.removeSignalListener("SIGCONT", this.#onContinue);
    }
    for (const event of LAST_EVENTS) globalThis.removeEventListener(event, giveBack);
  }

  /** Reads keys to the very end: what comes after the last line must not come to the shell. */
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
    // It must not stay either: the next line would be put behind it.
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
      // Whoever read the lines has gone.
    }
    this.#redraw();
  }

  /** Neither keys nor what is drawn for them can be had any more. */
  #fail(error: unknown): void {
    this.#typing = false;
    try {
      this.#entered.error(error);
    } catch {
      // Whoever read the lines has gone.
    }
  }

  /** Puts the terminal into the mode in which it gives out keys, and marks pastes. */
  #takeTerminal(): void {
    Deno.stdin.setRaw(true);
    this.#raw = true;
    this.#drawn = undefined;
    this.#write(`${PASTE_MARKS.on}${erase(0)}${this.#drawnAnew()}`).catch(ignore);
  }

  /** Takes away what is drawn, and gives the terminal back as it was. */
  async #releaseTerminal(): Promise<void> {
    if (this.#locating > 0) await this.#located;
    this.#raw = false;
    await this.#write(`${this.#erased()}${GIVEN_BACK}`);
    Deno.stdin.setRaw(false);
  }

  /** Stops the program, as Ctrl-Z does with others. */
  async #suspend(): Promise<void> {
    if (!HAS_SIGNALS) return;
    await this.#releaseTerminal();
    Deno.kill(Deno.pid, "SIGTSTP");
    // Where there is nobody who could let it go on, the system does not stop it.
    setTimeout(() => {
      if (!this.#raw) this.#takeTerminal();
    }, STOP_MS);
  }

  /** Who stopped it may have changed the terminal, and written to it. */
  readonly #onContinue = (): void => {
    if (this.#closeBy < Infinity) return;
    try {
      this.#takeTerminal();
    } catch {
      // It has gone: the system says so with this signal too.
    }
  };

  /** Draws what is at the bottom anew; other rows are broken by the terminal, or cut off. */
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

  /** Asks the terminal what it is and where its cursor is, and returns that column. */
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

  /** Takes away what is at the bottom. */
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

/** An output that fails does so again where something is said. */
function ignore(): void {}

function giveBack(): void {
  try {
    Deno.stdout.writeSync(encoder.encode(GIVEN_BACK));
  } catch {
    // It has been closed.
  }
}

/** Undefined where there is none, or it has gone. */
function sizeOfTerminal(): Size | undefined {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  } catch {
    return undefined;
  }
}

/**
 * Where lines come from and go to: a person at a terminal, or a pipe.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { LineEditor } from "./cli_editor.ts";
import { type Key, readKeys } from "./cli_keys.ts";
import { splitLines } from "./cli_lines.ts";
import { MAX_BODY_BYTES } from "./protocol.ts";

/** Something that lines are read from and written to. */
export interface Screen {
  /** Whether a person types here. */
  readonly interactive: boolean;
  /** What is entered, line by line, until there is no more or the signal is aborted. Call it once. */
  lines(signal: AbortSignal): AsyncIterable<string>;
  /** Writes text, and a line break; what others sent must be harmless by now. */
  show(text: string): Promise<void>;
  /** Says what stands before the line being typed. */
  setPrompt(prompt: string): Promise<void>;
  /** Takes no more lines and gives the terminal back as it was; `show` goes on working. */
  close(): Promise<void>;
}

/** How a screen is opened. */
export interface ScreenOptions {
  /** Treats a terminal as a pipe. */
  plain: boolean;
  /** Called for Ctrl-C, which is no signal while a screen reads keys. */
  onInterrupt: () => void;
}

/** How many entered lines may wait for their turn; those beyond are not taken. */
const MAX_WAITING_LINES = 1_000;

/** For terminals that do not say how wide they are. */
const USUAL_COLUMNS = 80;

// ECMA-48, sections 8.3.39 and 8.3.20: to the end of the screen, and columns to the right.
const ERASE = "\r\x1b[J";

const encoder = new TextEncoder();

/** Opens the terminal, or the pipe, that this program runs in. Close it, whatever happens. */
export function openScreen({ plain, onInterrupt }: ScreenOptions): Screen {
  const interactive = !plain && Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return interactive ? new TerminalScreen(onInterrupt) : new PipeScreen();
}

/** Standard input and output as they are. */
class PipeScreen implements Screen {
  readonly interactive = false;
  readonly #output = Deno.stdout.writable.getWriter();

  lines(signal: AbortSignal): AsyncIterable<string> {
    // Room for a carriage return and one byte too many, so that nothing is cut off unseen.
    return splitLines(readInput(signal), MAX_BODY_BYTES + 2);
  }

  show(text: string): Promise<void> {
    return this.#output.write(encoder.encode(`${text}\n`));
  }

  setPrompt(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A terminal whose last row is the line being typed. */
class TerminalScreen implements Screen {
  readonly interactive = true;
  readonly #output = Deno.stdout.writable.getWriter();
  readonly #editor = new LineEditor();
  readonly #onInterrupt: () => void;
  #prompt = "";
  /** How many lines were not taken since that was told last. */
  #refused = 0;
  #closed = false;

  constructor(onInterrupt: () => void) {
    this.#onInterrupt = onInterrupt;
    Deno.stdin.setRaw(true);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", this.#draw);
  }

  lines(signal: AbortSignal): AsyncIterable<string> {
    const left = new AbortController();
    const ended = AbortSignal.any([signal, left.signal]);
    // A stream, so that keys are taken while a line is dealt with.
    return new ReadableStream({
      start: (lines) => {
        this.#readKeys(lines, ended).then(() => lines.close()).catch((error) => lines.error(error));
      },
      cancel: () => left.abort(),
    }, { highWaterMark: MAX_WAITING_LINES });
  }

  show(text: string): Promise<void> {
    const whole = `${text}\n`.replaceAll("\n", "\r\n");
    return this.#write(this.#closed ? whole : `${ERASE}${whole}${this.#row()}`);
  }

  async setPrompt(prompt: string): Promise<void> {
    this.#prompt = prompt;
    await this.#draw();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGWINCH", this.#draw);
    Deno.stdin.setRaw(false);
    await this.#write(ERASE);
  }

  async #readKeys(
    lines: ReadableStreamDefaultController<string>,
    signal: AbortSignal,
  ): Promise<void> {
    const decoder = new TextDecoder();
    let pending = "";
    for await (const chunk of readInput(signal)) {
      const { keys, rest } = readKeys(pending + decoder.decode(chunk, { stream: true }));
      pending = rest;
      for (const key of keys) if (!this.#take(key, lines)) return;
      if (this.#refused > 0) {
        const count = this.#refused;
        this.#refused = 0;
        await this.show(`! Lines not taken, because ${MAX_WAITING_LINES} are waiting: ${count}`);
      }
      await this.#draw();
    }
  }

  /** Takes a key; false says that there will be no more lines. */
  #take(key: Key, lines: ReadableStreamDefaultController<string>): boolean {
    const entered = this.#editor.onKey(key);
    if (entered?.type === "line") {
      if ((lines.desiredSize ?? 0) > 0) lines.enqueue(entered.line);
      // It must not stay either: of a paste, the next line would be put behind it.
      else this.#refused++;
    }
    if (entered?.type === "interrupt") this.#onInterrupt();
    return entered === undefined || entered.type === "line";
  }

  readonly #draw = async (): Promise<void> => {
    if (!this.#closed) await this.#write(`${ERASE}${this.#row()}`);
  };

  #row(): string {
    const columns = Deno.consoleSize().columns || USUAL_COLUMNS;
    const { text, column } = this.#editor.render(this.#prompt, columns, unicodeWidth);
    return `${text}\r${column > 0 ? `\x1b[${column}C` : ""}`;
  }

  #write(text: string): Promise<void> {
    return this.#output.write(encoder.encode(text));
  }
}

/** Reads standard input until it ends or the signal is aborted. */
async function* readInput(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = Deno.stdin.readable.getReader();
  const cancel = () => void reader.cancel();
  signal.addEventListener("abort", cancel);
  try {
    while (!signal.aborted) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    reader.releaseLock();
  }
}

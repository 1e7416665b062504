/**
 * Places that read and write lines, and draw nothing: pipes, and terminals for people who hear them.
 *
 * @module
 */

import { MAX_BODY_BYTES } from "../../protocol/frames.ts";
import type { Line } from "./editor.ts";
import { Input } from "./input.ts";
import { joinPastes, splitLines } from "./lines.ts";
import { BELL, encoder, type Screen, sizeOfTerminal } from "./screen.ts";

/** Milliseconds within which lines come that were pasted, and not typed one after the other. */
const PASTE_MS = 30;

const SILENCE = new Uint8Array();

/** Standard input and output as they are. */
export class PipeScreen implements Screen {
  readonly interactive: boolean = false;
  readonly #literal: boolean;
  readonly #output = Deno.stdout.writable.getWriter();

  /** Takes the standard streams; where lines are not `literal`, they may be commands. */
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
    return this.write(`${text}\n`);
  }

  protected write(text: string): Promise<void> {
    return this.#output.write(encoder.encode(text));
  }

  setPrompt(): Promise<void> {
    return Promise.resolve();
  }

  setStatus(): Promise<void> {
    return Promise.resolve();
  }

  setPage(): Promise<void> {
    return Promise.resolve();
  }

  bell(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A terminal that reads and writes lines, and nothing else: programs that read it aloud can follow. */
export class LineScreen extends PipeScreen {
  override readonly interactive = true;

  /** Takes the standard streams, which are a terminal. */
  constructor() {
    super(false);
  }

  override lines(signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
    return joinPastes(pieces(signal, PASTE_MS), MAX_BODY_BYTES + 2);
  }

  override bell(): Promise<void> {
    return this.write(BELL);
  }
}

/** Reads standard input until it ends or the signal is aborted; an empty piece says that nothing came for a while. */
async function* pieces(
  signal: AbortSignal,
  silenceMs?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new Input(Deno.stdin.readable);
  const wake = () => input.wake();
  signal.addEventListener("abort", wake);
  try {
    while (!signal.aborted) {
      const piece = await input.next(silenceMs);
      if (piece === "silence") yield SILENCE;
      else if (typeof piece === "string") return;
      else yield piece;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    input.cancel();
  }
}

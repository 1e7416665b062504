// This module runs in browsers: it needs no Deno.

/**
 * Lines that are sent and not acknowledged yet, and the prompt that tells their number.
 *
 * @module
 */

import { type Acknowledgement, SendError } from "../../client.ts";
import { reasonOf } from "../protocol/errors.ts";

/** The prompt where nothing waits. */
export const PROMPT = "> ";

/** The most messages that are not acknowledged; the next line waits. */
const MAX_UNSENT = 512;

/** Milliseconds without an acknowledgement after which the prompt shows it. */
const PROMPT_MS = 300;

/** The session around the lines. */
export interface UnsentLinesOptions {
  /** Settles when the session is told to stop. */
  stopped: Promise<void>;
  /** Shows another prompt. */
  prompt: (prompt: string) => Promise<void>;
  /** Tells that a line was not sent, or perhaps not. */
  fail: (message: string, text: string) => Promise<void>;
  /** Tells that a line that was perhaps not sent is stored after all. */
  correct: (stored: Acknowledgement, text: string) => Promise<void>;
  /** Ends the session where work fails that nobody waits for. */
  guard: (work: Promise<void>) => Promise<void>;
}

/** The lines of a session that are on their way. */
export class UnsentLines {
  readonly #options: UnsentLinesOptions;
  readonly #lines = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes an empty list. */
  constructor(options: UnsentLinesOptions) {
    this.#options = options;
  }

  /** Resolves when all lines of now are acknowledged, or have failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#lines);
  }

  /** Sends something, and shows in the prompt that it is not acknowledged. */
  async track(text: string, send: () => Promise<Acknowledgement>): Promise<void> {
    const { stopped, guard } = this.#options;
    const [oldest] = this.#lines;
    if (this.#lines.size >= MAX_UNSENT) await Promise.race([oldest, stopped]);
    const sending = guard(this.#send(text, send));
    this.#lines.add(sending);
    sending.then(() => {
      this.#lines.delete(sending);
      if (this.#lines.size === 0) guard(this.#updatePrompt());
    });
    this.#timer ??= setTimeout(() => guard(this.#updatePrompt()), PROMPT_MS);
  }

  async #send(text: string, send: () => Promise<Acknowledgement>): Promise<void> {
    try {
      await send();
    } catch (error) {
      const perhaps = error instanceof SendError && error.mayBeStored ? "Perhaps not" : "Not";
      await this.#options.fail(`${perhaps} sent: ${reasonOf(error)}`, text);
      if (error instanceof SendError) this.#options.guard(this.#correct(error, text));
    }
  }

  async #correct({ outcome }: SendError, text: string): Promise<void> {
    const stored = await outcome;
    if (stored !== undefined) await this.#options.correct(stored, text);
  }

  /** Shows the number of unsent lines in the prompt: a line is shown itself once the log has it. */
  async #updatePrompt(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { size } = this.#lines;
    await this.#options.prompt(size === 0 ? PROMPT : `${size} unsent ${PROMPT}`);
  }
}

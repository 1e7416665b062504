// This module is pure: no sockets, no clock, no Deno.

/**
 * Drafts of one transaction that their authors may not write. What follows one of the same client is
 * denied too: its numbers would have a hole.
 *
 * @module
 */

import { judge } from "../../core/state/numbers.ts";
import { ChatError } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";

/** The denied drafts of a transaction. */
export class Denials {
  readonly #byDraft = new Map<Draft, ChatError>();
  /** The first denied message of each client. */
  readonly #first = new Map<string, { n: number; error: ChatError }>();

  /** Notes that a draft is denied. */
  note(draft: Draft, error: ChatError): void {
    this.#byDraft.set(draft, error);
    const { from, n } = draft;
    if (n > 0 && !this.#first.has(from)) this.#first.set(from, { n, error });
  }

  /** Looks whether a message has to be denied because one before it was, or it is a repeat of that; notes it then. */
  follows(draft: Draft): boolean {
    const first = this.#first.get(draft.from);
    if (first === undefined || draft.n < first.n) return false;
    const place = judge(draft.n, first.n - 1);
    this.note(draft, place instanceof ChatError ? place : first.error);
    return true;
  }

  /** The reason why a draft is denied; undefined where it is not. */
  of(draft: Draft): ChatError | undefined {
    return this.#byDraft.get(draft);
  }
}

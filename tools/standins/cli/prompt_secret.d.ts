/**
 * Types for `@std/cli/prompt-secret`.
 *
 * @module
 */

/** Options of {@linkcode promptSecret}. */
export type PromptSecretOptions = {
  /** The sign shown for each character typed. `"*"` if left out. */
  mask?: string;
  /** Clears the line afterwards. */
  clear?: boolean;
};

/** Asks for a secret; null where standard input is no terminal. */
export function promptSecret(
  message?: string,
  options?: PromptSecretOptions,
): string | null;

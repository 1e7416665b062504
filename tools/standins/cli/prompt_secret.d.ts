/**
 * Types for `@std/cli/prompt-secret`.
 *
 * @module
 */

/** How a secret is asked for. */
export type PromptSecretOptions = {
  /** What is shown for each character typed. `"*"` if left out. */
  mask?: string;
  /** Whether the line is cleared afterwards. */
  clear?: boolean;
};

/** Asks for a secret; null where standard input is no terminal. */
export function promptSecret(
  message?: string,
  options?: PromptSecretOptions,
): string | null;

// This module runs in browsers.

/**
 * The token of a client: the one that it has, or a new one from the app.
 *
 * @module
 */

import type { ClientOptions } from "./options.ts";

/** The token for the next connection, or to go on with on this one. */
export function tokenOf({ token }: ClientOptions): string | undefined | Promise<string> {
  return token instanceof Function ? token() : token;
}

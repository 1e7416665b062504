// This module is pure: no sockets, no clock, no Deno.

/**
 * Promises that clients become idle: nothing that they said is on its way any more.
 *
 * @module
 */

/** A client that has something on its way. */
export interface Busy {
  /** Called once it is idle. */
  readonly whenIdle: (() => void)[];
}

/** Resolves when all of them are idle; undefined where none is busy. */
export function allIdle(busy: readonly Busy[]): Promise<void> | undefined {
  if (busy.length === 0) return undefined;
  return Promise.all(
    busy.map(({ whenIdle }) => new Promise<void>((resolve) => whenIdle.push(resolve))),
  ).then(() => {});
}

/** Calls those who wait for a client to be idle. */
export function becomeIdle({ whenIdle }: Busy): void {
  whenIdle.splice(0).forEach((resolve) => resolve());
}

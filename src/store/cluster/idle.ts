// This module is pure: no sockets, no clock, no Deno.

/**
 * Waiting until clients are idle: until nothing that they said is on its way.
 *
 * @module
 */

/** A client that has something on its way. */
export interface Busy {
  /** Called once it is idle. */
  readonly whenIdle: (() => void)[];
}

/** Resolves when all of them are idle; undefined where nobody is busy. */
export function allIdle(busy: readonly Busy[]): Promise<void> | undefined {
  if (busy.length === 0) return undefined;
  return Promise.all(
    busy.map(({ whenIdle }) => new Promise<void>((resolve) => whenIdle.push(resolve))),
  ).then(() => {});
}

/** Tells those who wait that a client is idle. */
export function becomeIdle({ whenIdle }: Busy): void {
  whenIdle.splice(0).forEach((resolve) => resolve());
}

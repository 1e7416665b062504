// This module runs in browsers.

/**
 * The page that a client runs in: what its browser tells of it and of the network. Where there
 * is no page, as in Deno, Node and Bun, nothing is ever told.
 *
 * @module
 */

import { CACHED_MS } from "./limits.ts";

/** Events of the page around a client. */
export interface PageEvents {
  /** Somebody looks again, the network is back, or the page goes on after a stop. */
  woken(): void;
  /** The browser says that there is no network, which may be wrong. */
  offline(): void;
  /** The page stops, and may go on; after `forMs` milliseconds at the most, where that is known. */
  stopped(forMs?: number): void;
  /** The page ends: it is closed, left, or loaded again. */
  ended(): void;
}

/** The document, where there is one. */
function page(): EventTarget & { visibilityState?: string } | undefined {
  return (globalThis as { document?: EventTarget }).document;
}

/** Says whether nobody can see the page: its timers may come a minute late, its other events come in time. */
export function isHidden(): boolean {
  return page()?.visibilityState === "hidden";
}

/** Listens to the page until the signal is aborted. */
export function listenToPage(
  { woken, offline, stopped, ended }: PageEvents,
  signal: AbortSignal,
): void {
  const on = (target: EventTarget | undefined, type: string, handle: (event: Event) => void) => {
    // Node has no events for the whole of a program.
    target?.addEventListener?.(type, handle, { signal });
  };
  on(globalThis, "online", woken);
  on(globalThis, "pageshow", woken);
  on(page(), "resume", woken);
  // A page is hidden when it stops or ends, too, and must not come back then.
  on(page(), "visibilitychange", () => isHidden() || woken());
  on(globalThis, "offline", offline);
  on(page(), "freeze", () => stopped());
  on(globalThis, "pagehide", (event) => {
    if ("persisted" in event && event.persisted) stopped(CACHED_MS);
    else ended();
  });
}

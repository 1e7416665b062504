// This module runs in browsers.

/**
 * The page that a client runs in: what its browser tells of it and of the network. Where there
 * is no page, as in Deno, Node and Bun, nothing is ever told.
 *
 * @module
 */

import { CACHED_MS } from "./limits.ts";

/** The client's connections, as far as the page around it concerns them. */
export interface PageListener {
  /** Somebody looks again, the network is back, or the page goes on after a stop. */
  nudge(): void;
  /** The browser says that there is no network, which may be wrong. */
  doubt(): void;
  /** The page stops, and may go on; after `forMs` milliseconds at the most, where that is known. */
  pause(forMs?: number): void;
}

/** The document, where there is one. */
function page(): EventTarget & { visibilityState?: string } | undefined {
  return (globalThis as { document?: EventTarget }).document;
}

/** Says whether nobody can see the page: its timers may come a minute late, its other events come in time. */
export function isHidden(): boolean {
  return page()?.visibilityState === "hidden";
}

/**
 * Listens to the page until the signal is aborted; `ended` is called when the page ends: when it is
 * closed, left, or loaded again.
 */
export function listenToPage(
  connections: PageListener,
  ended: () => void,
  signal: AbortSignal,
): void {
  const on = (target: EventTarget | undefined, type: string, handle: (event: Event) => void) => {
    // Node has no events for the whole of a program.
    target?.addEventListener?.(type, handle, { signal });
  };
  const woken = () => connections.nudge();
  on(globalThis, "online", woken);
  on(globalThis, "pageshow", woken);
  on(page(), "resume", woken);
  // A page is hidden when it stops or ends, too, and must not come back then.
  on(page(), "visibilitychange", () => isHidden() || woken());
  on(globalThis, "offline", () => connections.doubt());
  on(page(), "freeze", () => connections.pause());
  on(globalThis, "pagehide", (event) => {
    if ((event as Event & { persisted?: boolean }).persisted) connections.pause(CACHED_MS);
    else ended();
  });
}

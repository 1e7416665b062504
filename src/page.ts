// This module runs in browsers.

/**
 * The page that a client runs in: what its browser tells of it and of the network. Where there
 * is no page, as in Deno, Node and Bun, nothing is ever told.
 *
 * @module
 */

/** What a page tells. */
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

/**
 * How long a page that was left may come back as it was, in milliseconds: as long as Chromium
 * keeps it. Others keep it longer, and come back to rooms that were left.
 */
const CACHED_MS = 600_000;

/** The document, where there is one. */
function page(): EventTarget & { visibilityState?: string } | undefined {
  return (globalThis as { document?: EventTarget }).document;
}

/** Whether nobody can see the page: its timers may come a minute late, its other events come in time. */
export function isHidden(): boolean {
  return page()?.visibilityState === "hidden";
}

/** Listens to the page until the returned function is called. */
export function listenToPage(events: PageEvents): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const listen = (
    target: EventTarget | undefined,
    types: string[],
    handle: (event: Event) => void,
  ) => {
    // Node has no events for the whole of a program.
    for (const type of types) target?.addEventListener?.(type, handle, { signal });
  };
  const wake = () => events.woken();
  listen(globalThis, ["online", "pageshow"], wake);
  listen(page(), ["resume"], wake);
  // A page is hidden when it stops or ends, too, and must not come back then.
  listen(page(), ["visibilitychange"], () => isHidden() || wake());
  listen(globalThis, ["offline"], () => events.offline());
  listen(page(), ["freeze"], () => events.stopped());
  listen(globalThis, ["pagehide"], (event) => {
    if ("persisted" in event && event.persisted) events.stopped(CACHED_MS);
    else events.ended();
  });
  return () => controller.abort();
}

// This module runs in browsers.

/// <reference lib="dom" />
/**
 * A page with another tab of its browser: both share one connection, and one outbox. A part of its
 * own: it is loaded once there is another tab.
 *
 * @module
 */

import type { OutboxStore } from "../src/client/offline.ts";
import { SharedConnection } from "../src/client/shared/shared.ts";
import type { LentStore } from "../src/client/shared/shared_outbox.ts";
import { giveUp } from "../src/client/shared/shared_socket.ts";
import type { PageOutbox } from "./person.ts";

export { giveUp };

/** A page that was alone until now. */
export interface Alone {
  /** The place of its outbox. */
  lent: LentStore;
  /** Lets go of the lock. */
  release(): void;
}

/** Shares from now on, with the outbox that is kept in a place. */
export function share(
  src: string,
  name: string,
  store: OutboxStore,
  alone?: Alone,
): { shared: SharedConnection; outbox: Promise<PageOutbox> } {
  alone?.lent.end();
  const shared = new SharedConnection(src, store, { name });
  if (alone !== undefined) alone.lent.changed = () => shared.outbox.added();
  alone?.release();
  // Its client says nothing by itself, and enters no rooms: whoever leads does.
  const alike = { session: null, attach() {}, enter() {} };
  const outbox = Object.assign(shared.outbox, alike);
  return { shared, outbox: outbox.read().then(() => outbox) };
}

/**
 * From what `--store` says to the store that rooms come from, or go to; only that one is loaded.
 *
 * @module
 */

import type { ArchiveSource, ArchiveTarget } from "../core/store/archive.ts";
import type { ServerSettings } from "./flags/flags.ts";
import { parseNatsAddress } from "./flags/nats_address.ts";

/** Takes lines about what is wrong. */
type Troubled = (reason: string) => void;

/** Opens a store to read its rooms. Rejects with a RangeError where it has none to give. */
export async function openSource(
  settings: ServerSettings,
  troubled: Troubled,
): Promise<ArchiveSource> {
  const path = pathIn(settings.store);
  if (path !== undefined) {
    const { sqliteSource } = await import("../store/sqlite/archive.ts");
    return sqliteSource(path);
  }
  const { natsSource } = await import("../store/jetstream/archive.ts");
  return await natsSource(natsIn(settings), settings.engine, troubled);
}

/** Opens a store to put rooms into it. Rejects with a RangeError where it can keep none. */
export async function openTarget(
  settings: ServerSettings,
  troubled: Troubled,
): Promise<ArchiveTarget> {
  const path = pathIn(settings.store);
  if (path !== undefined) {
    const { sqliteTarget } = await import("../store/sqlite/archive.ts");
    return sqliteTarget(path, troubled);
  }
  const { natsTarget } = await import("../store/jetstream/archive.ts");
  return await natsTarget(natsIn(settings), settings.engine, troubled);
}

function pathIn(store: string): string | undefined {
  return /^sqlite:(.+)$/s.exec(store)?.[1];
}

function natsIn({ store, nats }: ServerSettings) {
  if (store.startsWith("nats://")) return { ...parseNatsAddress(store), ...nats };
  throw new RangeError(
    `--store must be sqlite:PATH or nats://HOST:PORT here, not ${JSON.stringify(store)}`,
  );
}

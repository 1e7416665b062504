/**
 * Writes what waits into the file, one transaction for all of it: a failed write takes the others with it
 * only where the disk fails.
 *
 * @module
 */

import { Charter } from "../../core/authority/charter.ts";
import { DELETED, type StoreLimits } from "../../core/store/store.ts";
import type { RetentionClock } from "../../core/state/time.ts";
import { ChatError, reasonOf } from "../../protocol/errors.ts";
import { Denials } from "./denials.ts";
import { isDiskError } from "./file/errors.ts";
import type { SqliteFile } from "./file/file.ts";
import { encodeCharter, SqliteRoom } from "./room.ts";
import type { Write } from "./writes.ts";

/** The surroundings of transactions. */
export interface TransactionsSetting {
  readonly limits: StoreLimits;
  readonly clock: RetentionClock;
  /** Names a new log. */
  newEpoch(): string;
  /** Notes that a room has grown, within the transaction. */
  grown(roomId: string): void;
  /** Takes a line for the log. */
  troubled(reason: string): void;
}

/** The outcome of a transaction. */
export interface Written {
  /** The rooms that it has made, by id. */
  readonly made: ReadonlyMap<string, SqliteRoom>;
  /** The writes that failed, with the reason. */
  readonly failed: ReadonlyMap<Write, unknown>;
  /** The drafts that their authors may not write. */
  readonly denials: Denials;
}

/** The outcome where there was nothing to write. */
export const NOTHING: Written = { made: new Map(), failed: new Map(), denials: new Denials() };

/** The transactions of one file. */
export class Transactions {
  readonly #file: SqliteFile;
  readonly #setting: TransactionsSetting;

  /** Writes into a file that is open. */
  constructor(file: SqliteFile, setting: TransactionsSetting) {
    this.#file = file;
    this.#setting = setting;
  }

  /**
   * Writes all that it is given.
   *
   * @throws where the disk fails: then nothing is written.
   */
  write(writes: readonly Write[]): Written {
    const made = new Map<string, SqliteRoom>();
    const failed = new Map<Write, unknown>();
    let denials = new Denials();
    try {
      this.#file.transaction(() => this.#perform(writes, made, denials));
    } catch (error) {
      if (isDiskError(error)) throw error;
      // A damaged page must fail only the writes that need it.
      for (const write of writes) if (write.type === "entry") write.room.rollBack();
      made.clear();
      denials = new Denials();
      this.#file.transaction(() => this.#performEach(writes, made, failed, denials));
      for (const reason of new Set([...failed.values()].map(reasonOf))) {
        this.#setting.troubled(`something cannot be written: ${reason}`);
      }
    }
    return { made, failed, denials };
  }

  #performEach(
    writes: readonly Write[],
    made: Map<string, SqliteRoom>,
    failed: Map<Write, unknown>,
    denials: Denials,
  ): void {
    // After a failed write of a client, its later ones fail too: its order is kept.
    const stopped = new Map<string, unknown>();
    for (const write of writes) {
      const author = write.type === "repeat" || write.type === "entry" && write.draft.n > 0
        ? write.draft.from
        : undefined;
      const goBack = write.type === "entry" ? write.room.mark() : undefined;
      try {
        if (author !== undefined && stopped.has(author)) throw stopped.get(author);
        this.#file.savepoint(() => this.#perform([write], made, denials));
      } catch (error) {
        if (isDiskError(error)) throw error;
        goBack?.();
        if (author !== undefined) stopped.set(author, error);
        failed.set(write, error);
      }
    }
  }

  #perform(writes: readonly Write[], made: Map<string, SqliteRoom>, denials: Denials): void {
    const grown = new Set<SqliteRoom>();
    const heard = new Map<string, number>();
    for (const write of writes) {
      switch (write.type) {
        case "entry": {
          const { room, draft } = write;
          if (denials.follows(draft)) break;
          const entry = room.write(draft);
          if (entry instanceof ChatError) {
            denials.note(draft, entry);
            break;
          }
          write.entry = entry;
          if (draft.n > 0) heard.set(draft.from, draft.n);
          grown.add(room);
          break;
        }
        case "create": {
          const { id, name, owner } = write;
          if (this.#file.isDeleted(id)) break;
          const charter = encodeCharter(Charter.of(owner));
          const row = this.#file.room(id) ??
            this.#file.addRoom(id, name, this.#setting.newEpoch(), charter);
          made.set(id, SqliteRoom.readWhole(this.#file, id, row, this.#setting.limits));
          break;
        }
        case "delete":
          this.#file.dropRoom(write.id);
          this.#noteDeleted(write.id);
          made.delete(write.id);
          break;
        case "remember":
          this.#file.setClient(write.id, write.name, write.last.stored);
          break;
        case "forget":
          this.#file.dropClient(write.id);
          this.#file.dropMarkers(write.id);
          break;
        case "read":
          this.#file.setMarker(write.person, write.id, write.marker);
          break;
        case "repeat":
          denials.follows(write.draft);
          break;
        default:
          write satisfies never;
      }
    }
    for (const room of grown) {
      room.trim();
      this.#setting.grown(room.id);
    }
    for (const [id, n] of heard) this.#file.setNumber(id, n);
  }

  #noteDeleted(id: string): void {
    const at = Math.floor(this.#setting.clock.time({ now: performance.now(), at: Date.now() }));
    this.#file.noteDeleted(id, at, { time: at - DELETED.ms, most: DELETED.rooms });
  }
}

/**
 * The store of an engine: what it is given, asked and told, and what it reports. Anybody may have
 * written it, so that nothing that it throws goes further.
 *
 * @module
 */

import type { Notice } from "../core/state/effects.ts";
import { count, kindOf, type Metrics } from "../core/state/metrics.ts";
import type { EngineOptions } from "../core/state/options.ts";
import { tell } from "../core/perform.ts";
import type { OpenStore, Store, StoreEvents } from "../core/store/store.ts";
import { withDeadline } from "../protocol/deadline.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Draft } from "../protocol/frames.ts";
import { AppendTimes } from "./append_times.ts";
import type { Clock } from "./connections/clock.ts";
import { faultOf } from "./logging/faults.ts";
import type { Logger } from "./logging/logger.ts";
import { guardedReports } from "./store_reports.ts";

/** Reports of a store that its engine acts on. */
export type EngineReports = Omit<StoreEvents, "failing" | "troubled">;

/** The parts of an engine that its store is used with. */
export interface EngineStoreParts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** The store of one engine. */
export class EngineStore {
  /** The store itself. */
  readonly store: Store;
  /** The time at which the frame was heard whose entries are being stored at this moment, in milliseconds; else 0. */
  appendedAt = 0;
  readonly #parts: EngineStoreParts;
  readonly #reports: EngineReports;
  readonly #appends: AppendTimes;
  #failure: string | undefined;
  /** Set when it is closed: nothing that it reports is heard any more. */
  #ended = false;

  /** Opens it; throws what `open` throws. */
  constructor(
    open: OpenStore,
    options: EngineOptions,
    reports: EngineReports,
    parts: EngineStoreParts,
  ) {
    this.#parts = parts;
    this.#reports = reports;
    const { logger, metrics, now } = parts;
    const heard: StoreEvents = {
      ...reports,
      repeated: (draft, seq, unseen) => {
        metrics.reject(draft);
        metrics.repeats++;
        reports.repeated(draft, seq, unseen);
      },
      refused: (draft, error, doubtful) => this.#refused(draft, error, doubtful),
      failing: (reason) => {
        this.#failure = reason;
        if (reason === undefined) logger.info("store works again");
        else logger.error("store cannot write", { error: reason });
      },
      troubled: (reason) => logger.warn("store troubled", { error: reason }),
    };
    const guarded = guardedReports(heard, {
      hasEnded: () => this.#ended,
      hasBus: () => this.store?.bus !== undefined,
      failed: (report, error) => this.failed(report, error),
    });
    this.store = open(guarded, options);
    this.#appends = new AppendTimes(metrics.appendDuration, this.store, now);
  }

  /** The reason why nothing can be stored right now; undefined where it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Asks it something at the beginning. Where that throws, there is no engine, and the store is closed. */
  asked<Answer>(ask: (store: Store) => Answer): Answer {
    try {
      return ask(this.store);
    } catch (error) {
      this.close(performance.now());
      throw error;
    }
  }

  /** Stores drafts. Where the store throws, nobody knows what has become of the draft. */
  append(roomId: string, drafts: readonly Draft[]): void {
    const [first] = drafts;
    if (first === undefined) return;
    this.appendedAt = this.#parts.clock.read().now;
    for (const draft of drafts) {
      count(this.#parts.metrics.appended, kindOf(draft));
      try {
        this.store.append(roomId, draft);
      } catch (error) {
        this.failed("append", error);
        this.#refused(draft, new ChatError("internal", "Internal error"), true);
        break;
      }
    }
    this.appendedAt = 0;
    this.#appends.appended(first.from);
  }

  /** Tells it something. */
  tell(notice: Notice): void {
    try {
      tell(notice, this.store);
    } catch (error) {
      this.failed(notice.type, error);
    }
    const { logger } = this.#parts;
    if (notice.type === "release") logger.debug("room forgotten", { room: notice.roomId });
  }

  /**
   * Resolves when all is reported that it was given, or at the monotonic time `deadline`; undefined
   * where it is already. Never rejects.
   */
  settle(deadline: number): Promise<void> | undefined {
    const failed = (error: unknown) => this.failed("settled", error);
    try {
      const settled = this.store.settled?.();
      return settled && withDeadline(deadline - performance.now(), settled).catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  /**
   * Closes it once all is reported that it was given: a client whose messages had no answer could not
   * come back as itself. Waits for that until the monotonic time `deadline`. Never rejects.
   */
  async closeSettled(deadline: number): Promise<void> {
    await this.settle(deadline);
    await this.close(deadline);
  }

  /** Closes it, and waits for that until the monotonic time `deadline`. Never rejects. */
  async close(deadline: number): Promise<void> {
    try {
      await withDeadline(deadline - performance.now(), this.store.close());
    } catch (error) {
      this.failed("close", error);
    }
  }

  /** Hears nothing of it any more. */
  end(): void {
    this.#ended = true;
  }

  /** Logs a fault of it, or of what was done about its report. */
  failed(what: string, error: unknown): void {
    this.#parts.logger.error("store failed", { at: what, ...faultOf(error) });
  }

  #refused(draft: Draft, error: ChatError, doubtful?: boolean): void {
    this.#parts.metrics.reject(draft);
    this.#reports.refused(draft, error, doubtful);
  }
}

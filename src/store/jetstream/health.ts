/**
 * The health of this node: it is connected to NATS, it hears its own words, and its probes are
 * stored. All three are checked at an interval, as none follows from another: servers without a
 * majority still carry words.
 *
 * @module
 */

import { withDeadline } from "../../protocol/deadline.ts";
import type { FailureDetector } from "../cluster/failure_detector.ts";
import { next, NODE_LIFE, type NodeState, type NodeStep } from "../cluster/states.ts";
import type { PublishOutcome } from "./link/publish.ts";

/** Calls that check the health of a node, and report it. */
export interface HealthActions {
  /** Says that this node lives, at the time `now`, to all nodes, this one included. */
  say(now: number): void;
  /** Has NATS store a probe; resolves with the outcome. */
  probe(): Promise<PublishOutcome>;
  /** Gives up the connection, for this reason. */
  giveUp(reason: string): void;
  /** Reads the entries that were missed while the node did not work. */
  catchUp(): Promise<void>;
  /** The node works from now on, or does not. */
  changed(works: boolean): void;
  /** Nothing can be stored from now on, for this reason; without a reason, it can again. */
  failing(reason: string | undefined): void;
}

/** Intervals without an answer to a probe after which NATS counts as storing nothing. */
const SILENT_AFTER = 1.5;

/** Intervals after which a silent connection is given up. */
const USELESS_AFTER = 2;

/** The health of one node. */
export class JetStreamHealth {
  readonly #probeMs: number;
  readonly #detector: Pick<FailureDetector, "hears">;
  readonly #actions: HealthActions;
  /** The time since which a connection has passed its tests; undefined while none has. */
  #wholeAt: number | undefined;
  /** The time of the newest probe that NATS has answered in whatever way. */
  #storedAt = -Infinity;
  /** The reason why NATS refused to store it; undefined where it did not. */
  #refusal: string | undefined;
  #state: NodeState = "cut_off";
  /** `true` while it is reported that nothing can be stored. */
  #failing = false;
  #ready = Promise.withResolvers<void>();

  /** Makes the health of a node that does not work yet; it is asked every `probeMs` ms. */
  constructor(probeMs: number, detector: Pick<FailureDetector, "hears">, actions: HealthActions) {
    this.#probeMs = probeMs;
    this.#detector = detector;
    this.#actions = actions;
  }

  /** `true` where the node works, even if NATS has no space left. */
  get works(): boolean {
    return this.#state === "working" || this.#state === "ending";
  }

  /** Resolves when the node works, or after two intervals. */
  async ready(): Promise<void> {
    if (!this.works) await withDeadline(2 * this.#probeMs, this.#ready.promise);
  }

  /** Notes that there is a connection. */
  connected(): void {
    this.#wholeAt = performance.now();
    this.ask(this.#wholeAt);
  }

  /** Notes that there is no connection, and why. */
  broken(reason: string): void {
    this.#wholeAt = undefined;
    this.judge();
    this.#report(reason);
  }

  /** Sends a word and a probe at the monotonic time `now`. Call it at the interval. */
  async ask(now: number): Promise<void> {
    this.#actions.say(now);
    const outcome = await this.#actions.probe();
    if (outcome.type === "unknown" || outcome.type === "unheard" || now < this.#storedAt) return;
    this.#storedAt = now;
    this.#refusal = "reason" in outcome ? outcome.reason : undefined;
    this.judge();
  }

  /**
   * Finds out whether the node works, and acts on a change. Call it after each word that is heard,
   * and at least twice an interval.
   */
  judge(): void {
    const now = performance.now();
    const trouble = this.#trouble(now);
    if (trouble === undefined) {
      if (this.works) this.#report(this.#refusal);
      else this.#begin();
      return;
    }
    const worked = this.works;
    this.#step("trouble");
    if (worked) {
      this.#ready = Promise.withResolvers();
      this.#actions.changed(false);
    }
    const isUseless = now - (this.#wholeAt ?? now) > USELESS_AFTER * this.#probeMs;
    // The connection may be open but dead, or lead to a server that stores nothing.
    if (this.#wholeAt !== undefined && (worked || isUseless)) this.#actions.giveUp(trouble);
  }

  /** Ends the reports. */
  close(): void {
    this.#step("close");
  }

  /** Returns the trouble of the node; undefined where it has none. */
  #trouble(now: number): string | undefined {
    if (this.#wholeAt === undefined) return "NATS is not reached";
    if (!this.#detector.hears(now)) return "NATS is not heard";
    const isSilent = now - this.#storedAt >= SILENT_AFTER * this.#probeMs;
    return isSilent ? "NATS does not say that it stores anything" : undefined;
  }

  async #begin(): Promise<void> {
    if (this.#state !== "cut_off") return;
    this.#step("well");
    await this.#actions.catchUp();
    this.#step(this.#trouble(performance.now()) === undefined ? "caught_up" : "missed");
    if (!this.works) return;
    this.#actions.changed(true);
    this.#ready.resolve();
    this.#report(this.#refusal);
  }

  #step(step: NodeStep): void {
    this.#state = next(NODE_LIFE, this.#state, step);
  }

  #report(failure: string | undefined): void {
    const isFailing = failure !== undefined;
    const isClosed = this.#state === "ending" || this.#state === "ended";
    if (isFailing === this.#failing || isClosed) return;
    this.#failing = isFailing;
    this.#actions.failing(failure);
  }
}

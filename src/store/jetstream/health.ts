/**
 * The health of this node: whether it is connected to NATS, hears what it says, and is told that
 * what it gives to be stored is stored. All three are found out at an interval, and none of them
 * follows from another: servers without a majority still carry words.
 *
 * @module
 */

import { within } from "../../protocol/deadline.ts";
import type { FailureDetector } from "../cluster/failure_detector.ts";
import { next, NODE_LIFE, type NodeState, type NodeStep } from "../cluster/states.ts";
import type { PublishOutcome } from "./publish.ts";

/** Calls that find out the health of a node, and report it. */
export interface HealthActions {
  /** Says that this node lives: a word of the time `now` that all nodes hear, this one too. */
  say(now: number): void;
  /** Has NATS store something that nobody needs; resolves with what comes of it. */
  probe(): Promise<PublishOutcome>;
  /** Gives the connection up, for this reason. */
  giveUp(reason: string): void;
  /** Reads what was missed while nothing worked. */
  catchUp(): Promise<void>;
  /** It works from now on, or does not. */
  changed(works: boolean): void;
  /** From now on nothing can be stored, for that reason; or, without one, it can again. */
  failing(reason: string | undefined): void;
}

/** The number of intervals without an answer after which NATS stores nothing. */
const SILENT_AFTER = 1.5;

/** The number of intervals after which a connection is given up that nothing has come from. */
const USELESS_AFTER = 2;

/** The health of one node. */
export class JetStreamHealth {
  readonly #probeMs: number;
  readonly #detector: Pick<FailureDetector, "hears">;
  readonly #actions: HealthActions;
  /** Since when there is a connection on which everything was tried; undefined while there is none. */
  #wholeAt: number | undefined;
  /** When the newest question was asked that NATS has answered, whatever it said. */
  #storedAt = -Infinity;
  /** Why NATS has refused to store it; undefined where it has not. */
  #refusal: string | undefined;
  #state: NodeState = "cut_off";
  /** `true` where it was reported that nothing can be stored. */
  #failing = false;
  #ready = Promise.withResolvers<void>();

  /** Makes the health of a node that works with nothing yet, and asks every `probeMs` milliseconds. */
  constructor(probeMs: number, detector: Pick<FailureDetector, "hears">, actions: HealthActions) {
    this.#probeMs = probeMs;
    this.#detector = detector;
    this.#actions = actions;
  }

  /** `true` where everything works but, perhaps, that NATS has no room left. */
  get works(): boolean {
    return this.#state === "working" || this.#state === "ending";
  }

  /** Resolves when everything works, or after two intervals. */
  async ready(): Promise<void> {
    if (!this.works) await within(2 * this.#probeMs, this.#ready.promise);
  }

  /** Takes in that there is a connection. */
  connected(): void {
    this.#wholeAt = performance.now();
    this.ask(this.#wholeAt);
  }

  /** Takes in that there is none, and why. */
  broken(reason: string): void {
    this.#wholeAt = undefined;
    this.judge();
    this.#report(reason);
  }

  /** Asks again whether everything works, at the monotonic time `now`. Call it at the interval. */
  async ask(now: number): Promise<void> {
    this.#actions.say(now);
    const outcome = await this.#actions.probe();
    if (outcome.type === "unknown" || outcome.type === "unheard" || now < this.#storedAt) return;
    this.#storedAt = now;
    this.#refusal = "reason" in outcome ? outcome.reason : undefined;
    this.judge();
  }

  /** Finds out whether everything works, and acts on a change. Call it whenever something was heard, and at least twice an interval. */
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
    // The connection may be open and dead, or lead to where nothing can be stored.
    if (this.#wholeAt !== undefined && (worked || isUseless)) this.#actions.giveUp(trouble);
  }

  /** Ends: nothing is reported any more. */
  close(): void {
    this.#step("close");
  }

  /** Says what is wrong; undefined where nothing is. */
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

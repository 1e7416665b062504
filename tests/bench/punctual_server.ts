/**
 * A server for the tests of the benchmark whose latency is known: it passes every message
 * on exactly so many milliseconds after it came. It speaks as much of `parley.v1` as the
 * client needs.
 *
 * @module
 */

import type { Frame } from "../support/fixtures.ts";
import { LOBBY, said, type ScriptedPeer, ScriptedServer } from "../support/scripted_server.ts";

/** A server with one room, until it is disposed. */
export class PunctualServer implements AsyncDisposable {
  readonly #server = new ScriptedServer((peer, turn) => this.#serve(peer, `client${turn}`));
  readonly #members = new Set<ScriptedPeer>();
  readonly #delayMs: number;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #seq = 0;

  /** Listens on a free port. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** Where clients connect to. */
  get url(): string {
    return this.#server.url;
  }

  /** Closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#server[Symbol.asyncDispose]();
  }

  async #serve(peer: ScriptedPeer, from: string): Promise<void> {
    await peer.welcome({ client_id: from, session: `${from}.secret` });
    peer.onFrame = ({ action, ref, n, body }: Frame) => {
      if (action === "message") return this.#pass(performance.now(), [from, n, body]);
      if (action !== "leave") this.#members.add(peer);
      peer.send({ ref, ...LOBBY, seq: this.#seq, after: this.#seq });
    };
    await peer.closed;
    this.#members.delete(peer);
  }

  #pass(came: number, [from, n, body]: [from: string, n: unknown, body: unknown]): void {
    // Timers are up to a millisecond late, so that the last one is waited out.
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      while (performance.now() < came + this.#delayMs);
      const entry = said(++this.#seq, String(body), from, Number(n));
      for (const member of this.#members) member.entries(entry);
    }, this.#delayMs - 2);
    this.#timers.add(timer);
  }
}

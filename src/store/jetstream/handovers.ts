/**
 * Clients on their way from one node to another: the one that has a client now asks the one that
 * had it up to where its messages are stored, and that one answers when nothing more comes from it.
 *
 * @module
 */

import type { NodeBus } from "./node_bus.ts";

/** Clients that this node has asked for and got no answer about. */
export class Handovers {
  readonly #bus: Pick<NodeBus, "say">;
  readonly #asked = new Map<string, (n: number | undefined) => void>();

  /** Makes what a node has when it has asked for nobody. */
  constructor(bus: Pick<NodeBus, "say">) {
    this.#bus = bus;
  }

  /**
   * Says that a client is at this node, or may be where that `isLate`, and waits at most `ms`
   * milliseconds for the node where it was. Resolves with the number of its last message that is
   * stored; undefined where that is not known for certain. Other nodes may answer as well where it
   * was before that, and which have not heard that it went on: they know less.
   */
  async ask(
    clientId: string,
    claim: number,
    node: string,
    ms: number,
    isLate = false,
  ): Promise<number | undefined> {
    const key = `${node} ${clientId} ${claim}`;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#asked.set(key, resolve);
    this.#bus.say("taken", clientId, claim, isLate);
    const timer = setTimeout(() => resolve(undefined), ms);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(key);
    }
  }

  /** Answers a node that has asked, as soon as it is known what of a client is stored. */
  async answer(
    clientId: string,
    claim: number,
    stored: Promise<number | undefined>,
  ): Promise<void> {
    this.#bus.say("left", clientId, claim, await stored);
  }

  /** Takes the answer of a node in, whoever asked. */
  answered(node: string, clientId: string, claim: number, n: number | undefined): void {
    this.#asked.get(`${node} ${clientId} ${claim}`)?.(n);
  }
}

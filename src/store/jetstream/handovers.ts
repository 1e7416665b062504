/**
 * Clients on their way from one node to another: the new node asks the older one for the last
 * stored number, and that one answers once nothing more comes from it.
 *
 * @module
 */

import type { NodeBus } from "./node_bus.ts";

/** The questions of this node about clients that are not answered yet. */
export class Handovers {
  readonly #bus: Pick<NodeBus, "say">;
  readonly #asked = new Map<string, (n: number | undefined) => void>();

  /** Makes the handovers of a node that has asked nothing yet. */
  constructor(bus: Pick<NodeBus, "say">) {
    this.#bus = bus;
  }

  /**
   * Says that a client is at this node, or may be if that `isLate`, and waits at most `ms`
   * milliseconds for the node where it was. Resolves with the number of its last stored message;
   * undefined where that is not certain. Nodes where it was even earlier may answer too, if they
   * missed that it went on: they know less, and are ignored.
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

  /** Answers a node that has asked, once the last stored number of the client is known. */
  async answer(
    clientId: string,
    claim: number,
    stored: Promise<number | undefined>,
  ): Promise<void> {
    this.#bus.say("left", clientId, claim, await stored);
  }

  /** Takes in the answer of a node, to whichever node. */
  answered(node: string, clientId: string, claim: number, n: number | undefined): void {
    this.#asked.get(`${node} ${clientId} ${claim}`)?.(n);
  }
}

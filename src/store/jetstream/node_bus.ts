/**
 * Words of nodes to each other that are not in a stream: they may get lost, and each node hears its
 * own too.
 *
 * @module
 */

import type { JetStreamLink } from "./link.ts";

/** Words that are heard of the nodes, each by its id. */
export interface NodeWords {
  /** A node lives, and said so at this time of its own monotonic clock, in milliseconds. */
  alive(node: string, at: number): void;
  /**
   * A client is at a node now; `claim` is the place of that in the order of all claims. With `isLate`
   * it came there a while ago, and may have gone on to another node since.
   */
  taken(node: string, clientId: string, claim: number, isLate: boolean): void;
  /**
   * A node has let go of a client that another one has taken with `claim`, and its messages up to
   * `n` are stored; undefined: and perhaps more.
   */
  left(node: string, clientId: string, claim: number, n: number | undefined): void;
  /** A node has deleted a room, in the life of its log that `epoch` names. */
  deleted(node: string, roomId: string, epoch: string): void;
}

/** Says and hears words by way of NATS. */
export class NodeBus {
  readonly #node: string;
  readonly #link: Pick<JetStreamLink, "subject" | "say" | "listen">;

  /** Makes the bus as the node with this id has it. */
  constructor(node: string, link: Pick<JetStreamLink, "subject" | "say" | "listen">) {
    this.#node = node;
    this.#link = link;
  }

  /** Says something for this node: see {@linkcode NodeWords}. */
  say<Word extends keyof NodeWords>(word: Word, ...of: TailOf<Parameters<NodeWords[Word]>>): void {
    const text = [this.#node, ...of.map((part) => part ?? "")].join(" ");
    this.#link.say(this.#link.subject("node", word), text);
  }

  /** Hears all nodes, this one included, from now on. */
  listen(heard: NodeWords): void {
    this.#on("alive", (node, at) => heard.alive(node, Number(at)));
    this.#on("taken", (node, id, claim, isLate) => {
      heard.taken(node, id, Number(claim), isLate === "true");
    });
    this.#on("left", (node, id, claim, n) => {
      heard.left(node, id, Number(claim), n === "" ? undefined : Number(n));
    });
    this.#on("deleted", (node, roomId, epoch) => heard.deleted(node, roomId, epoch));
  }

  #on(
    word: keyof NodeWords,
    heard: (node: string, first: string, second: string, third: string) => void,
  ): void {
    this.#link.listen(this.#link.subject("node", word), ({ text }) => {
      const [node = "", first = "", second = "", third = ""] = text.split(" ");
      heard(node, first, second, third);
    });
  }
}

type TailOf<List extends unknown[]> = List extends [unknown, ...infer Tail] ? Tail : never;

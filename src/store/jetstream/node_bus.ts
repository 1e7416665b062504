/**
 * Words of nodes to each other, outside of the streams: they may get lost, and each node also hears
 * its own.
 *
 * @module
 */

import type { JetStreamLink } from "./link/link.ts";

/** The words of nodes; `node` is the id of the one that said it. */
export interface NodeWords {
  /** A node lives, and said so at this time of its own monotonic clock, in milliseconds. */
  alive(node: string, at: number): void;
  /**
   * A client is at a node now; `claim` is the position of that in the order of all claims. With
   * `isLate` it came there a while ago, and may have gone on to another node since.
   */
  taken(node: string, clientId: string, claim: number, isLate: boolean): void;
  /**
   * A node has handed over a client that another one has taken with `claim`. The last of its stored
   * messages is `n`; undefined where that is not certain.
   */
  left(node: string, clientId: string, claim: number, n: number | undefined): void;
  /** A person has read on in a room whose log has this epoch. */
  read(node: string, person: string, roomId: string, epoch: string, seq: number): void;
  /** A node has revoked tokens of somebody from before a time, in milliseconds since 1970. */
  revoked(node: string, sub: string, before: number): void;
  /** A node has deleted a room whose log had this epoch. */
  deleted(node: string, roomId: string, epoch: string): void;
}

/** Says and hears words through NATS. */
export class NodeBus {
  readonly #node: string;
  readonly #link: Pick<JetStreamLink, "subject" | "say" | "listen">;

  /** Makes the bus of the node with this id. */
  constructor(node: string, link: Pick<JetStreamLink, "subject" | "say" | "listen">) {
    this.#node = node;
    this.#link = link;
  }

  /** Says a word of this node: see {@linkcode NodeWords}. */
  say<Word extends keyof NodeWords>(word: Word, ...of: TailOf<Parameters<NodeWords[Word]>>): void {
    const text = [this.#node, ...of.map((part) => encodeURIComponent(part ?? ""))].join(" ");
    this.#link.say(this.#link.subject("node", word), text);
  }

  /** Listens to all nodes, this one included, from now on. */
  listen(heard: NodeWords): void {
    this.#on("alive", (node, at) => heard.alive(node, Number(at)));
    this.#on("taken", (node, id, claim, isLate) => {
      heard.taken(node, id, Number(claim), isLate === "true");
    });
    this.#on("left", (node, id, claim, n) => {
      heard.left(node, id, Number(claim), n === "" ? undefined : Number(n));
    });
    this.#on("read", (node, person, roomId, epoch, seq) => {
      heard.read(node, person, roomId, epoch, Number(seq));
    });
    this.#on("revoked", (node, sub, before) => heard.revoked(node, sub, Number(before)));
    this.#on("deleted", (node, roomId, epoch) => heard.deleted(node, roomId, epoch));
  }

  #on(
    word: keyof NodeWords,
    heard: (
      node: string,
      first: string,
      second: string,
      third: string,
      fourth: string,
    ) => void,
  ): void {
    this.#link.listen(this.#link.subject("node", word), ({ text }) => {
      const [node = "", first = "", second = "", third = "", fourth = ""] = wordsIn(text);
      heard(node, first, second, third, fourth);
    });
  }
}

/** The words of a text, each as it was said; none where somebody else has written it. */
function wordsIn(text: string): string[] {
  try {
    return text.split(" ").map(decodeURIComponent);
  } catch {
    return [];
  }
}

type TailOf<List extends unknown[]> = List extends [unknown, ...infer Tail] ? Tail : never;

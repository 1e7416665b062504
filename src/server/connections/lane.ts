// This module is pure: no sockets, no clock, no Deno.

/**
 * A part of a line, in which each gets its turn.
 *
 * @module
 */

/** So much of a turn an item may have before it is that of the next one. What it has beyond is taken off the next time. */
const QUANTUM = 64;

/** The outcome of a turn of an item. */
export interface Served {
  /** The amount that it has sent, in sends. */
  readonly cost: number;
  /** True where it has more. */
  readonly more: boolean;
}

/**
 * Those with output. The scheme is that of FQ-CoDel (RFC 8290): deficit round robin in which whoever
 * has something after a while goes before those who have always more. Such an item is kept among the
 * others for one round when it is done, so that many who come again and again starve nobody.
 */
export class Lane<Item> {
  readonly #serve: (item: Item, much: number) => Served;
  /** Those that have not been served since they have output, in the order in which they got it. */
  readonly #fresh = new Set<Item>();
  /** The others in the order of their turns, and what each had beyond its quantum; undefined for those that are done. */
  readonly #others = new Map<Item, number | undefined>();
  /** Those among them that were served in part. */
  readonly #going = new Set<Item>();
  /** Those among these that have got more output meanwhile. */
  readonly #again = new Set<Item>();
  /** Those that have come to that, and will be among the others in the next turn. */
  readonly #next = new Map<Item, number>();
  /** The number of those with output. */
  #busy = 0;
  #grown = false;

  /** Makes an empty lane; `serve` sends what an item has when its turn has come, and about so `much` of it. */
  constructor(serve: (item: Item, much: number) => Served) {
    this.#serve = serve;
  }

  /** True where nobody has output. */
  get empty(): boolean {
    return this.#busy === 0;
  }

  /** True while an item is served in part. */
  get goesOn(): boolean {
    return this.#going.size > 0;
  }

  /** True where an item has got output since the last turn that may share frames with more. */
  get grown(): boolean {
    return this.#grown;
  }

  /**
   * Puts an item with output in line, unless it is there; `grows` says whether that may share frames
   * with more. One that was served in part is served again when that is over.
   */
  add(item: Item, grows: boolean): void {
    if (this.#fresh.has(item)) return;
    // Nearly always there are no others, and a look is saved.
    if (this.#busy > this.#fresh.size && this.#isServed(item)) return;
    this.#busy++;
    if (grows) this.#grown = true;
    if (this.#others.size > 0 && this.#others.has(item)) this.#others.set(item, 0);
    else this.#fresh.add(item);
  }

  /** Serves the fresh ones, then the others, until that has cost so `much`; returns what it did. */
  turn(much: number): number {
    this.#grown = false;
    if (this.#next.size > 0) {
      for (const [item, beyond] of this.#next) this.#others.set(item, beyond);
      this.#next.clear();
    }
    const spent = this.#serveTurn(much);
    if (this.#busy === 0) this.#others.clear();
    return spent;
  }

  /** Says whether an item that is not fresh has output already, and notes that it has more where it is served in part. */
  #isServed(item: Item): boolean {
    if (!this.#going.has(item)) return this.#next.has(item) || this.#others.get(item) !== undefined;
    this.#again.add(item);
    return true;
  }

  #serveTurn(much: number): number {
    let spent = 0;
    for (const item of this.#fresh) {
      if (spent >= much) return spent;
      this.#fresh.delete(item);
      spent += this.#serveOne(item, 0);
      if (this.#others.size > 0 && !this.#others.has(item)) this.#others.set(item, undefined);
    }
    // Who is not done comes again behind the others, in the same turn too.
    for (const [item, beyond] of this.#others) {
      if (spent >= much) return spent;
      this.#others.delete(item);
      if (beyond !== undefined) spent += this.#serveOne(item, beyond);
    }
    return spent;
  }

  #serveOne(item: Item, beyond: number): number {
    const much = QUANTUM - beyond;
    const { cost, more } = this.#serve(item, much);
    const rest = Math.min(QUANTUM - 1, Math.max(0, cost - much));
    if (more) {
      this.#going.add(item);
      this.#others.set(item, rest);
      return cost;
    }
    if (this.#going.size === 0 || !this.#going.delete(item) || !this.#comesAgain(item, rest)) {
      this.#busy--;
    }
    return cost;
  }

  /** Puts an item that is done in line for the next turn, if it has got more output meanwhile; says whether it has. */
  #comesAgain(item: Item, rest: number): boolean {
    if (!this.#again.delete(item)) return false;
    this.#next.set(item, rest);
    this.#grown = true;
    return true;
  }
}

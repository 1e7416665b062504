/**
 * Who has how much of what there is only so much of, and who has the most.
 *
 * @module
 */

import { Levels, Order } from "./order.ts";

const NOTHING = new Order<never>();

/** Things by their owners. Everything here takes constant time. */
export class Shares<Owner, Item> {
  readonly #byOwner = new Map<Owner, Order<Item>>();
  readonly #ownerOf = new Map<Item, Owner>();
  /** The owners by the number of what they have. */
  readonly #bySize = new Levels<Owner>();

  /** The number of things. */
  get size(): number {
    return this.#ownerOf.size;
  }

  /** Takes in what an owner has, behind all else of it, unless it has that already; nobody else has it any more. */
  add(owner: Owner, item: Item): void {
    if (this.#ownerOf.get(item) === owner) return;
    this.delete(item);
    const items = this.#byOwner.get(owner) ?? new Order();
    this.#byOwner.set(owner, items);
    this.#ownerOf.set(item, owner);
    items.add(item);
    this.#bySize.put(owner, items.size);
  }

  /** Forgets a thing, if it is here. */
  delete(item: Item): void {
    if (!this.#ownerOf.has(item)) return;
    const owner = this.#ownerOf.get(item)!;
    const items = this.#byOwner.get(owner)!;
    this.#ownerOf.delete(item);
    items.delete(item);
    if (items.size > 0) {
      this.#bySize.put(owner, items.size);
    } else {
      this.#byOwner.delete(owner);
      this.#bySize.delete(owner);
    }
  }

  /**
   * All that the owner has who has the most, the oldest first; of several with as much, the one who
   * has had so much for the longest time. Nothing where nobody has anything.
   */
  get largest(): Pick<Order<Item>, "first" | "size" | typeof Symbol.iterator> {
    const owner = this.#bySize.highest;
    return this.#byOwner.get(owner!) ?? NOTHING;
  }
}

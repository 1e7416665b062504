/**
 * Makes links into rooms, and checks those that people come with. A link is signed for its room, so
 * that it is known for one whether or not there is such a room.
 *
 * @module
 */

import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import {
  type Caveat,
  encodeCaveat,
  encodeLink,
  type LinkTerms,
  readLink,
  termsOf,
} from "../../protocol/links.ts";
import { sameSecret } from "./ids.ts";

/** Signs the chain of a link. A signature is 32 characters that hold 160 bits. */
export interface LinkSigner {
  /** Signs the id of a link into a room, with a key that only servers have. */
  first(roomId: string, id: string): string;
  /** Signs a caveat with the signature before it as the key: whoever has a link can do that. */
  next(signature: string, caveat: string): string;
}

/** A link that somebody comes with: it was made for the room, and is for this person. */
export interface CheckedLink extends Pick<LinkTerms, "id" | "role" | "until"> {
  /** The counters of its uses, by names that say nothing of the link, each with the most of them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The characters of the name of a counter, which hold 60 bits. */
const COUNTER_CHARS = 12;

/** Links that one server signs, or several with the same secret. */
export class Links {
  readonly #signer: LinkSigner;

  /** Signs by this. */
  constructor(signer: LinkSigner) {
    this.#signer = signer;
  }

  /** Makes a link into a room. */
  make(roomId: string, id: string, ...terms: readonly Caveat[]): string {
    const caveats = terms.map(encodeCaveat);
    return encodeLink({ id, caveats, signature: this.#chain(roomId, id, caveats).at(-1)! });
  }

  /**
   * Checks a link of somebody who is `person`, a `sub` or a client id; returns why it is none into that
   * room, or for somebody else. Whether it still counts is for the room to say.
   */
  check(text: string, roomId: string, person: string): CheckedLink | ChatError {
    const link = readLink(text);
    const terms = link && termsOf(link);
    if (link === undefined || terms === undefined) return invalid(roomId);
    const chain = this.#chain(roomId, link.id, link.caveats);
    if (!sameSecret(chain.at(-1)!, link.signature)) return invalid(roomId);
    if (terms.to.some((to) => to !== person)) {
      return stacklessError("link_invalid", "The link is for somebody else");
    }
    const { id, role, until } = terms;
    const counts = [...terms.uses].map(([place, most]) =>
      [this.#signer.next(chain[place + 1]!, "uses").slice(0, COUNTER_CHARS), most] as const
    );
    return { id, role, until, counts: Object.fromEntries(counts) };
  }

  /** The signatures of a link: that of its id, and one behind each caveat. */
  #chain(roomId: string, id: string, caveats: readonly string[]): string[] {
    const chain = [this.#signer.first(roomId, id)];
    for (const caveat of caveats) chain.push(this.#signer.next(chain.at(-1)!, caveat));
    return chain;
  }
}

function invalid(roomId: string): ChatError {
  return stacklessError("link_invalid", `This is no link into room ${roomId}`);
}

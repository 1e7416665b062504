/**
 * The end of a message, as one value that tests compare.
 *
 * @module
 */

import { assert } from "@std/assert";
import { type Acknowledgement, SendError } from "../../client.ts";
import { bounded } from "../support/waiting.ts";

/** Resolves with the `seq` of a message that is stored, or with whether it may be. */
export function fate(send: Promise<Acknowledgement>): Promise<number | boolean> {
  const settled = send.then(({ seq = NaN }) => seq, (error) => {
    assert(error instanceof SendError, String(error));
    return error.mayBeStored;
  });
  return bounded(settled, () => "a send hangs");
}

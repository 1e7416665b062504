/**
 * The shape of an oracle: a function that is told what happens in a simulated world, and returns a sentence
 * where that is not so.
 *
 * @module
 */

import type { Entry } from "../../src/protocol/frames.ts";
import type { LogLine } from "../support/recording_logger.ts";
import type { LogBook } from "./log_book.ts";
import type { Observation } from "./observation.ts";
import type { ServerNode } from "./server_node.ts";
import type { World } from "./world.ts";

/** Everything that oracles are told. */
export type Sight =
  | Observation
  /** An entry is in a log for the first time. */
  | { type: "stored"; book: LogBook; entry: Entry }
  /** A server has logged a line. */
  | { type: "logged"; node: ServerNode; line: LogLine }
  /** Half a second has passed. */
  | { type: "tick" }
  /** All faults are over, and what came of them should be: from now on nothing changes by itself. */
  | { type: "mended" }
  /** All faults are over, and there was time enough to mend. */
  | { type: "calm" }
  /** Everybody had time to say one more thing in each room, and to see that it is stored. */
  | { type: "settled" }
  /** Everybody has gone home, and the rooms had time to end. */
  | { type: "empty" }
  /** A server has closed. */
  | { type: "closed"; node: ServerNode };

/** Says what is wrong with what has just happened; undefined where nothing is. */
export type Oracle = (sight: Sight, world: World) => string | undefined;

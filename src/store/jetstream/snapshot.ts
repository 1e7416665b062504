/**
 * The members and the charter of a room as they are kept in the streams, besides its log.
 *
 * @module
 */

import type { MemberInfo } from "../../protocol/frames.ts";
import type { KeptJudgement } from "../cluster/judgement.ts";

/** The node that spoke last for a member, and the `seq` of that entry. */
export interface Speaker {
  node: string;
  seq: number;
}

/** The members at a position of the log, kept in the stream, as older entries fall off the log. */
export interface Snapshot {
  epoch: string;
  seq: number;
  quiet: boolean;
  members: (MemberInfo & { speaker: Speaker })[];
  /** The charter and the void entries at that position; missing from nodes of earlier versions. */
  judged?: KeptJudgement;
}

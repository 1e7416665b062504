/**
 * The members of a room as one node sees them, with the node that speaks for each, and the list of
 * them that is kept next to the log.
 *
 * @module
 */

import type { PresenceEntry } from "../../protocol/frames.ts";
import { Roster } from "../../protocol/roster.ts";
import type { KeptJudgement } from "../cluster/judgement.ts";
import type { JetStreamLink } from "./link/link.ts";
import type { Snapshot, Speaker } from "./snapshot.ts";

/** The part of the link to NATS that it needs. */
export type RosterLink = Pick<JetStreamLink, "subject" | "last" | "publish">;

/** The members of one room. */
export class KeptRoster {
  readonly roster = new Roster();
  /** The node that spoke last for each member. */
  readonly speakers = new Map<string, Speaker>();
  /** Set where the roster follows from the log since its beginning, or since a kept list. */
  isKnown = true;
  readonly #link: RosterLink;
  readonly #subject: string;
  readonly #epoch: string;
  /** The `seq` for which the kept list was right. */
  #at = 0;
  /** Set where something has changed since it was kept; and the number of entries since. */
  #hasChanged = false;
  #since = 0;

  /** Makes an empty roster of the room with this id and this epoch of its own. */
  constructor(link: RosterLink, id: string, epoch: string) {
    this.#link = link;
    this.#subject = link.subject("roster", id);
    this.#epoch = epoch;
  }

  /** The `seq` up to which the kept list says all. */
  get at(): number {
    return this.#at;
  }

  /** Notes that something changed that is kept with the list. */
  change(): void {
    this.#hasChanged = true;
  }

  /** Counts an entry of the log. */
  count(): void {
    this.#since++;
  }

  /** Says whether it is time to keep it: the log, of `kept` entries, would soon lose what it follows from. */
  isDue(kept: number): boolean {
    return this.#since > kept / (this.#hasChanged ? 4 : 2);
  }

  /** Follows a presence entry that was published by `node`. */
  apply(entry: PresenceEntry, node: string): void {
    this.roster.apply(entry);
    const { from, seq } = entry;
    if (this.roster.members.has(from)) this.speakers.set(from, { node, seq });
    else this.speakers.delete(from);
    if (this.roster.quiet) this.speakers.clear();
    this.#hasChanged = true;
  }

  /** Reads the list that is kept. */
  async read(): Promise<Snapshot | undefined> {
    const kept = await this.#link.last(this.#subject);
    return kept && JSON.parse(kept.text);
  }

  /** Continues from a kept list, if that is not older than a log that is at `head`; says whether it is not. */
  recall(snapshot: Snapshot | undefined, head: number): snapshot is Snapshot {
    if (snapshot?.epoch !== this.#epoch || snapshot.seq < head) return false;
    this.#at = snapshot.seq;
    this.isKnown = true;
    this.speakers.clear();
    for (const { client_id, speaker } of snapshot.members) this.speakers.set(client_id, speaker);
    const members = snapshot.members.map(({ speaker: _, ...member }) => member);
    this.roster.reset(members, snapshot.quiet);
    return true;
  }

  /** Keeps the list as it is at `seq`; resolves with `false` where that may have failed. */
  async keep(seq: number, judged: KeptJudgement): Promise<boolean> {
    this.#since = 0;
    this.#hasChanged = false;
    const snapshot: Snapshot = {
      epoch: this.#epoch,
      seq,
      quiet: this.roster.quiet,
      members: [...this.roster.members.values()].flatMap((member) => {
        const speaker = this.speakers.get(member.client_id);
        return speaker === undefined ? [] : [{ ...member, speaker }];
      }),
      judged,
    };
    const { type } = await this.#link.publish(this.#subject, JSON.stringify(snapshot));
    if (type !== "stored") this.#hasChanged = true;
    return type === "stored";
  }
}

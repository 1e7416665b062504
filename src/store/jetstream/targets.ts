/**
 * Finds the messages that drafts are about, wherever they are, and what a redaction has to bring.
 *
 * @module
 */

import type { Log } from "../../core/log/log.ts";
import { personOf } from "../../core/log/message_states.ts";
import { encodeRedacted, withSeq } from "../../protocol/encode.ts";
import type { ClientDraft, Entry } from "../../protocol/frames.ts";
import { asciiJson } from "../cluster/ascii_json.ts";
import { encodeRemains, type Remain, remainOf, textOfRemain } from "../cluster/remains.ts";
import type { StreamedStates } from "../cluster/streamed_states.ts";
import type { JetStreamLink } from "./link/link.ts";

/** The part of the link to NATS that it needs. */
export type TargetsLink = Pick<JetStreamLink, "subject" | "entry">;

/** The part of an open room that it needs. */
export interface TargetRoom {
  readonly id: string;
  readonly log: Log;
  readonly states: StreamedStates;
  /** Says whether the entry at `seq` is void. */
  isVoid(seq: number): boolean;
}

/** The headers of a draft that is about a message: see `PublishOptions`. */
export interface TargetHeaders {
  readonly about: string;
  readonly remains?: string;
}

/** The edits that are read at the same time. */
const READ_AT_ONCE = 16;

/**
 * Finds the message that a draft answers or changes; undefined where the room has none. Rejects where
 * the stream cannot be read.
 */
export async function aboutOf(
  link: TargetsLink,
  room: TargetRoom,
  draft: ClientDraft,
): Promise<TargetHeaders | undefined> {
  const { re } = draft;
  if (re === undefined) return undefined;
  const isRedaction = "redact" in draft;
  const found = (isRedaction ? undefined : inMemory(room, re)) ?? await remainAt(link, room, re);
  if (found === undefined) return undefined;
  const entry: Entry = JSON.parse(textOfRemain(found));
  if (!("body" in entry)) return undefined;
  const about = asciiJson(personOf(entry));
  if (!isRedaction) return { about };
  // More may come while they are read: then the redaction is void, and made again.
  const edits = [...room.states.editsOf(re)];
  const left = [found];
  for (let i = 0; i < edits.length; i += READ_AT_ONCE) {
    const some = edits.slice(i, i + READ_AT_ONCE).map((seq) => remainAt(link, room, seq));
    left.push(...(await Promise.all(some)).filter((remain) => remain !== undefined));
  }
  return { about, remains: encodeRemains({ edit: edits.at(-1) ?? 0, left }) };
}

/** Finds what would remain of an entry: in the stream, where that has it. */
async function remainAt(
  link: TargetsLink,
  room: TargetRoom,
  seq: number,
): Promise<Remain | undefined> {
  const known = room.states.remainOf(seq);
  if (known !== undefined || seq > room.log.head || room.isVoid(seq)) return known;
  const entry = await link.entry(link.subject("room", room.id), seq);
  if (entry === undefined) return inMemory(room, seq);
  return remainOf(seq, encodeRedacted(withSeq(seq, entry.text)), entry.about);
}

/** Finds what would remain of an entry in memory, where nobody needs to know what it is about. */
function inMemory({ log }: TargetRoom, seq: number): Remain | undefined {
  const text = log.find(seq);
  return text === undefined ? undefined : remainOf(seq, encodeRedacted(text), "");
}

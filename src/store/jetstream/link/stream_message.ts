/**
 * Messages of the stream of the rooms, and the headers in which the nodes of a cluster tell each other
 * of entries.
 *
 * @module
 */

import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import { wellFormedJson } from "../../../protocol/utf8.ts";
import { parsePosition, type PositionedEntry, textOfPosition } from "../../cluster/continuity.ts";
import type { Remain } from "../../cluster/remains.ts";
import type { PublishOptions } from "./publish.ts";

/** A message of the stream, live or read. */
export interface StreamMessage extends PositionedEntry {
  seq: number;
  /** The `seq` of the message before it on its subject; NaN where it is not known. */
  before: number;
  /** The id under which it was published. */
  id: string;
  /** The id of the node that published it, where it has one. */
  node: string;
  /** Its author, as {@linkcode encodeAuthor} writes it. */
  by: string;
  /** The person whose message it answers or changes, as JSON; empty where there is none. */
  about: string;
  /** The remains of entries that it redacts, as {@linkcode encodeRemains} writes it; else empty. */
  remains: string;
  text: string;
  /** Set where it is what remains of an entry that was erased. */
  isLeft?: true;
}

/** The headers of NATS and of Parley. */
const HEADER = {
  id: "Nats-Msg-Id",
  seq: "Nats-Sequence",
  before: "Nats-Last-Sequence",
  node: "Parley-Node",
  position: "Parley-Place",
  by: "Parley-By",
  about: "Parley-About",
  remains: "Parley-Remains",
  rollup: "Nats-Rollup",
};

/**
 * A header that every stream refuses, but only after a look for duplicates. A condition on the
 * newest message would do for some NATS only: 2.15 checks that first, and so does 2.9 with
 * replicas.
 */
const NO_ROLLUP = "never";

const decoder = new TextDecoder();

/** Sets the headers of a message that is to be published. */
export function withHeaders(
  headers: MsgHdrs,
  { node, position, by = "", about, remains, isQuestion = false }: PublishOptions,
): MsgHdrs {
  if (node !== undefined) headers.set(HEADER.node, node);
  if (position !== undefined) headers.set(HEADER.position, textOfPosition(position));
  if (by !== "") headers.set(HEADER.by, by);
  if (about !== undefined) headers.set(HEADER.about, about);
  if (remains !== undefined) headers.set(HEADER.remains, remains);
  if (isQuestion) headers.set(HEADER.rollup, NO_ROLLUP);
  return headers;
}

/** Reads a message; its `seq` is NaN where NATS does not say it with it. */
export function readMessage({ headers, data }: Pick<Msg, "headers" | "data">): StreamMessage {
  const about = headers?.get(HEADER.about) ?? "";
  return {
    seq: Number(headers?.get(HEADER.seq)),
    before: Number(headers?.get(HEADER.before)),
    id: headers?.get(HEADER.id) ?? "",
    node: headers?.get(HEADER.node) ?? "",
    by: headers?.get(HEADER.by) ?? "",
    about,
    remains: about === "" ? "" : headers?.get(HEADER.remains) ?? "",
    position: parsePosition(headers?.get(HEADER.position) ?? ""),
    text: wellFormedJson(decoder.decode(data)),
  };
}

/** Makes a message of what remains of an entry that was erased. */
export function leftMessage({ seq, text, about }: Remain): StreamMessage {
  const unknown = { before: NaN, id: "", node: "", by: "", remains: "", position: undefined };
  return { ...unknown, seq, text, about, isLeft: true };
}

/**
 * The golden frames of `testdata/frames.json`, typed. The file itself belongs to no
 * language, so that other implementations can be tested with it too.
 *
 * @module
 */

import type { Dialect } from "../../src/protocol/frames.ts";
import golden from "../testdata/frames.json" with { type: "json" };

/** The meaning of a frame; `kind` or `action` says which other fields there are. */
export type Meaning = Record<string, unknown>;

interface Golden {
  name: string;
  dialect: Dialect;
  text: string;
  /** JSON Pointers to what makes no difference; an empty one is the whole frame. */
  mustIgnore: string[];
}

/** A frame of a client, and what it means or which error it is. */
export interface ClientGolden extends Golden {
  means: Meaning | undefined;
  error: string | undefined;
}

/** A frame of a server, and what it means to the client that is {@linkcode YOU}. */
export interface ServerGolden extends Golden {
  means: Meaning;
  /** `true` where only a later version of the protocol says so. */
  later: boolean;
}

interface Raw {
  name: string;
  dialect: Dialect;
  text: string;
  fill?: { mark: string; with: string; times: number };
  means?: Meaning;
  error?: string;
  must_ignore?: string[];
  later?: boolean;
}

/** Which client the frames of a server are for, and what it has of its room. */
export const YOU: { client_id: string; room_id: string; cursor: number } = golden.you;

/** Frames of clients. */
export const CLIENT_FRAMES: ClientGolden[] = (golden.client_to_server as Raw[]).map(
  ({ name, dialect, text, fill, means, error, must_ignore = [] }) => ({
    name,
    dialect,
    text: filled(text, fill),
    mustIgnore: must_ignore,
    means: means === undefined ? undefined : JSON.parse(filled(JSON.stringify(means), fill)),
    error,
  }),
);

/** Frames of servers. */
export const SERVER_FRAMES: ServerGolden[] = (golden.server_to_client as Raw[]).map(
  ({ name, dialect, text, means = {}, must_ignore = [], later = false }) => ({
    name,
    dialect,
    text,
    mustIgnore: must_ignore,
    means,
    later,
  }),
);

/** A frame as it was read, without what must be ignored; undefined where that is all of it. */
export function essence({ text, mustIgnore }: Golden): unknown {
  const frame = JSON.parse(text);
  for (const pointer of mustIgnore) {
    if (pointer === "") return undefined;
    const path = pointer.slice(1).split("/");
    const field = path.pop()!;
    const parent = path.reduce((value, key) => value[key], frame);
    if (!Object.hasOwn(parent, field)) throw new RangeError(`There is no ${pointer} in ${text}`);
    delete parent[field];
  }
  return frame;
}

function filled(text: string, fill: Raw["fill"]): string {
  return fill === undefined ? text : text.replace(fill.mark, fill.with.repeat(fill.times));
}

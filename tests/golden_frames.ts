/**
 * The golden frames of `testdata/frames.json`, typed. The file itself belongs to no
 * language, so that other implementations can be tested with it too.
 *
 * @module
 */

import golden from "./testdata/frames.json" with { type: "json" };

/** A frame of a client, and what it means or which error it is. */
export interface ClientGolden {
  name: string;
  text: string;
  means: Record<string, unknown> | undefined;
  error: string | undefined;
}

/** A frame of a server. */
export interface ServerGolden {
  name: string;
  dialect: "plain" | "v1";
  text: string;
}

interface Raw {
  name: string;
  text: string;
  fill?: { mark: string; with: string; times: number };
  means?: Record<string, unknown>;
  error?: string;
}

/** What clients say. */
export const CLIENT_FRAMES: ClientGolden[] = (golden.client_to_server as Raw[]).map(
  ({ name, text, fill, means, error }) => ({
    name,
    text: filled(text, fill),
    means: means === undefined ? undefined : JSON.parse(filled(JSON.stringify(means), fill)),
    error,
  }),
);

/** What servers say. */
export const SERVER_FRAMES: ServerGolden[] = golden.server_to_client as ServerGolden[];

function filled(text: string, fill: Raw["fill"]): string {
  return fill === undefined ? text : text.replace(fill.mark, fill.with.repeat(fill.times));
}

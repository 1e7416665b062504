// This module is pure: no sockets, no clock, no Deno.

/**
 * Where NATS is, as it is written behind `--store`.
 *
 * @module
 */

/** Where the rooms are kept. */
export interface NatsAddress {
  /** The NATS servers, each as `host:port`, with an IPv6 address as `[::1]:4222`. */
  servers: string[];
  /** Who this is to them, where they ask. */
  user?: string;
  /** The password of `user`; without a user, a token. */
  password?: string;
  /** The first word of all subjects, and of the names of the streams. */
  name: string;
}

const HOST = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\]):\d+`;
const ADDRESS = new RegExp(`^nats://(?:([^@/]*)@)?(${HOST}(?:,${HOST})*)(?:/([\\w-]+))?$`);

/**
 * Reads `nats://[USER:PASSWORD@]HOST:PORT[,HOST:PORT …][/NAME]`; an IPv6 address stands in brackets.
 *
 * @throws {RangeError} where it is none.
 */
export function parseNatsAddress(text: string): NatsAddress {
  const [, who, hosts, name = "parley"] = ADDRESS.exec(text) ?? [];
  if (hosts === undefined) {
    const shown = JSON.stringify(text.replace(/\/\/.*@/, "//…@"));
    throw new RangeError(`--store must be like nats://HOST:PORT,HOST:PORT/NAME, not ${shown}`);
  }
  const [first = "", second] = who?.split(":").map(decodeURIComponent) ?? [];
  const password = second ?? first;
  return {
    servers: hosts.split(","),
    name,
    ...(second === undefined ? {} : { user: first }),
    ...(password === "" ? {} : { password }),
  };
}

// This module is pure: no sockets, no clock, no Deno.

/**
 * Where NATS is, as it is written behind `--store`.
 *
 * @module
 */

import { NAME, type NatsOptions, SERVER } from "../../store/jetstream/options.ts";

const ADDRESS = new RegExp(`^nats://(?:([^@/]*)@)?(${SERVER}(?:,${SERVER})*)(?:/(${NAME}))?$`);

/**
 * Reads `nats://[USER:PASSWORD@]HOST:PORT[,HOST:PORT …][/NAME]`; an IPv6 address stands in brackets.
 *
 * @throws {RangeError} where it is none.
 */
export function parseNatsAddress(text: string): NatsOptions {
  const [, who, hosts, name] = ADDRESS.exec(text) ?? [];
  if (hosts === undefined) {
    const shown = JSON.stringify(text.replace(/\/\/.*@/, "//…@"));
    throw new RangeError(`--store must be like nats://HOST:PORT,HOST:PORT/NAME, not ${shown}`);
  }
  const [first = "", second] = who?.split(":").map(decodeURIComponent) ?? [];
  const password = second ?? first;
  return {
    servers: hosts.split(","),
    ...(name === undefined ? {} : { name }),
    ...(second === undefined ? {} : { user: first }),
    ...(password === "" ? {} : { password }),
  };
}

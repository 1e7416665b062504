// This module is pure: no sockets, no clock, no Deno.

/**
 * Where a request comes from that proxies have handed on: `X-Forwarded-For`, and `Forwarded`
 * (RFC 7239). Anybody can write these, so that only what trusted proxies have added counts.
 *
 * @module
 */

import { type Address, isIn, type Network, parseAddress } from "./addresses.ts";
import type { Handshake } from "./handshake.ts";

/** The most characters that are read of a header. */
const MOST_CHARS = 4_096;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PAIR = `(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")`;
/** A pair of a hop with what is behind it: another pair, another hop, or the end. */
const PAIRS = new RegExp(`[ \\t]*${PAIR}[ \\t]*(;|,|$)`, "y");

/** An address with a port behind it, or an IPv6 address in brackets. */
const WITH_PORT = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/;

/**
 * The address that a request comes from whose connection is that of `peer`: of the hops that its
 * headers name, the right-most one that is not trusted. Where a trusted proxy names none that can be
 * read, or two headers that say different things, it is that of `peer`.
 */
export function clientOf(
  peer: Address,
  headers: Handshake["headers"],
  trusted: readonly Network[],
): Address {
  if (!isIn(peer, trusted)) return peer;
  const lists = [
    hopsOfList(headers.get("x-forwarded-for")),
    hopsOfForwarded(headers.get("forwarded")),
  ].filter((hops) => hops !== undefined);
  const [client = peer, other = client] = lists.map((hops) => firstUntrusted(peer, hops, trusted));
  // One of them is the client's own word, and which one only its proxy knows.
  return client.join() === other.join() ? client : peer;
}

/** The last hop that is not trusted; behind it, and behind one that cannot be read, nothing is believed. */
function firstUntrusted(
  peer: Address,
  hops: readonly (string | undefined)[],
  trusted: readonly Network[],
): Address {
  let nearest = peer;
  for (const hop of [...hops].reverse()) {
    const address = hop === undefined ? undefined : addressOfHop(hop);
    if (address === undefined) return nearest;
    if (!isIn(address, trusted)) return address;
    nearest = address;
  }
  return nearest;
}

function addressOfHop(hop: string): Address | undefined {
  const [, ipv6, ipv4] = WITH_PORT.exec(hop) ?? [];
  if (ipv6 !== undefined) return ipv6.includes(":") ? parseAddress(ipv6) : undefined;
  return parseAddress(ipv4 ?? hop);
}

/** The hops of `X-Forwarded-For`; undefined where there is none. */
function hopsOfList(header: string | null): (string | undefined)[] | undefined {
  // What is cut off lies on the client's side.
  return header?.slice(-MOST_CHARS).split(",").map((hop) => hop.trim());
}

/** The `for` of each hop of `Forwarded`; undefined where there is none. A header that breaks the rules has no hop that can be read. */
function hopsOfForwarded(header: string | null): (string | undefined)[] | undefined {
  if (header === null) return undefined;
  if (header.length > MOST_CHARS) return [undefined];
  const hops: (string | undefined)[] = [undefined];
  PAIRS.lastIndex = 0;
  while (PAIRS.lastIndex < header.length) {
    const found = PAIRS.exec(header);
    if (found === null) return [undefined];
    const [, name = "", token, quoted = "", end] = found;
    if (name.toLowerCase() === "for") {
      hops[hops.length - 1] = token ?? quoted.replace(/\\(.)/g, "$1");
    }
    if (end === ",") hops.push(undefined);
  }
  return hops;
}

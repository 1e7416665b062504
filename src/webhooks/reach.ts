// This module is pure: no sockets, no clock, no Deno.

/**
 * Addresses that webhooks may reach: those of the public internet, and networks that the
 * configuration names.
 *
 * @module
 */

import {
  type Address,
  isIn,
  type Network,
  parseAddress,
  parseNetwork,
} from "../server/admission/addresses.ts";

/** Networks of IPv4 that are not global (IANA's registry of special purposes), or for many at once. */
const SPECIAL_IPV4 = networksOf([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);

/** The networks of IPv6 that are given out to the internet. */
const GLOBAL_IPV6 = networksOf(["2000::/3"]);

/** Parts of these that are not global, or that lead on to an IPv4 address: Teredo and 6to4. */
const SPECIAL_IPV6 = networksOf(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);

function networksOf(texts: readonly string[]): Network[] {
  return texts.map((text) => parseNetwork(text)!);
}

/** Says whether an address is one of the public internet. */
export function isPublic(address: Address): boolean {
  if (address.length === 4) return !isIn(address, SPECIAL_IPV4);
  return isIn(address, GLOBAL_IPV6) && !isIn(address, SPECIAL_IPV6);
}

/**
 * Says whether a request may go to an address, given as text: to one in the `named` networks; and to
 * a public one where it is encrypted.
 */
export function mayReach(text: string, isEncrypted: boolean, named: readonly Network[]): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return isIn(address, named) || isEncrypted && isPublic(address);
}

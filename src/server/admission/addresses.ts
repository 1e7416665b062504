// This module is pure: no sockets, no clock, no Deno.

/**
 * Addresses of the internet: IPv4 (RFC 791) and IPv6 (RFC 4291), networks of them (RFC 4632), and
 * which of them count as one.
 *
 * @module
 */

/** The bytes of an address: 4 or 16. An IPv4 address within IPv6 (`::ffff:192.0.2.7`) has 4. */
export type Address = readonly number[];

/** The addresses that begin with the same `bits`. */
export interface Network {
  readonly address: Address;
  readonly bits: number;
}

/** A number from 0 to 255 without zeros before it: some read those as octal. */
const BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const IPV4 = new RegExp(`^${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}$`);
const GROUP = /^[0-9a-f]{1,4}$/i;

/** The most characters of an address with its zone. */
const MOST_CHARS = 100;
const BYTES_OF_IPV6 = 16;
/** The bytes before an IPv4 address within IPv6. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
/** The bits of an IPv6 address that name a network of one household or machine. */
const BITS_OF_IPV6_KEY = 64;

/** Reads an address; undefined where the text is none. The zone behind a `%` (RFC 4007) is left out. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MOST_CHARS) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const [address = "", zone] = text.split("%", 2);
  return zone === "" ? undefined : parseIpv6(address);
}

function parseIpv4(text: string): Address | undefined {
  return IPV4.exec(text)?.slice(1).map(Number);
}

function parseIpv6(text: string): Address | undefined {
  const [before = "", behind, more] = text.split("::");
  if (more !== undefined) return undefined;
  const first = bytesOf(before, behind === undefined);
  const last = behind === undefined ? [] : bytesOf(behind, true);
  if (first === undefined || last === undefined) return undefined;
  const missing = BYTES_OF_IPV6 - first.length - last.length;
  // "::" stands for one group at least.
  if (behind === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = [...first, ...Array<number>(missing).fill(0), ...last];
  return MAPPED.every((byte, i) => byte === bytes[i]) ? bytes.slice(MAPPED.length) : bytes;
}

/** The bytes of groups with colons between them; where they come last, an IPv4 address may end them. */
function bytesOf(text: string, areLast: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const ipv4 = areLast && i === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (GROUP.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 255);
    else return undefined;
  }
  return bytes;
}

/**
 * Reads a network, like `10.0.0.0/8` or `2001:db8::/32`; an address alone is a network of one. Bits
 * behind those that count may be set. Undefined where the text is none.
 */
export function parseNetwork(text: string): Network | undefined {
  const [written = "", size, more] = text.split("/");
  const address = parseAddress(written);
  if (address === undefined || more !== undefined) return undefined;
  const all = 8 * address.length;
  if (size === undefined) return { address, bits: all };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(size)) return undefined;
  // Of an IPv4 address within IPv6, the bits before it are counted too.
  const bits = written.includes(":") && address.length === 4 ? Number(size) - 96 : Number(size);
  return bits < 0 || bits > all ? undefined : { address, bits };
}

/** Says whether an address belongs to one of the networks. */
export function isIn(address: Address, networks: readonly Network[]): boolean {
  return networks.some((network) =>
    network.address.length === address.length &&
    address.every((byte, i) => {
      const bits = Math.min(8, Math.max(0, network.bits - 8 * i));
      return (byte ^ network.address[i]!) >> (8 - bits) === 0;
    })
  );
}

/**
 * Names what counts as one: an IPv4 address, or the /64 of an IPv6 address, which one household or
 * machine has to itself.
 */
export function keyOf(address: Address): string {
  if (address.length === 4) return address.join(".");
  const groups: string[] = [];
  for (let i = 0; i < BITS_OF_IPV6_KEY / 8; i += 2) {
    groups.push((address[i]! << 8 | address[i + 1]!).toString(16));
  }
  return `${groups.join(":")}::/${BITS_OF_IPV6_KEY}`;
}

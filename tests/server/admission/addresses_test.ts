import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  isIn,
  keyOf,
  parseAddress,
  parseNetwork,
} from "../../../src/server/admission/addresses.ts";
import { pure } from "../../support/pure.ts";

pure("parseAddress() reads IPv4, and nothing that some read otherwise", () => {
  assertEquals(parseAddress("192.0.2.7"), [192, 0, 2, 7]);
  assertEquals(parseAddress("0.0.0.0"), [0, 0, 0, 0]);
  assertEquals(parseAddress("255.255.255.255"), [255, 255, 255, 255]);
  const others = [
    "",
    "1",
    "2130706433",
    "0x7f.1",
    "127.1",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.4.",
    "1.2.3.4.5",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1.2.3.4:80",
    "١.2.3.4",
    "localhost",
  ];
  for (const text of others) assertEquals(parseAddress(text), undefined, text);
});

pure("parseAddress() reads IPv6 in each way that it is written", () => {
  const loopback = [...Array(15).fill(0), 1];
  const written: [text: string, bytes: number[]][] = [
    ["::", Array(16).fill(0)],
    ["::1", loopback],
    ["0:0:0:0:0:0:0:1", loopback],
    ["2001:db8::", [0x20, 1, 0x0d, 0xb8, ...Array(12).fill(0)]],
    ["2001:DB8::A:1", [0x20, 1, 0x0d, 0xb8, ...Array(9).fill(0), 10, 0, 1]],
    ["1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ["fe80::1%eth0", [0xfe, 0x80, ...Array(13).fill(0), 1]],
    ["64:ff9b::192.0.2.7", [0, 0x64, 0xff, 0x9b, ...Array(8).fill(0), 192, 0, 2, 7]],
  ];
  for (const [text, bytes] of written) assertEquals(parseAddress(text), bytes, text);
  const others = [
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "::1%",
    "::1.2.3",
    "1.2.3.4::",
    "[::1]",
    "::1/64",
    `::${"0".repeat(200)}`,
  ];
  for (const text of others) assertEquals(parseAddress(text), undefined, text);
});

pure("an IPv4 address within IPv6 is the IPv4 address", () => {
  for (const text of ["::ffff:192.0.2.7", "::FFFF:c000:207", "0:0:0:0:0:ffff:192.0.2.7"]) {
    assertEquals(parseAddress(text), [192, 0, 2, 7], text);
  }
  assertEquals(parseAddress("::192.0.2.7")?.length, 16);
});

pure("parseNetwork() reads a network, or an address as a network of one", () => {
  assertEquals(parseNetwork("10.0.0.0/8"), { address: [10, 0, 0, 0], bits: 8 });
  assertEquals(parseNetwork("192.0.2.7"), { address: [192, 0, 2, 7], bits: 32 });
  assertEquals(parseNetwork("::1")?.bits, 128);
  assertEquals(parseNetwork("0.0.0.0/0")?.bits, 0);
  assertEquals(parseNetwork("::ffff:10.0.0.0/104"), { address: [10, 0, 0, 0], bits: 8 });
  const others = ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10/8"];
  for (const text of [...others, "10.0.0.0/8/8", "::/129", "::ffff:10.0.0.0/95", "a/8"]) {
    assertEquals(parseNetwork(text), undefined, text);
  }
});

pure("isIn() compares as many bits as a network has", () => {
  const isInNetwork = (address: string, ...networks: string[]) =>
    isIn(parseAddress(address)!, networks.map((network) => parseNetwork(network)!));
  assertEquals(isInNetwork("10.255.0.1", "10.0.0.0/8"), true);
  assertEquals(isInNetwork("11.0.0.1", "10.0.0.0/8"), false);
  assertEquals(isInNetwork("192.0.2.127", "192.0.2.0/25"), true);
  assertEquals(isInNetwork("192.0.2.128", "192.0.2.0/25"), false);
  assertEquals(isInNetwork("192.0.2.7", "10.0.0.0/8", "192.0.2.7"), true);
  assertEquals(isInNetwork("::ffff:10.1.2.3", "10.0.0.0/8"), true);
  assertEquals(isInNetwork("10.1.2.3", "::/0"), false);
  assertEquals(isInNetwork("::1", "0.0.0.0/0"), false);
  assertEquals(isInNetwork("2001:db8:1::1", "2001:db8::/33"), true);
  assertEquals(isInNetwork("2001:db8:8000::1", "2001:db8::/33"), false);
  assertEquals(isInNetwork("10.0.0.1"), false);
});

pure("keyOf() names an IPv4 address, and the /64 of an IPv6 one", () => {
  const keys = ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8:0:7::1", "2001:db8:0:7:ffff::", "::1"];
  assertEquals(keys.map((text) => keyOf(parseAddress(text)!)), [
    "192.0.2.7",
    "192.0.2.7",
    "2001:db8:0:7::/64",
    "2001:db8:0:7::/64",
    "0:0:0:0::/64",
  ]);
});

pure(
  "all addresses are read as they were written, and are in the networks of their first bits",
  () => {
    const bytes = fc.constantFrom(4, 16).chain((length) =>
      fc.array(fc.nat(255), { minLength: length, maxLength: length })
    );
    fc.assert(fc.property(bytes, fc.nat(128), fc.nat(128), (address, size, flipped) => {
      const all = 8 * address.length;
      const groups = address.length === 4 ? address.map(String) : Array.from(
        { length: 8 },
        (_, i) => (address[2 * i]! << 8 | address[2 * i + 1]!).toString(16),
      );
      const text = groups.join(address.length === 4 ? "." : ":");
      const read = parseAddress(text);
      if (read?.length !== address.length) return assertEquals(keyOf(read!).includes("."), true);
      assertEquals(read, address);
      const bits = size % (all + 1);
      const network = parseNetwork(`${text}/${bits}`)!;
      assertEquals(isIn(address, [network]), true);
      const bit = flipped % all;
      const other = address.map((byte, i) => i === bit >> 3 ? byte ^ 128 >> (bit & 7) : byte);
      assertEquals(isIn(other, [network]), bit >= bits);
    }));
  },
);

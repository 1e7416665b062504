import { assertEquals } from "@std/assert";
import { parseNetwork } from "../../src/server/admission/addresses.ts";
import { mayReach } from "../../src/webhooks/reach.ts";
import { pure } from "../support/pure.ts";

const PUBLIC = [
  ...["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255"],
  ...["100.128.0.1", "11.0.0.1", "169.253.0.1", "192.167.255.255", "223.255.255.254"],
  ...["2606:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888", "::ffff:8.8.8.8"],
];

const SPECIAL = [
  ...["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255"],
  ...["127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255"],
  ...["192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1"],
  ...["198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255"],
  ...["240.0.0.1", "255.255.255.255"],
  ...["::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"],
  ...["64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::"],
  ...["3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1"],
  ...["ff02::1", "4000::1"],
];

pure("public addresses are reached with encryption only, and others not at all", () => {
  for (const address of PUBLIC) {
    assertEquals([mayReach(address, true, []), mayReach(address, false, [])], [true, false]);
  }
  for (const address of SPECIAL) {
    assertEquals([address, mayReach(address, true, [])], [address, false]);
  }
  for (const address of ["", "localhost", "127.1", "0x7f000001", "2130706433", "::g"]) {
    assertEquals(mayReach(address, true, [parseNetwork("0.0.0.0/0")!]), false);
  }
});

pure("a network that is named may be reached, with encryption or not", () => {
  const named = ["10.0.0.0/8", "fd00::/8"].map((network) => parseNetwork(network)!);
  for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"]) {
    assertEquals([mayReach(address, true, named), mayReach(address, false, named)], [true, true]);
  }
  assertEquals([mayReach("192.168.0.1", true, named), mayReach("8.8.8.8", false, named)], [
    false,
    false,
  ]);
});

/**
 * Places that webhooks must not reach, in all the ways in which they can be written.
 *
 * @module
 */

/** The port that is listened on. */
export const PORT = 8_443;

/** Hosts that are addresses. */
export const HOSTS: readonly string[] = [
  ...["127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "127.0.0.1.", "0", "0.0.0.0"],
  ...["2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001"],
  ...["①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1"],
  ...["10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.1.1"],
  ...["169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "100.100.100.200"],
  ...["100.64.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1"],
  ...["203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ...["[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]"],
  ...["[::ffff:7f00:1]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[::ffff:0:7f00:1]"],
  ...["[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]"],
  ...["[2001::1]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]"],
  ...["[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]"],
];

/** Names that the system knows. */
export const NAMES: readonly string[] = ["localhost", "LOCALHOST", "localhost."];

/** URLs that look like others. */
export const TRICKS: readonly string[] = [
  `https://example.org@127.0.0.1:${PORT}/`,
  `https://example.org:443@[::1]:${PORT}/`,
  `https://127.0.0.1:${PORT}#@example.org/`,
  `https://127.0.0.1:${PORT}\\@example.org/`,
  `https://127.0.0.1:${PORT}/?x=@example.org`,
  `https:127.0.0.1:${PORT}`,
  `https:///127.0.0.1:${PORT}/`,
  `\thttps://127.0.0.1:${PORT}/`,
  `file:///etc/passwd`,
  `ftp://127.0.0.1:${PORT}/`,
  `gopher://127.0.0.1:${PORT}/_x`,
  `unix:/var/run/docker.sock`,
  `data:text/plain,x`,
  `http://93.184.216.34:${PORT}/`,
];

const PUBLIC = "93.184.216.34";

/** Answers of DNS, one after the other, and what may be reached of them. */
export const LEADING: readonly {
  answers: readonly (readonly string[])[];
  allowed?: readonly string[];
}[] = [
  ...["127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1"],
  ...["::1", "::", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::7f00:1", "64:ff9b::a00:1"],
  ...["2002:a00:1::", "fd00::1", "fe80::1", "fe80::1%lo", "localhost", "127.1", "0x7f000001", ""],
].map((address): { answers: string[][]; allowed?: string[] } => ({ answers: [[address]] })).concat([
  { answers: [[]] },
  { answers: [[PUBLIC, "127.0.0.1"]] },
  { answers: [["127.0.0.1", PUBLIC]] },
  { answers: [["2606:4700::1111", "::1"]] },
  { answers: [[PUBLIC], ["127.0.0.1"]], allowed: [PUBLIC] },
  { answers: [[PUBLIC], ["::ffff:10.0.0.1"]], allowed: [PUBLIC] },
  { answers: [[PUBLIC], [PUBLIC, "169.254.169.254"]], allowed: [PUBLIC] },
]);

/** Answers of a receiver that lead elsewhere. */
export const REDIRECTS: readonly { status: number; location: string }[] = [
  301,
  302,
  303,
  307,
  308,
].flatMap((status) =>
  ["http://127.0.0.1", "http://169.254.169.254", "//[::1]"].map((place) => ({
    status,
    location: `${place}:${PORT}/`,
  }))
);

/** Places that are reached: what is looked at here would see a request. */
export const CONTROLS: readonly {
  url: string;
  answers?: readonly (readonly string[])[];
  named: readonly string[];
  address: string;
}[] = [
  { url: `https://${PUBLIC}:${PORT}/`, named: [], address: PUBLIC },
  { url: `https://[2606:4700::1111]:${PORT}/`, named: [], address: "2606:4700::1111" },
  { url: `https://hook.example.org:${PORT}/`, answers: [[PUBLIC]], named: [], address: PUBLIC },
  { url: `http://10.0.0.1:${PORT}/`, named: ["10.0.0.0/8"], address: "10.0.0.1" },
  { url: `http://[fd00::1]:${PORT}/`, named: ["fd00::/8"], address: "fd00::1" },
  {
    url: `http://169.254.169.254:${PORT}/`,
    named: ["169.254.169.254"],
    address: "169.254.169.254",
  },
];

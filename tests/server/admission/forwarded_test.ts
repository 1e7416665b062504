import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Network,
  parseAddress,
  parseNetwork,
} from "../../../src/server/admission/addresses.ts";
import { clientOf } from "../../../src/server/admission/forwarded.ts";
import { pure } from "../../support/pure.ts";

const TRUSTED: Network[] = ["10.0.0.0/8", "::1"].map((text) => parseNetwork(text)!);

/** The client of a request over a connection of a trusted proxy, unless another peer is given. */
function client(
  { list, forwarded }: { list?: string; forwarded?: string },
  peer = "10.0.0.1",
): string {
  const headers: Record<string, string | undefined> = { "x-forwarded-for": list, forwarded };
  const address = clientOf(
    parseAddress(peer)!,
    { get: (name) => headers[name] ?? null },
    TRUSTED,
  );
  return address.length === 4 ? address.join(".") : address.slice(0, 4).join(":");
}

pure("headers of a peer that is no trusted proxy change nothing", () => {
  for (const list of ["192.0.2.7", "127.0.0.1", "10.0.0.1", "", "x"]) {
    assertEquals(client({ list }, "203.0.113.9"), "203.0.113.9");
    assertEquals(client({ forwarded: `for=${list}` }, "203.0.113.9"), "203.0.113.9");
  }
});

pure("behind a trusted proxy it is the right-most address that is not trusted", () => {
  const lists: [list: string, client: string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["198.51.100.1, 192.0.2.7", "192.0.2.7"],
    ["198.51.100.1,192.0.2.7 , 10.0.0.2", "192.0.2.7"],
    ["198.51.100.1, 192.0.2.7, 10.0.0.2, ::1", "192.0.2.7"],
    // What clients write themselves comes before what proxies add.
    ["127.0.0.1, 10.9.9.9, 192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:4711", "192.0.2.7"],
    ["[2001:db8::7]:4711", "32:1:13:184"],
    ["[2001:db8::7]", "32:1:13:184"],
    ["2001:db8::7", "32:1:13:184"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    // All are proxies: it came from the first of them.
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ];
  for (const [list, expected] of lists) assertEquals(client({ list }), expected, list);
});

pure("Forwarded is read as RFC 7239 writes it", () => {
  const headers: [forwarded: string, client: string][] = [
    ["for=192.0.2.7", "192.0.2.7"],
    ["For=192.0.2.7;proto=http;by=203.0.113.43", "192.0.2.7"],
    ["proto=https;for=192.0.2.7", "192.0.2.7"],
    [`for="192.0.2.7:47011"`, "192.0.2.7"],
    [`For="[2001:db8::17]:4711"`, "32:1:13:184"],
    [`for="1\\92.0.2.7"`, "192.0.2.7"],
    ["for=198.51.100.1, for=192.0.2.7", "192.0.2.7"],
    ['for=198.51.100.1,for=192.0.2.7;host="a,b" , for=10.0.0.2', "192.0.2.7"],
  ];
  for (const [forwarded, expected] of headers) assertEquals(client({ forwarded }), expected);
});

pure("where a trusted proxy names no address that can be read, it is the proxy's own", () => {
  const lists = [
    "",
    "unknown",
    "_hidden",
    "192.0.2.7, unknown",
    "192.0.2.7,",
    "1.2.3",
    "[1.2.3.4]",
  ];
  for (const list of lists) assertEquals(client({ list }), "10.0.0.1", list);
  assertEquals(client({ list: "192.0.2.7, x, 10.0.0.2" }), "10.0.0.2");
  const headers = [
    "",
    "for=unknown",
    "for=_hidden",
    "proto=http",
    "for=192.0.2.7,proto=http",
    "for",
    `for="192.0.2.7`,
    // Quotes that a client has left open do not swallow what its proxy adds, nor hide it.
    `for="x, for=192.0.2.7`,
    "for=192.0.2.7,, for=unknown",
    "for=2001:db8::7",
    "for=192.0.2.7:80",
    `for=192.0.2.7 ${"x".repeat(5_000)}`,
  ];
  for (const forwarded of headers) assertEquals(client({ forwarded }), "10.0.0.1", forwarded);
  assertEquals(client({}), "10.0.0.1");
});

pure("two headers that say different things are both not believed", () => {
  assertEquals(client({ list: "192.0.2.7", forwarded: "for=192.0.2.7" }), "192.0.2.7");
  assertEquals(client({ list: "192.0.2.7", forwarded: "for=198.51.100.1" }), "10.0.0.1");
  assertEquals(client({ list: "192.0.2.7", forwarded: "" }), "10.0.0.1");
});

pure("no header makes it an address that a trusted proxy did not add", () => {
  const part = fc.constantFrom(
    ...[
      "127.0.0.1",
      "10.0.0.9",
      "198.51.100.1",
      "::1",
      "unknown",
      ",",
      ";",
      '"',
      "\\",
      "for=",
      " ",
    ],
  );
  const mess = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(fc.property(mess, mess, (said, other) => {
    const list = client({ list: said === "" ? "192.0.2.7" : `${said}, 192.0.2.7` });
    assertEquals(list, "192.0.2.7");
    const forwarded = client({ forwarded: `${said}, for=192.0.2.7` });
    assertEquals(["192.0.2.7", "10.0.0.1"].includes(forwarded), true, forwarded);
    const both = client({ list: `${said},192.0.2.7`, forwarded: other });
    assertEquals(["192.0.2.7", "10.0.0.1"].includes(both), true, both);
  }));
});

pure("a long header is read in no time", () => {
  const begin = performance.now();
  for (const text of ["1.2.3.4,".repeat(100_000), '"'.repeat(500_000), "for=a;".repeat(100_000)]) {
    client({ list: text });
    client({ forwarded: text });
  }
  assertEquals(performance.now() - begin < 1_000, true);
});

/**
 * Handshakes, and whether a WebSocket may come of them (RFC 6455, sections 4.1 and 4.2).
 *
 * @module
 */

/** A request for a WebSocket that differs from a proper one. */
export interface HandshakeCase {
  name: string;
  /** The first line; a `GET` of HTTP/1.1 unless given. */
  line?: string;
  /** Headers that are other than they should be; `null` leaves one out. */
  changes?: Record<string, string | null>;
  /** Headers that come in addition, also for the second time. */
  added?: [string, string][];
  body?: string;
  /** The status that has to come; 101 for a WebSocket. */
  status: number;
  /** The subprotocol that has to be chosen; none unless given. */
  chosen?: string;
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const LENGTH: [string, string] = ["Content-Length", "5"];

/** All of them. */
export const HANDSHAKES: readonly HandshakeCase[] = [
  { name: "4.1 nothing but what is needed", status: 101 },
  ...[
    { "Connection": "keep-alive, Upgrade" },
    { "Connection": "upgrade" },
    { "Connection": "UPGRADE" },
    { "Connection": "keep-alive , upgrade" },
    { "Upgrade": "WebSocket" },
    { "Upgrade": "WEBSOCKET" },
    { "Upgrade": "websocket, h2c" },
    { "Upgrade": "h2c, websocket" },
    { "Host": "example.com" },
    { "Host": "example.com:80" },
    { "Host": "[::1]:8765" },
    { "Origin": "http://localhost:3000" },
    { "Cookie": "a=b" },
    { "User-Agent": "\u00e9" },
    { "Sec-WebSocket-Extensions": "permessage-deflate" },
    { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-other; a=1" },
    { "Sec-WebSocket-Extensions": `permessage-deflate; server_max_window_bits="10"` },
    { "Sec-WebSocket-Protocol": "chat" },
    { "X": "x".repeat(4_000) },
  ].map((changes): HandshakeCase => ({
    name: `4.1 ${JSON.stringify(changes).slice(1, 80)}`,
    changes,
    status: 101,
  })),
  ...["AAAAAAAAAAAAAAAAAAAAAA==", "/////////////////////w==", "x3JJHMbDL1EzLkh9GBhXDw=="].map((
    key,
  ): HandshakeCase => ({
    name: `4.2.2 the key ${key}`,
    changes: { "Sec-WebSocket-Key": key },
    status: 101,
  })),
  ...["parley.v1", "other, parley.v1", "parley.v1,other", "x,parley.v1,,y"].map((
    offered,
  ): HandshakeCase => ({
    name: `4.2.2 the subprotocols ${offered}`,
    changes: { "Sec-WebSocket-Protocol": offered },
    status: 101,
    chosen: "parley.v1",
  })),
  {
    name: "4.1 Upgrade twice, websocket last",
    changes: { "Upgrade": "h2c" },
    added: [["Upgrade", "websocket"]],
    status: 101,
  },
  {
    name: "4.1 subprotocols in two headers",
    added: [["Sec-WebSocket-Protocol", "other"], ["Sec-WebSocket-Protocol", "parley.v1"]],
    status: 101,
    chosen: "parley.v1",
  },
  ...["12", "8", "0", "14", "255", "13, 8", "x", ""].map((version): HandshakeCase => ({
    name: `4.4 version ${JSON.stringify(version)}`,
    changes: { "Sec-WebSocket-Version": version },
    status: 426,
  })),
  {
    name: "4.4 no version",
    changes: { "Sec-WebSocket-Version": null },
    status: 426,
  },
  {
    name: "11.3.5 the version twice",
    added: [["Sec-WebSocket-Version", "13"]],
    status: 426,
  },
  ...["", "abc", "?".repeat(24), "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZWU=", KEY + KEY]
    .map((key): HandshakeCase => ({
      name: `4.2.1 the key ${JSON.stringify(key)}`,
      changes: { "Sec-WebSocket-Key": key },
      status: 400,
    })),
  {
    name: "10.2 a page of another host",
    changes: { "Origin": "https://example.com" },
    status: 403,
  },
  { name: "10.2 a page of no host", changes: { "Origin": "null" }, status: 403 },
  { name: "4.2.1 no key", changes: { "Sec-WebSocket-Key": null }, status: 400 },
  { name: "11.3.1 the key twice", added: [["Sec-WebSocket-Key", KEY]], status: 400 },
  { name: "4.2.1 no Host", changes: { "Host": null }, status: 400 },
  { name: "4.2.1 two Hosts", added: [["Host", "example.com"]], status: 400 },
  { name: "4.2.1 no Connection", changes: { "Connection": null }, status: 400 },
  ...["close", "keep-alive", "x-upgrade", ""].map((connection): HandshakeCase => ({
    name: `4.2.1 Connection ${JSON.stringify(connection)}`,
    changes: { "Connection": connection },
    status: 400,
  })),
  { name: "4.2.1 no Upgrade", changes: { "Upgrade": null }, status: 426 },
  ...["h2c", "websocket/13", "web socket", ""].map((upgrade): HandshakeCase => ({
    name: `4.2.1 Upgrade ${JSON.stringify(upgrade)}`,
    changes: { "Upgrade": upgrade },
    status: 426,
  })),
  ...["POST", "PUT", "HEAD", "OPTIONS", "DELETE"].map((method): HandshakeCase => ({
    name: `4.2.1 ${method} instead of GET`,
    line: `${method} / HTTP/1.1`,
    status: 400,
  })),
  { name: "4.2.1 a GET with a body", added: [LENGTH], body: "hello", status: 400 },
  {
    name: "4.2.1 a GET with a body in chunks",
    added: [["Transfer-Encoding", "chunked"]],
    body: "5\r\nhello\r\n0\r\n\r\n",
    status: 400,
  },
  { name: "4.2.1 HTTP/1.0", line: "GET / HTTP/1.0", status: 400 },
  {
    name: "4.2.1 HTTP/1.0 without a Host",
    line: "GET / HTTP/1.0",
    changes: { "Host": null },
    status: 400,
  },
  { name: "4.2.1 HTTP/0.9", line: "GET /", status: 400 },
  { name: "3 a fragment in the URL", line: "GET /#x HTTP/1.1", status: 400 },
  { name: "4.2.1 an absolute URL", line: "GET http://example.com/ HTTP/1.1", status: 101 },
  { name: "4.2.1 a query", line: "GET /?a=b HTTP/1.1", status: 101 },
  ...["a b", ",", "a, a", "caf\u00e9", "a;b", "(a)"].map((list): HandshakeCase => ({
    name: `11.3.4 the subprotocols ${JSON.stringify(list)}`,
    changes: { "Sec-WebSocket-Protocol": list },
    status: 400,
  })),
  ...[";", "a; =b", "a b", `a; b="c d"`, ","].map((list): HandshakeCase => ({
    name: `9.1 the extensions ${JSON.stringify(list)}`,
    changes: { "Sec-WebSocket-Extensions": list },
    status: 400,
  })),
];

/**
 * The proxies of docs/deploy.md, as they stand there, in front of a server here.
 *
 * @module
 */

import { connect } from "node:net";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { RawSocket, TestChat } from "../support/fixtures.ts";
import {
  type Front,
  HAPROXY,
  httpsClient,
  NGINX,
  OPENSSL,
  startHaproxy,
  startNginx,
} from "../support/fronts.ts";
import { bounded, pause } from "../support/waiting.ts";

/** With less patience than the page has, and few connections for an address. */
const IMPATIENT_HAPROXY = { "http-request 3s": "http-request 300ms", "gt 100": "gt 5" };
const IMPATIENT_NGINX = {
  "header_timeout 3s": "header_timeout 1s",
  "addresses 100": "addresses 5",
};

Deno.test("haproxy passes WebSockets, and ends handshakes that are too slow", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server.host, { changes: IMPATIENT_HAPROXY });
  await using socket = await RawSocket.open(`ws://127.0.0.1:${proxy.port}/`, "parley.v1");
  assertEquals((await socket.ask({ action: "hello" })).status, "connected");
  using slow = await Deno.connect({ port: proxy.port });
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n"));
  const answer = new Uint8Array(1_000);
  const length = await slow.read(answer) ?? 0;
  assert(new TextDecoder().decode(answer.subarray(0, length)).startsWith("HTTP/1.1 408"));
  // The WebSocket has outlived it.
  assertEquals((await socket.ask({ action: "ping" })).event, "pong");
});

/** Says bytes of a request one by one, and resolves when the other side has ended that. */
async function drip(port: number, request: string): Promise<void> {
  using connection = await Deno.connect({ port });
  const [head = "", ...rest] = request.split("|");
  await connection.write(new TextEncoder().encode(head));
  let ended = false;
  const reading = (async () => {
    const buffer = new Uint8Array(4_096);
    while (await connection.read(buffer).catch(() => null) !== null);
    ended = true;
  })();
  const dripping = (async () => {
    while (!ended) {
      await connection.write(new TextEncoder().encode(rest.join("|"))).catch(() => {});
      await pause(50);
    }
  })();
  await bounded(reading, () => `still open: ${request}`);
  await dripping;
}

const DRIPS = [
  "GET / HTTP/1.1\r\nHost: x\r\nX: |x",
  "GET / HTTP/1.1\r\nHost: x\r\n|X: x\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n|x",
  "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n|x",
  "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;|x",
];

Deno.test("haproxy ends requests that come byte by byte", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server.host, {
    changes: { "http-request 3s": "http-request 300ms" },
  });
  await Promise.all(DRIPS.map((request) => drip(proxy.port, request)));
});

Deno.test("haproxy speaks no HTTP/2", { ignore: HAPROXY === undefined }, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server.host);
  using connection = await Deno.connect({ port: proxy.port });
  await connection.write(new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  assert((await readUntil(connection, "\r\n\r\n")).startsWith("HTTP/1.1 400"));
});

Deno.test("haproxy lets nobody in from where very much has come", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server.host, { changes: { "gt 10000000": "gt 100000" } });
  const url = `ws://127.0.0.1:${proxy.port}/`;
  await using ana = await RawSocket.open(url, "parley.v1");
  await ana.ask({ action: "hello" });
  await using ben = await RawSocket.open(url, "parley.v1");
  await ben.ask({ action: "hello" });
  await ben.ask({ action: "ping", unknown: "x".repeat(300_000) });
  await ben.close();
  // Whoever is inside goes on.
  assertEquals((await ana.ask({ action: "ping" })).event, "pong");
  await assertRejects(() => RawSocket.open(url, "parley.v1"));
});

Deno.test("nginx ends requests that come byte by byte", {
  ignore: NGINX === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startNginx(server.host, {
    changes: { "header_timeout 3s": "header_timeout 1s", "lingering_time 3s": "lingering_time 1s" },
    tls: false,
  });
  await Promise.all(DRIPS.map((request) => drip(proxy.port, request)));
});

Deno.test("haproxy lets one address have so many connections, and no more", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server.host, { changes: IMPATIENT_HAPROXY });
  await using sockets = new AsyncDisposableStack();
  const connect = async () =>
    sockets.use(await RawSocket.open(`ws://127.0.0.1:${proxy.port}/`, "parley.v1"));
  for (let i = 0; i < 4; i++) await connect();
  let refused = 0;
  for (let i = 0; i < 4; i++) await connect().catch(() => refused++);
  assert(refused >= 3, `${refused}`);
});

/** The status of a handshake from an address of this machine, which says that it comes from elsewhere. */
function statusFrom(port: number, localAddress: string, open: DisposableStack): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  open.defer(() => socket.destroy());
  socket.on("data", (bytes) => resolve(new TextDecoder().decode(bytes).slice(9, 12)));
  socket.on("error", reject);
  socket.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
      "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n\r\n",
  );
  return bounded(promise, () => `no answer to ${localAddress}`);
}

for (const [name, start] of [["haproxy", startHaproxy], ["nginx", startNginx]] as const) {
  Deno.test(`behind ${name} each client has the share of its own address, whatever it says`, {
    ignore: (name === "nginx" ? NGINX : HAPROXY) === undefined,
    // The sockets of node:net end a little later than they say.
    sanitizeOps: false,
    sanitizeResources: false,
  }, async () => {
    const limits = { addressConnections: 2, exempt: [] };
    await using server = new TestChat({ trustedProxies: ["127.0.0.1"], ...limits });
    await using proxy = await start(server.host, { tls: false });
    using open = new DisposableStack();
    const statuses: string[] = [];
    for (const address of ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"]) {
      statuses.push(await statusFrom(proxy.port, address, open));
    }
    assertEquals(statuses, ["101", "101", "429", "101"]);
  });
}

const noNginx = NGINX === undefined || OPENSSL === undefined;

Deno.test("nginx answers over HTTP/1.1 and HTTP/2 what is no WebSocket", {
  ignore: noNginx,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startNginx(server.host, { changes: IMPATIENT_NGINX });
  for (const version of [1, 2] as const) {
    using client = await httpsClient(proxy.folder, version);
    const ask = (path: string, accept: string) =>
      fetch(`https://localhost:${proxy.port}${path}`, { client, headers: { accept } });
    const bare = await ask("/", "*/*");
    assertEquals([bare.status, bare.headers.get("upgrade")], [426, null], `HTTP/${version}`);
    assertEquals(await bare.text(), "This is a WebSocket\n");
    const page = await (await ask("/", "text/html")).text();
    assert(page.includes("<parley-chat page>"), page);
    const [, script = ""] = /src="(\?[^"]+)"/.exec(page) ?? [];
    assert((await (await ask(`/${script}`, "*/*")).text()).includes("parley-chat"));
    assertEquals(await (await ask("/healthz", "*/*")).text(), "ok\n");
    const lost = await ask("/elsewhere", "*/*");
    assertEquals([lost.status, await lost.text()], [404, "Not found\n"]);
  }
});

/** Connects over TLS and asks for a WebSocket; returns what comes until `wanted`, or to the end. */
async function upgradeOverTls(
  { port, folder }: Front,
  wanted: string,
): Promise<{ connection: Deno.TlsConn; answer: string }> {
  const caCerts = [await Deno.readTextFile(`${folder}/chat.crt`)];
  const connection = await Deno.connectTls({ hostname: "localhost", port, caCerts });
  await connection.write(new TextEncoder().encode(
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  ));
  return { connection, answer: await readUntil(connection, wanted) };
}

async function readUntil(connection: Deno.Conn, wanted: string): Promise<string> {
  const buffer = new Uint8Array(4_096);
  let text = "";
  while (!text.includes(wanted)) {
    const read = await bounded(connection.read(buffer), () => `no ${wanted} in ${text}`);
    if (read === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, read));
  }
  return text;
}

Deno.test("nginx passes WebSockets, and ends handshakes that are too slow", {
  ignore: noNginx,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startNginx(server.host, { changes: IMPATIENT_NGINX });
  const { connection, answer } = await upgradeOverTls(proxy, "Welcome!");
  using _connection = connection;
  assert(answer.startsWith("HTTP/1.1 101"), answer);
  // Neither TLS nor a request is begun for ever.
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const said = readUntil(silent, "(anything)");
  const caCerts = [await Deno.readTextFile(`${proxy.folder}/chat.crt`)];
  using slow = await Deno.connectTls({ hostname: "localhost", port: proxy.port, caCerts });
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n"));
  await assertRejects(() => readUntil(slow, "(anything)"), Deno.errors.ConnectionReset);
  assertEquals(await said, "");
  // One masked text frame (RFC 6455, section 5.2) with a mask of zeros: the WebSocket has outlived it.
  const text = new TextEncoder().encode(JSON.stringify({ action: "create", body: "Lobby" }));
  await connection.write(new Uint8Array([0x81, 0x80 | text.length, 0, 0, 0, 0, ...text]));
  assert((await readUntil(connection, "created")).includes("Room 'Lobby' created"));
});

Deno.test("nginx lets one address have so many WebSockets, and no more", {
  ignore: noNginx,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startNginx(server.host, { changes: IMPATIENT_NGINX });
  using connections = new DisposableStack();
  const statuses: string[] = [];
  for (let i = 0; i < 8; i++) {
    const { connection, answer } = await upgradeOverTls(proxy, "\r\n\r\n");
    connections.use(connection);
    statuses.push(answer.slice(9, 12));
  }
  assertEquals(statuses, [...Array(5).fill("101"), ...Array(3).fill("503")]);
});

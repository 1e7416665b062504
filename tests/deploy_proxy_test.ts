/**
 * The proxies of docs/deploy.md, as they stand there, in front of a server here.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { START_PAGE } from "../src/start_page.ts";
import { until } from "./chaos/setting.ts";
import { bounded, RawSocket, TestChat } from "./fixtures.ts";
import { findProgram, PERMITTED } from "./permissions.ts";

const TEXT = PERMITTED
  ? await Deno.readTextFile(new URL("../docs/deploy.md", import.meta.url))
  : "";
const HAPROXY = findProgram("haproxy");
const NGINX = findProgram("nginx");
const OPENSSL = findProgram("openssl");

/** What an ordinary user may have: 1,024 files, and 4,096 when asking for more. */
const LIMITED = `ulimit -Sn 1024; ulimit -Hn 4096; exec "$@"`;
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** The first code block in a language. */
function block(language: string): string {
  const found = TEXT.match(new RegExp("```" + language + "\\n([\\s\\S]*?)```"))?.[1];
  assert(found !== undefined, language);
  return found;
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** A proxy as the page has it, in front of a server here. */
interface Proxy extends AsyncDisposable {
  port: number;
  /** Where its files are. */
  folder: string;
}

/** Starts a program that is nobody special, and waits until `answers`. */
async function startProxy(
  folder: string,
  port: number,
  command: string[],
  answers: () => Promise<Response>,
): Promise<Proxy> {
  const user = Deno.uid() === 0 ? NOBODY : [];
  await Deno.chmod(folder, 0o777);
  for await (const { name } of Deno.readDir(folder)) await Deno.chmod(`${folder}/${name}`, 0o644);
  const child = new Deno.Command("sh", {
    args: ["-c", LIMITED, "sh", ...user, ...command],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await until(
      async () => await answers().then((response) => response.text(), () => "") === "ok\n",
      "the proxy does not answer",
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, folder, [Symbol.asyncDispose]: stop };
}

/** Haproxy, with less patience. */
async function startHaproxy(server: TestChat): Promise<Proxy> {
  const [port, folder] = [freePort(), await Deno.makeTempDir()];
  const config = block("haproxy")
    .replace("bind :8080", `bind 127.0.0.1:${port}`)
    .replace("127.0.0.1:8765", server.host)
    .replace("http-request 3s", "http-request 300ms")
    .replace("gt 100", "gt 5");
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, config);
  const command = ["haproxy", "-f", `${folder}/haproxy.cfg`, "-db"];
  return startProxy(folder, port, command, () => fetch(`http://127.0.0.1:${port}/healthz`));
}

/** Nginx with a certificate of its own, with less patience and one worker. */
async function startNginx(server: TestChat): Promise<Proxy> {
  const [port, folder] = [freePort(), await Deno.makeTempDir()];
  const made = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
      ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE"
        .split(" "),
      ..."-keyout chat.key -out chat.crt".split(" "),
    ],
    cwd: folder,
  }).output();
  assert(made.success, new TextDecoder().decode(made.stderr));
  const kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((what) => `${what}_temp_path ${folder}/${what};`);
  const config = block("nginx")
    .replace("worker_processes auto", "worker_processes 1")
    .replace("http {", `http {\n  access_log off;\n  ${kept.join("\n  ")}`)
    .replace("listen 443", `listen 127.0.0.1:${port}`)
    .replaceAll("/etc/nginx", folder)
    .replaceAll("127.0.0.1:8765", server.host)
    .replace("header_timeout 3s", "header_timeout 1s")
    .replace("addresses 100", "addresses 5");
  await Deno.writeTextFile(`${folder}/nginx.conf`, config);
  const command = ["nginx", "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`, "-g"];
  command.push(`daemon off; pid ${folder}/pid;`);
  using client = await httpsClient(folder);
  return await startProxy(
    folder,
    port,
    command,
    () => fetch(`https://localhost:${port}/healthz`, { client }),
  );
}

/** A client that trusts the certificate in a folder, and speaks one version of HTTP. */
async function httpsClient(folder: string, version: 1 | 2 = 2): Promise<Deno.HttpClient> {
  const caCerts = [await Deno.readTextFile(`${folder}/chat.crt`)];
  return Deno.createHttpClient({ caCerts, http1: version === 1, http2: version === 2 });
}

Deno.test("haproxy passes WebSockets, and ends handshakes that are too slow", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server);
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

Deno.test("haproxy lets one address have so many connections, and no more", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startHaproxy(server);
  await using sockets = new AsyncDisposableStack();
  const connect = async () =>
    sockets.use(await RawSocket.open(`ws://127.0.0.1:${proxy.port}/`, "parley.v1"));
  for (let i = 0; i < 4; i++) await connect();
  let refused = 0;
  for (let i = 0; i < 4; i++) await connect().catch(() => refused++);
  assert(refused >= 3, `${refused}`);
});

const noNginx = NGINX === undefined || OPENSSL === undefined;

Deno.test("nginx answers over HTTP/1.1 and HTTP/2 what is no WebSocket", {
  ignore: noNginx,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startNginx(server);
  for (const version of [1, 2] as const) {
    using client = await httpsClient(proxy.folder, version);
    const ask = (path: string, accept: string) =>
      fetch(`https://localhost:${proxy.port}${path}`, { client, headers: { accept } });
    const bare = await ask("/", "*/*");
    assertEquals([bare.status, bare.headers.get("upgrade")], [426, null], `HTTP/${version}`);
    assertEquals(await bare.text(), "This is a WebSocket\n");
    assertEquals(await (await ask("/", "text/html")).text(), START_PAGE);
    assertEquals(await (await ask("/healthz", "*/*")).text(), "ok\n");
    const lost = await ask("/elsewhere", "*/*");
    assertEquals([lost.status, await lost.text()], [404, "Not found\n"]);
  }
});

/** Connects over TLS and asks for a WebSocket; returns what comes until `wanted`, or to the end. */
async function upgradeOverTls(
  { port, folder }: Proxy,
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
  await using proxy = await startNginx(server);
  const { connection, answer } = await upgradeOverTls(proxy, "Welcome!");
  using _connection = connection;
  assert(answer.startsWith("HTTP/1.1 101"), answer);
  // Neither TLS nor a request is begun for ever.
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const said = readUntil(silent, "(anything)");
  const caCerts = [await Deno.readTextFile(`${proxy.folder}/chat.crt`)];
  using slow = await Deno.connectTls({ hostname: "localhost", port: proxy.port, caCerts });
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n"));
  await assertRejects(() => readUntil(slow, "(anything)"), Deno.errors.UnexpectedEof);
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
  await using proxy = await startNginx(server);
  using connections = new DisposableStack();
  const statuses: string[] = [];
  for (let i = 0; i < 8; i++) {
    const { connection, answer } = await upgradeOverTls(proxy, "\r\n\r\n");
    connections.use(connection);
    statuses.push(answer.slice(9, 12));
  }
  assertEquals(statuses, [...Array(5).fill("101"), ...Array(3).fill("503")]);
});

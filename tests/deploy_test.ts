/**
 * What docs/deploy.md tells people to copy.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SERVER_HELP } from "../src/server_flags.ts";
import { SqliteFile } from "../src/store/sqlite_file.ts";
import { until } from "./chaos/setting.ts";
import { RawSocket, TestChat } from "./fixtures.ts";
import { findProgram, PERMITTED } from "./permissions.ts";

const TEXT = PERMITTED
  ? await Deno.readTextFile(new URL("../docs/deploy.md", import.meta.url))
  : "";
const HAPROXY = findProgram("haproxy");

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

/** A proxy as the page has it, in front of a server here, with less patience. */
async function startProxy(serverPort: number): Promise<{ url: string } & AsyncDisposable> {
  const port = freePort();
  const file = await Deno.makeTempFile();
  const config = block("haproxy")
    .replace("bind :8080", `bind 127.0.0.1:${port}`)
    .replace("127.0.0.1:8765", `127.0.0.1:${serverPort}`)
    .replace("maxconn 20000", "maxconn 100")
    .replace("http-request 3s", "http-request 300ms")
    .replace("gt 100", "gt 5");
  await Deno.writeTextFile(file, config);
  const child = new Deno.Command("haproxy", { args: ["-f", file, "-db"], stderr: "null" }).spawn();
  const stop = async () => {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(file);
  };
  const url = `127.0.0.1:${port}`;
  try {
    await until(
      async () => await fetch(`http://${url}/healthz`).then(text, () => "") === "ok\n",
      "the proxy does not answer",
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}

function text(response: Response): Promise<string> {
  return response.text();
}

Deno.test("the proxy passes WebSockets, and ends handshakes that are too slow", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startProxy(server.port);
  await using socket = await RawSocket.open(`ws://${proxy.url}/`, "parley.v1");
  assertEquals((await socket.ask({ action: "hello" })).status, "connected");
  using slow = await Deno.connect({ port: Number(proxy.url.split(":")[1]) });
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n"));
  const answer = new Uint8Array(1_000);
  const length = await slow.read(answer) ?? 0;
  assert(new TextDecoder().decode(answer.subarray(0, length)).startsWith("HTTP/1.1 408"));
  // The WebSocket has outlived it.
  assertEquals((await socket.ask({ action: "ping" })).event, "pong");
});

Deno.test("the proxy lets one address have so many connections, and no more", {
  ignore: HAPROXY === undefined,
}, async () => {
  await using server = new TestChat();
  await using proxy = await startProxy(server.port);
  await using sockets = new AsyncDisposableStack();
  const connect = async () => sockets.use(await RawSocket.open(`ws://${proxy.url}/`, "parley.v1"));
  for (let i = 0; i < 4; i++) await connect();
  let refused = 0;
  for (let i = 0; i < 4; i++) await connect().catch(() => refused++);
  assert(refused >= 3, `${refused}`);
});

Deno.test("a backup can be put back: rooms with their history, and nobody who would miss the rest", async () => {
  const folder = await Deno.makeTempDir();
  const file = new SqliteFile(`${folder}/chat.db`);
  const { key } = file.addRoom("a", "Lobby", "epoch");
  file.addEntry(key, 1, 5, "ana", 1, `"body":"kept"}`);
  file.setClient("ana", "Ana", 1);
  const [vacuum = "", ...statements] = [...TEXT.matchAll(/^sqlite3 \S+ "([^"]*)"/gm)]
    .map(([, sql = ""]) => sql);
  using db = new DatabaseSync(`${folder}/chat.db`);
  db.exec(vacuum.replace("/backup/chat.db", `${folder}/copy.db`));
  using copy = new DatabaseSync(`${folder}/copy.db`);
  copy.exec(statements.join(""));
  copy.close();
  file.close();
  const restored = new SqliteFile(`${folder}/copy.db`);
  const room = restored.room("a");
  assertEquals([room?.key, room?.name, room?.epoch === "epoch"], [key, "Lobby", false]);
  assertEquals(room?.epoch.length, 8);
  assertEquals(restored.newest(key, 10).map(({ rest }) => rest), [`"body":"kept"}`]);
  assertEquals(restored.clients(), []);
  restored.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("every flag and variable on the page is one of the server's", () => {
  const variables = TEXT.match(/\bCHAT_\w+/g) ?? [];
  assert(variables.length > 5);
  const config = ["CHAT_SECRET", ...SERVER_HELP.match(/CHAT_\w+/g) ?? []];
  assertEquals(variables.filter((name) => !config.includes(name)), []);
  for (const [flag] of TEXT.matchAll(/--(?:log|store|host|grace)[\w-]*/g)) {
    assert(SERVER_HELP.includes(flag), flag);
  }
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import config from "../../deno.json" with { type: "json" };
import { RawSocket } from "../support/fixtures.ts";
import { findProgram } from "../support/permissions.ts";
import { outcomeOf, permitted, runServer } from "../support/server_process.ts";
import { until } from "../support/waiting.ts";

Deno.test("the server prints the address it is really bound to, and what to open", async () => {
  await using server = await ServerProcess.start(permitted());
  assertMatch(
    server.stdout,
    new RegExp(
      `^Parley ${config.version} listening on ws://127\\.0\\.0\\.1:([1-9]\\d*)\\n` +
        "To chat, open http://127\\.0\\.0\\.1:\\1 in a browser\\n$",
    ),
  );
  const health = await fetch(`${server.url.replace("ws:", "http:")}/healthz`);
  assertEquals([health.status, await health.text()], [200, "ok\n"]);
  await using socket = await RawSocket.open(server.url);
  assertEquals((await socket.next()).status, "connected");
});

Deno.test("the server listens where flags and environment say", async () => {
  await using server = await ServerProcess.start(
    permitted(["--path", "/chat", "--host", "localhost"], { CHAT_PORT: "0", CHAT_HOST: "0.0.0.0" }),
  );
  assertMatch(server.url, /^ws:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+\/chat$/);
  await using socket = await RawSocket.open(server.url);
  assertEquals((await socket.next()).status, "connected");
});

Deno.test("--help and --version print and end with 0", async () => {
  const [help, version] = await Promise.all([runServer(["--help"]), runServer(["--version"])]);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (
    const flag of [
      "--port",
      "--hostname",
      "--host",
      "--path",
      "--store",
      "--log-level",
      "--log-format",
    ]
  ) {
    assert(help.stdout.includes(flag), flag);
  }
  assertEquals(version, { code: 0, stdout: `${config.version}\n`, stderr: "" });
});

Deno.test("a file says what flags say, and check says who can reach what then", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/parley.json`;
  await Deno.writeTextFile(path, JSON.stringify({ "hostname": "localhost", "path": "/chat" }));
  const { command, args, ...options } = permitted(["check", "--config", path, "--port", "9000"]);
  const allowed = args.map((argument) =>
    argument === "--allow-read=data" ? `--allow-read=data,${folder}` : argument
  );
  // The word comes first, before the flags.
  const at = allowed.indexOf("check");
  allowed.splice(
    allowed.findIndex((argument) => argument.endsWith("server.ts")) + 1,
    0,
    ...allowed.splice(at, 1),
  );
  const { code, stdout } = await new Deno.Command(command, { args: allowed, ...options }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals([code, text.split("\n")[0]], [
    0,
    "Chat: ws://localhost:9000/chat, for this machine",
  ]);
  assert(text.includes("Operators: no port"), text);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what the server cannot understand is one line on stderr and exit code 2", async () => {
  const cases: [string[], Record<string, string>, string][] = [
    [["--prot", "8080"], {}, "--prot"],
    [["--port", "many"], {}, "many"],
    [["extra"], {}, "extra"],
    [[], { CHAT_PORT: "70000" }, "70000"],
    [["--store", "disk"], {}, "disk"],
    [["--store", "tls://ana:SECRET@host"], {}, "tls://…@host"],
    [["nats://ana:SECRET@host:4222"], {}, "nats://…@host:4222"],
  ];
  await Promise.all(cases.map(async ([args, env, named]) => {
    const { code, stdout, stderr } = await runServer(args, env);
    assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
    assert(stderr.includes(named) && !stderr.includes("SECRET"), stderr);
  }));
});

Deno.test("a store that cannot be opened is one line on stderr and exit code 1", async () => {
  const { code, stdout, stderr } = await runServer(["--store", "sqlite:elsewhere/chat.db"]);
  assertEquals([code, stdout, stderr], [
    1,
    "",
    "Cannot open elsewhere/chat.db: run with --allow-read=elsewhere --allow-write=elsewhere\n",
  ]);
});

Deno.test("the port for operators says whether newcomers may come", async () => {
  await using server = await ServerProcess.start(
    permitted(["--port=0", "--ops", "127.0.0.1:0", "--log-level=debug"]),
  );
  const [, url = ""] = /ops url="(\S+)"/.exec(server.stdout) ?? [];
  const readiness = await fetch(`${url}readyz`);
  assertEquals([readiness.status, await readiness.json()], [200, { ready: true }]);
  const health = await fetch(`${url}healthz`);
  assertEquals([health.status, await health.text()], [200, "ok\n"]);
  // What strangers reach has no word of it.
  const there = await fetch(`${server.url.replace("ws:", "http:")}/readyz`);
  assertEquals(there.status, 404);
  await there.body?.cancel();
});

Deno.test("a port for operators that is in use is a warning, and an error where it was asked for", async () => {
  // The default may be taken by a server outside of this test as well.
  using _taken = takenOrNot(9765);
  using other = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const port = (other.addr as Deno.NetAddr).port;
  await using server = await ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "--quiet", "--allow-net", "server.ts", "--port=0"],
  });
  await until(
    () => /WARN {2}no ops port error=.*9765: it is in use/.test(server.stderr),
    () => server.output,
  );
  const asked = await runServer(["--port", "0", "--ops", String(port)]);
  assertEquals([asked.code, asked.stderr.split("\n").at(-2)], [
    1,
    `Cannot listen on 127.0.0.1:${port}: it is in use`,
  ]);
});

/** Listens on a port, unless somebody does already. */
function takenOrNot(port: number): Disposable {
  try {
    return Deno.listen({ port, hostname: "127.0.0.1" });
  } catch {
    return { [Symbol.dispose]() {} };
  }
}

Deno.test("a port in use, or an address that is not ours, is one line on stderr and exit code 1", async () => {
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const port = String((taken.addr as Deno.NetAddr).port);
  const [inUse, foreign] = await Promise.all([
    runServer(["--port", port]),
    runServer(["--port", "0", "--hostname", "192.0.2.1"]),
  ]);
  assertEquals(inUse, {
    code: 1,
    stdout: "",
    stderr: `Cannot listen on 127.0.0.1:${port}: it is in use\n`,
  });
  assertEquals([foreign.code, foreign.stdout, foreign.stderr.split("\n").length], [1, "", 2]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`at ${signal} the server tells every client, closes with 1001 and ends with 0`, async () => {
    await using server = await ServerProcess.start(permitted());
    const v1 = await RawSocket.open(server.url, "parley.v1");
    await v1.ask({ action: "hello" });
    const plain = await RawSocket.open(server.url);
    await plain.next();
    server.kill(signal);
    const goodbye = await v1.next();
    assertEquals([goodbye.event, goodbye.code], ["goodbye", 1001]);
    assert(Number(goodbye.retry_after_ms) > 0);
    assertEquals(await plain.next(), { status: "error", message: "Server is going away" });
    assertEquals([(await v1.closed()).code, (await plain.closed()).code], [1001, 1001]);
    const { code, stderr } = await outcomeOf(server);
    assertEquals([code, stderr], [0, ""]);
  });
}

/** Connects to a server over TCP, joins a room there, and never reads again. */
async function deafMember(url: string, roomId: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(
    `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  ));
  const buffer = new Uint8Array(4_096);
  let answer = "";
  while (!answer.includes("Welcome!")) {
    const read = await connection.read(buffer);
    assert(read !== null, answer);
    answer += new TextDecoder().decode(buffer.subarray(0, read));
  }
  // One masked text frame (RFC 6455, section 5.2) with a mask of zeros.
  const text = new TextEncoder().encode(JSON.stringify({ action: "join", body: roomId }));
  await connection.write(new Uint8Array([0x81, 0x80 | text.length, 0, 0, 0, 0, ...text]));
  return connection;
}

Deno.test("the server ends within 5 s although a peer does not read", async () => {
  await using server = await ServerProcess.start(
    permitted(["--port", "0", "--rate", "0", "--grace", "0"]),
  );
  await using ana = await RawSocket.open(server.url, "parley.v1");
  await ana.ask({ action: "hello" });
  const roomId = String((await ana.ask({ action: "create", body: "Lobby" })).room_id);
  await ana.entry();
  using _deaf = await deafMember(server.url, roomId);
  await ana.entry();
  // More than the kernel hides.
  const body = Array.from({ length: 6 }, () => "x".repeat(60_000));
  for (let i = 0; i < 20; i++) {
    ana.send({ action: "messages", room_id: roomId, body });
    await ana.entries(body.length);
  }
  const start = performance.now();
  server.kill("SIGTERM");
  assertEquals((await outcomeOf(server)).code, 0);
  assert(performance.now() - start < 5_000);
});

Deno.test("a second signal ends the server at once", async () => {
  await using server = await ServerProcess.start(permitted());
  await using ana = await RawSocket.open(server.url);
  await ana.next();
  const roomId = String((await ana.ask({ action: "create", body: "Lobby" })).room_id);
  // It never answers a close, so that one signal alone would take a while.
  using _deaf = await deafMember(server.url, roomId);
  server.kill("SIGTERM");
  assertEquals((await ana.next()).message, "Server is going away");
  const start = performance.now();
  server.kill("SIGTERM");
  assertEquals((await outcomeOf(server)).code, 130);
  assert(performance.now() - start < 3_000);
});

Deno.test("a server ends with its terminal, and tells every client", {
  ignore: findProgram("python3") === undefined,
}, async () => {
  const terminal = ["python3", "tests/testdata/pseudo_terminal.py", "200"];
  const { command, args, env = {} } = permitted();
  await using server = await ServerProcess.start({ command, args, env, within: terminal });
  const ana = await RawSocket.open(server.url, "parley.v1");
  await ana.ask({ action: "hello" });
  // The terminal is gone: the kernel says so to those who are in it.
  server.kill("SIGKILL");
  const { event, code } = await ana.next();
  assertEquals([event, code, (await ana.closed()).code], ["goodbye", 1001, 1001]);
});

Deno.test("a server without a terminal reads its files again at SIGHUP, and goes on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/parley.json`;
    const write = (text: string) => Deno.writeTextFile(config, text);
    await write('{"allow-origin": ["https://a.example"]}');
    const flags = ["--port", "0", "--config", config];
    const { command, args, env = {} } = permitted(flags);
    const reading = args.map((arg) => arg.startsWith("--allow-read") ? `${arg},${folder}` : arg);
    await using server = await ServerProcess.start({ command, args: reading, env });
    const ana = await RawSocket.open(server.url, "parley.v1");
    await ana.ask({ action: "hello" });
    const comesIn = async (origin: string) => {
      try {
        await using _socket = await RawSocket.open(server.url, "parley.v1", { origin });
        return true;
      } catch {
        return false;
      }
    };
    assertEquals([await comesIn("https://a.example"), await comesIn("https://b.example")], [
      true,
      false,
    ]);
    for (
      const [text, line] of [
        ['{"allow-origin": ["https://b.example"]}', 'reloaded changed="origins"'],
        ['{"allow-origin": ["nonsense"]}', 'not reloaded what="origins"'],
      ] as const
    ) {
      await write(text);
      server.kill("SIGHUP");
      await until(() => server.output.includes(line), () => server.output);
      assertEquals([await comesIn("https://a.example"), await comesIn("https://b.example")], [
        false,
        true,
      ]);
    }
    assertEquals((await ana.ask({ action: "ping" })).event, "pong");
    server.kill("SIGTERM");
    assertEquals((await ana.closed()).code, 1001);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a server that writes to a file, as under nohup, outlives its terminal", async () => {
  const file = await Deno.makeTempFile();
  const printed = () => Deno.readTextFile(file);
  const shell = 'exec nohup "$0" run --quiet --allow-net server.ts --port=0 --ops=off >"$1" 2>&1';
  const child = new Deno.Command("sh", {
    args: ["-c", shell, Deno.execPath(), file],
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
  }).spawn();
  try {
    await until(async () => (await printed()).includes("listening on"), "it does not listen");
    const url = (await printed()).match(/ws:\S+/)?.[0] ?? "";
    const ana = await RawSocket.open(url, "parley.v1");
    await ana.ask({ action: "hello" });
    child.kill("SIGHUP");
    await until(async () => (await printed()).includes("reloaded"), "it says nothing");
    assertEquals((await ana.ask({ action: "ping" })).event, "pong");
    child.kill("SIGTERM");
    assertEquals((await ana.closed()).code, 1001);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    await child.status;
    await Deno.remove(file);
  }
});

Deno.test("the server says no word of what people write, and one JSON object a line when asked", async () => {
  await using server = await ServerProcess.start(
    permitted(["--port=0", "--log-level=debug", "--log-format=json"]),
  );
  const socket = await RawSocket.open(server.url);
  await socket.next();
  await socket.ask({ action: "create", body: "SECRET" });
  await socket.ask({ action: "message", body: "SECRET" });
  socket.sendRaw("SECRET\n{}");
  await socket.next();
  await socket.close();
  await until(() => server.output.includes(`"event":"disconnected"`), "no word of its end");
  server.kill("SIGTERM");
  const { stdout, stderr } = await outcomeOf(server);
  assertEquals(`${stdout}${stderr}`.includes("SECRET"), false);
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("{"));
  assertEquals(lines.map((line) => JSON.parse(line).event), ["connected", "disconnected"]);
});

Deno.test("a server that shares its store is not started without a secret, or with a short one", async () => {
  const store = ["--port", "0", "--store", "nats://127.0.0.1:1"];
  const { code, stdout, stderr } = await runServer(store);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    "Servers that share a store need the same secret: --secret-file or CHAT_SECRET\n",
  );
  const short = await runServer(store, { CHAT_SECRET: "hunter2" });
  assertEquals([short.code, short.stderr], [
    2,
    "CHAT_SECRET must hold at least 32 characters, not 7\n",
  ]);
});

Deno.test("a log that nobody reads stops nothing: the server answers, says goodbye and ends", async () => {
  await using server = await ServerProcess.start(permitted(["--port=0", "--log-level=debug"]));
  server.ignoreOutput();
  const v1 = await RawSocket.open(server.url, "parley.v1");
  await v1.ask({ action: "hello" });
  // Two lines for each of them: more than the pipe and the queue take together.
  for (let i = 0; i < 40; i++) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      const socket = await RawSocket.open(server.url, "parley.v1");
      await socket.close();
    }));
  }
  assertEquals((await v1.ask({ action: "ping" })).event, "pong");
  const start = performance.now();
  server.kill("SIGTERM");
  assertEquals((await v1.next()).event, "goodbye");
  assertEquals((await v1.closed()).code, 1001);
  const ended = outcomeOf(server);
  server.readOutput();
  assertEquals((await ended).code, 0);
  assert(performance.now() - start < 5_000);
});

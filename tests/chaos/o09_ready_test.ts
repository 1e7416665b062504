import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { type Frame, RawSocket } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { until } from "../support/waiting.ts";
import { DiskFault, NEEDS_STRACE } from "./disk_fault.ts";
import { report, setting } from "./setting.ts";

/** The time between two probes of whoever watches, in milliseconds: ten seconds are usual. */
const PROBE_MS = 2_000;

const ROUNDS = setting(1, 5);

/** A server with a port for operators. */
class Watched implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #url: string;

  private constructor(server: ServerProcess, url: string) {
    this.server = server;
    this.#url = url;
  }

  static async start(args: string[], env: Record<string, string> = {}): Promise<Watched> {
    const ops = ["--ops", "127.0.0.1:0", "--log-level", "debug"];
    const server = await ServerProcess.start({ args: [...args, ...ops], env });
    await until(() => /ops url=/.test(server.stdout), "no port for operators");
    return new Watched(server, /ops url="(\S+)"/.exec(server.stdout)![1]!);
  }

  /** Asks once whether it is ready: `true`, or the code that says why not. */
  async ready(): Promise<true | string> {
    const answer = await fetch(`${this.#url}readyz`);
    const { ready, code } = await answer.json();
    assertEquals(answer.status, ready ? 200 : 503);
    return ready ? true : code;
  }

  /** Waits until it answers so, and returns the milliseconds that took. */
  async readyIs(wanted: true | string, withinMs = 20_000): Promise<number> {
    const begin = performance.now();
    await until(async () => await this.ready() === wanted, `not ${wanted}`, { withinMs });
    return Math.round(performance.now() - begin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Reports the longest times, and asserts that a probe would have seen each. */
function judge(what: string, falseMs: number[], trueMs: number[]): void {
  const most = (times: number[]) => Math.max(0, ...times);
  const missed = [
    ...most(falseMs) > PROBE_MS ? ["false within a probe"] : [],
    ...most(trueMs) > PROBE_MS ? ["true within a probe"] : [],
  ];
  report("O9", what, {
    "false after ms, at most": most(falseMs),
    ...trueMs.length > 0 ? { "true again after ms, at most": most(trueMs) } : {},
  }, missed);
  assertEquals(missed, []);
}

async function speaker(server: ServerProcess): Promise<{ socket: RawSocket; roomId: unknown }> {
  const socket = await RawSocket.open(server.url, "parley.v1");
  socket.id = String((await socket.ask({ action: "hello" })).client_id);
  const { room_id: roomId } = await socket.ask({ action: "create", body: "Lobby" });
  return { socket, roomId };
}

Deno.test("O9 a server that drains is not ready", async () => {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using watched = await Watched.start([]);
    // Whoever does not answer the close holds the end up, for as long as it may.
    const { hostname, port } = new URL(watched.server.url);
    using deaf = await Deno.connect({ hostname, port: Number(port) });
    await deaf.write(new TextEncoder().encode(
      `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\n` +
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ));
    await until(() => /connected/.test(watched.server.stdout), "it does not come in");
    assertEquals(await watched.ready(), true);
    watched.server.kill("SIGTERM");
    times.push(await watched.readyIs("draining"));
  }
  judge(`SIGTERM, ${ROUNDS} times`, times, []);
});

Deno.test("O9 a server whose disk is full is not ready", NEEDS_STRACE, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/chat.db`;
    await using watched = await Watched.start(["--store", `sqlite:${path}`]);
    const { socket, roomId } = await speaker(watched.server);
    await using _socket = socket;
    const [falseMs, trueMs]: [number[], number[]] = [[], []];
    for (let n = 1; n <= ROUNDS; n++) {
      {
        await using _fault = await DiskFault.on(watched.server, path, "pwrite64:error=ENOSPC");
        socket.send({ action: "message", room_id: roomId, n, body: "not stored" });
        falseMs.push(await watched.readyIs("unavailable"));
      }
      trueMs.push(await watched.readyIs(true));
      // Its number is free again.
      socket.send({ action: "message", room_id: roomId, n, body: "stored" });
      await seen(socket, n);
    }
    judge(`disk full, ${ROUNDS} times`, falseMs, trueMs);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Waits for the entry of the message with a number. */
async function seen(socket: RawSocket, n: number): Promise<void> {
  for (;;) {
    const { entries } = await socket.next();
    if ((entries as Frame[] | undefined)?.some((entry) => entry.n === n)) return;
  }
}

Deno.test("O9 a server that is cut off from NATS is not ready", NEEDS_NATS, async () => {
  await using nats = await NatsServer.start();
  await using watched = await Watched.start(
    ["--store", `nats://${nats.host}`, "--nats-probe", "250"],
    { CHAT_SECRET: "known to the servers of this test" },
  );
  await watched.readyIs(true);
  await using socket = await RawSocket.open(watched.server.url, "parley.v1");
  await socket.ask({ action: "hello" });
  await until(
    async () => (await socket.ask({ action: "create", body: "Lobby" })).status === "success",
    "it does not begin to work",
  );
  const stopped: [number[], number[]] = [[], []];
  const killed: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    nats.pause(true);
    stopped[0].push(await watched.readyIs("unavailable"));
    nats.pause(false);
    stopped[1].push(await watched.readyIs(true));
    await nats.down();
    killed[0].push(await watched.readyIs("unavailable"));
    await nats.up();
    killed[1].push(await watched.readyIs(true));
  }
  judge(`NATS stopped, ${ROUNDS} times`, ...stopped);
  judge(`NATS killed, ${ROUNDS} times`, ...killed);
});

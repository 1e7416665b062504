import { assert, assertEquals, assertRejects } from "@std/assert";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import "./ignore_unpermitted.ts";
import { bounded, pause } from "./waiting.ts";

/** A server that sends back what it gets, through a proxy. */
async function echo() {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open = new Set<Promise<void>>();
  async function serve(conn: Deno.Conn): Promise<void> {
    await conn.readable.pipeTo(conn.writable).catch(() => {});
  }
  const accepting = (async () => {
    for await (const conn of listener) open.add(serve(conn));
  })();
  const proxy = await FaultProxy.to(`127.0.0.1:${listener.addr.port}`);
  return {
    proxy,
    async connect(): Promise<Deno.TcpConn> {
      return await Deno.connect({ port: Number(new URL(proxy.url).port), hostname: "127.0.0.1" });
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      listener.close();
      await accepting;
      await bounded(Promise.all(open), () => "the echo server does not end");
    },
  };
}

async function send(conn: Deno.Conn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}

/** Reads exactly `length` characters, or less where the connection ends. */
async function receive(conn: Deno.Conn, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const buffer = new Uint8Array(length - text.length);
    const n = await bounded(conn.read(buffer), () => `got ${text.length} of ${length} bytes`);
    if (n === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, n));
  }
  return text;
}

Deno.test("a proxy hands every byte on, and the end of each direction", async () => {
  await using server = await echo();
  using conn = await server.connect();
  const text = "0123456789".repeat(30_000);
  const sent = send(conn, "").then(async () => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  });
  assertEquals(await receive(conn, text.length), text);
  await sent;
  assertEquals(server.proxy.passed, { up: text.length, down: text.length });
  await conn.closeWrite();
  assertEquals(await conn.read(new Uint8Array(1)), null);
});

Deno.test("a delay makes bytes late, but lets many be on their way", async () => {
  await using server = await echo();
  using conn = await server.connect();
  server.proxy.delay(60);
  const begin = performance.now();
  for (const text of ["a", "b", "c"]) await send(conn, text);
  assertEquals(await receive(conn, 3), "abc");
  const took = performance.now() - begin;
  assert(took >= 119, `${took} ms`);
  server.proxy.heal();
  await send(conn, "d");
  assertEquals(await receive(conn, 1), "d");
});

Deno.test("a blackhole holds bytes back in its direction until it is healed", async () => {
  await using server = await echo();
  using conn = await server.connect();
  await send(conn, "a");
  assertEquals(await receive(conn, 1), "a");
  server.proxy.blackhole("down");
  await send(conn, "b");
  const late = receive(conn, 1);
  const silent = Symbol();
  // Nothing comes: only time can show that.
  assertEquals(await Promise.race([late, pause(50).then(() => silent)]), silent);
  assertEquals(server.proxy.passed, { up: 2, down: 1 });
  server.proxy.heal();
  assertEquals(await late, "b");
});

Deno.test("a throttle lets so many bytes a second pass", async () => {
  await using server = await echo();
  using conn = await server.connect();
  server.proxy.throttle(10_000);
  const begin = performance.now();
  await send(conn, "x".repeat(2_000));
  assertEquals(await receive(conn, 2_000), "x".repeat(2_000));
  const took = performance.now() - begin;
  assert(took >= 170, `${took} ms`);
});

Deno.test("a reset ends connections with an error", async () => {
  await using server = await echo();
  using conn = await server.connect();
  await send(conn, "a");
  assertEquals(await receive(conn, 1), "a");
  server.proxy.reset();
  await assertRejects(() => receive(conn, 1), Deno.errors.ConnectionReset);
});

Deno.test("a cut lets exactly so many bytes pass, in one direction", async () => {
  for (
    const [way, bytes, arrived] of [["up", 0, ""], ["up", 3, ""], ["down", 4, "abcd"]] as const
  ) {
    await using server = await echo();
    using conn = await server.connect();
    server.proxy.cutAfter(way, bytes, "close");
    assert(server.proxy.cutPending);
    await send(conn, "abcdef");
    const text = await receive(conn, 6);
    assert(way === "up" || text === arrived, text);
    assert(!server.proxy.cutPending);
    assertEquals(server.proxy.passed[way], bytes);
  }
});

Deno.test("a proxy that refuses resets what is new, and keeps what is there", async () => {
  await using server = await echo();
  using conn = await server.connect();
  await send(conn, "a");
  assertEquals(await receive(conn, 1), "a");
  server.proxy.refuse();
  await assertRejects(async () => {
    using refused = await server.connect();
    await send(refused, "a");
    if (await receive(refused, 1) === "") throw new Deno.errors.ConnectionReset("Closed");
  });
  await send(conn, "b");
  assertEquals(await receive(conn, 1), "b");
  assertEquals(server.proxy.lines, 1);
});

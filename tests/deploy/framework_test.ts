/**
 * A chat mounted in an app of a framework.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createChat } from "../../src/server/chat.ts";
import { RawSocket } from "../support/fixtures.ts";
import { recordingLogger } from "../support/recording_logger.ts";

Deno.test("Hono takes a chat as one of its routes", async () => {
  const chat = createChat({ path: "/chat", logger: recordingLogger([]) });
  const app = new Hono();
  app.get("/", (c) => c.text("Hello"));
  app.all("/chat", (c) => chat.fetch(c.req.raw, c.env));
  app.get("/healthz", (c) => chat.fetch(c.req.raw));
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
  const host = `127.0.0.1:${server.addr.port}`;
  assertEquals(await (await fetch(`http://${host}/`)).text(), "Hello");
  const response = await fetch(`http://${host}/chat`, { method: "POST", body: "x" });
  assertEquals([response.status, await response.text()], [426, "This is a WebSocket\n"]);
  assertEquals(await (await fetch(`http://${host}/healthz`)).text(), "ok\n");
  const ana = await RawSocket.open(`ws://${host}/chat`, "parley.v1");
  await ana.ask({ action: "hello" });
  const { room_name } = await ana.ask({ action: "create", body: "Lobby" });
  assertEquals(room_name, "Lobby");
  await chat.close();
  assertEquals((await ana.closed()).code, 1001);
  await server.shutdown();
});

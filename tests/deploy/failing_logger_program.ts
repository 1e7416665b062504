/**
 * A program that mounts a chat with a logger that fails at each event. It is visited once, and ends.
 * Its argument says how the logger fails: `throws` or `rejects`.
 *
 * @module
 */

import { createChat, type Logger } from "../../src/server/chat.ts";
import { RawSocket } from "../support/fixtures.ts";

const [how] = Deno.args;
const fail = (event: string) => {
  const error = new Error(`no place for ${event}`);
  if (how === "rejects") return Promise.reject(error);
  throw error;
};
const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
const chat = createChat({ logger });
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, chat.fetch);
{
  await using visitor = await RawSocket.open(`ws://127.0.0.1:${server.addr.port}`, "parley.v1");
  await visitor.ask({ action: "hello" });
}
await chat.close();
await server.shutdown();
// deno-lint-ignore no-console -- what the test waits for
console.log("ended");

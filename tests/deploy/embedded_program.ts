/**
 * A program that mounts a chat, is visited once, and ends its server, but never the chat. Its
 * argument is the file of the store, if it has one.
 *
 * @module
 */

import { createChat } from "../../src/server/chat.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { RawSocket } from "../support/fixtures.ts";

const [path] = Deno.args;
const chat = createChat(path === undefined ? {} : { store: sqlite(path) });
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, chat.fetch);
const url = `ws://127.0.0.1:${server.addr.port}`;
for (const protocol of [undefined, "parley.v1"]) {
  await using visitor = await RawSocket.open(url, protocol);
  if (protocol === undefined) await visitor.next();
  else await visitor.ask({ action: "hello" });
  await visitor.ask({ action: "create", body: "Lobby" });
}
await server.shutdown();
// deno-lint-ignore no-console -- what the test waits for
console.log(`${chat.size.rooms} rooms are left`);

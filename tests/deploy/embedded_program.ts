/**
 * A program that mounts a chat, is visited once, and ends its server, but never the chat. Its
 * argument is the store. As the module of `deno serve` it only serves.
 *
 * @module
 */

import { chooseStore, createChat } from "../../server.ts";
import { RawSocket } from "../support/fixtures.ts";

const [store = "memory"] = Deno.args;
const chat = createChat({ store: await chooseStore(store) });

const handler: Deno.ServeDefaultExport = { fetch: (request) => chat(request) };
export default handler;

if (import.meta.main && Deno.args.length > 0) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, chat);
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
}

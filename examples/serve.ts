/**
 * The smallest program with a chat in it, for `deno serve`:
 *
 *     deno serve -A examples/serve.ts
 *
 * @module
 */

// Outside of this repository: from "jsr:@parley/chat/mount" and "jsr:@parley/chat/sqlite"
import { type Chat, createChat } from "../src/server/chat.ts";
import { sqlite } from "../src/store/sqlite/sqlite.ts";

const chat: Chat = createChat({ store: sqlite("data/chat.db") });
export default chat;

// Tells everybody when to come back; without it, they are cut off, and come back as well.
Deno.addSignalListener("SIGTERM", () => chat.close());

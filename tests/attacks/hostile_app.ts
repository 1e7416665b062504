/**
 * An app at a server that may mean ill, a program: it makes a room, says one thing, and reads
 * nothing, so that all that comes is kept as far as the client keeps it.
 *
 * @module
 */

import { ChatClient } from "../../client.ts";

// Until the test has seen enough.
new Response(Deno.stdin.readable).arrayBuffer().then(() => Deno.exit());

const [url = ""] = Deno.args;
const chat = new ChatClient(url, { name: "Ana" });
try {
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  await room.send("hello");
} catch {
  // Whatever the server says: what it takes from this program is what counts.
}

/**
 * The peer on Bun, with its own publish and subscribe.
 *
 * @module
 */

import process from "node:process";
import { Chat } from "./chat.mjs";

const chat = new Chat();
const server = globalThis.Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    if (server.upgrade(request, { data: chat.connect() })) return;
    return new Response("This is a WebSocket\n", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    message(socket, text) {
      const task = chat.receive(socket.data, JSON.parse(text));
      if (task.type === "publish") {
        server.publish(task.room, JSON.stringify(task.entry));
        return;
      }
      if (task.type === "join") socket.subscribe(task.room);
      socket.send(JSON.stringify(task.reply));
    },
  },
});
process.stdout.write(`listening on ${server.port}\n`);

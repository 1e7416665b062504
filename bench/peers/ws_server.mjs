/**
 * The peer on Node and `ws`. Start it with the folder that holds `node_modules`.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";
import { Chat } from "./chat.mjs";

const { WebSocketServer } = createRequire(`${process.argv[2]}/`)("ws");

const chat = new Chat();
const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("listening", () => process.stdout.write(`listening on ${server.address().port}\n`));
server.on("connection", (socket) => {
  const client = chat.connect();
  socket.on("message", (data) => {
    const task = chat.receive(client, JSON.parse(data));
    if (task.type === "publish") {
      // Encoded once, and as bytes: a string would be encoded again for each member.
      const bytes = Buffer.from(JSON.stringify(task.entry));
      for (const member of rooms.get(task.room)) member.send(bytes, { binary: false });
      return;
    }
    if (task.type === "join") {
      if (!rooms.has(task.room)) rooms.set(task.room, new Set());
      rooms.get(task.room).add(socket);
    }
    socket.send(JSON.stringify(task.reply));
  });
  socket.on("close", () => rooms.get(client.room)?.delete(socket));
});

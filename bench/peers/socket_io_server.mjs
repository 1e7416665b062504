/**
 * The peer on Node and `socket.io`, WebSocket transport only. Start it with the folder
 * that holds `node_modules`.
 *
 * @module
 */

import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { Chat } from "./chat.mjs";

const { Server } = createRequire(`${process.argv[2]}/`)("socket.io");

const chat = new Chat();
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });

io.on("connection", (socket) => {
  const client = chat.connect();
  function receive(action, request) {
    const task = chat.receive(client, { action, body: request?.body });
    if (task.type === "publish") {
      io.to(task.room).emit("entry", task.entry);
      return;
    }
    if (task.type === "join") socket.join(task.room);
    socket.emit("reply", task.reply);
  }
  for (const action of ["join", "message"]) {
    socket.on(action, (request) => receive(action, request));
  }
});
http.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on ${http.address().port}\n`);
});

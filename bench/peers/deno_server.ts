// deno-lint-ignore-file no-console -- the benchmark reads its port
/**
 * Shows what Deno itself costs: the little of parley.v1 that the generators speak, Parley's own
 * turns, so that the sockets are read and written in the same way, and nothing else: no log, no
 * limits, no sessions, no presence. No server that sends these frames through Deno's own WebSockets
 * can be much cheaper.
 *
 * @module
 */

import type { Served } from "../../src/server/connections/lane.ts";
import { FlushQueue } from "../../src/server/connections/flush_queue.ts";

const SUBPROTOCOL = "parley.v1";

interface Room {
  id: string;
  seq: number;
  sockets: WebSocket[];
  /** The entries that have not been sent, with commas between them. */
  waiting: string;
}

const rooms = new Map<string, Room>();
const queue = new FlushQueue<Room>(send);
let clients = 0;

function receive(socket: WebSocket, clientId: string, text: string): void {
  queue.heard();
  const frame = JSON.parse(text);
  switch (frame.action) {
    case "hello":
      socket.send(JSON.stringify({ status: "connected", client_id: clientId }));
      break;
    case "create": {
      const id = crypto.randomUUID().slice(-19);
      rooms.set(id, { id, seq: 0, sockets: [socket], waiting: "" });
      socket.send(JSON.stringify({ status: "success", room_id: id }));
      break;
    }
    case "join":
      rooms.get(frame.body.room_id)!.sockets.push(socket);
      socket.send(JSON.stringify({ status: "success" }));
      break;
    case "message":
      say(rooms.get(frame.room_id)!, clientId, frame.n, [frame.body]);
      break;
    case "messages":
      say(rooms.get(frame.room_id)!, clientId, frame.n, frame.body);
  }
}

function say(room: Room, from: string, n: number, bodies: string[]): void {
  const at = Date.now();
  for (const body of bodies) {
    const entry = JSON.stringify({ seq: ++room.seq, at, from, n: n++, body });
    room.waiting = room.waiting === "" ? entry : `${room.waiting},${entry}`;
  }
  queue.add(room, room.sockets.length);
}

function send(room: Room): Served {
  const text = `{"event":"entries","room_id":"${room.id}","entries":[${room.waiting}]}`;
  room.waiting = "";
  for (const socket of room.sockets) socket.send(text);
  return { cost: room.sockets.length, more: false };
}

// See `keepFreedMemory` in `server.ts`.
new ArrayBuffer(8 * 1_048_576).transfer(0);

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`listening on ${port}`),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: SUBPROTOCOL,
    idleTimeout: 0,
  });
  const clientId = `c${String(++clients).padStart(11, "0")}`;
  socket.onmessage = ({ data }) => receive(socket, clientId, data);
  return response;
});

// deno-lint-ignore-file no-console -- the benchmark reads its port
/**
 * What Deno itself costs: the little of parley.v1 that the generators speak, and nothing
 * else: no log, no limits, no sessions, and a frame for each that comes in. No server on
 * Deno's own WebSockets can be cheaper where nothing can be put together.
 *
 * @module
 */

const SUBPROTOCOL = "parley.v1";

interface Room {
  seq: number;
  sockets: WebSocket[];
}

const rooms = new Map<string, Room>();
let clients = 0;

function receive(socket: WebSocket, clientId: string, text: string): void {
  const frame = JSON.parse(text);
  switch (frame.action) {
    case "hello":
      socket.send(JSON.stringify({ status: "connected", client_id: clientId }));
      break;
    case "create": {
      const roomId = crypto.randomUUID();
      rooms.set(roomId, { seq: 0, sockets: [socket] });
      socket.send(JSON.stringify({ status: "success", room_id: roomId }));
      break;
    }
    case "join":
      rooms.get(frame.body.room_id)!.sockets.push(socket);
      socket.send(JSON.stringify({ status: "success" }));
      break;
    case "message":
    case "messages": {
      const { room_id, n, body } = frame;
      const room = rooms.get(room_id)!;
      const at = Date.now();
      const entries = [body].flat().map((body, i) => {
        return { seq: ++room.seq, at, from: clientId, n: n + i, body };
      });
      const text = JSON.stringify({ event: "entries", room_id, entries });
      for (const to of room.sockets) to.send(text);
    }
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`listening on ${port}`),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: SUBPROTOCOL,
    idleTimeout: 0,
  });
  const clientId = `client-${String(++clients).padStart(9, "0")}`;
  socket.onmessage = ({ data }) => receive(socket, clientId, data);
  return response;
});

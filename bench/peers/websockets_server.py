"""The peer on Python and `websockets`: the stack of the server that Parley replaces."""

import asyncio
import json
import time

import websockets


class Client:
    """One connection: a public id as long as Parley's, and the room it is in."""

    count = 0

    def __init__(self):
        Client.count += 1
        self.id = str(Client.count).rjust(12, "c")
        self.room = None
        self.n = 0


class Room:
    """The sockets in a room, and how many entries it had."""

    def __init__(self):
        self.seq = 0
        self.sockets = set()


rooms = {}


def entry(client, room, body):
    """A message with the fields of a Parley entry, encoded once."""
    room.seq += 1
    client.n += 1
    return json.dumps(
        {"seq": room.seq, "at": int(time.time() * 1000), "from": client.id, "n": client.n, "body": body},
        separators=(",", ":"),
    )


async def handle(socket, _path=None):
    """Serves one client until it goes."""
    client = Client()
    try:
        async for text in socket:
            frame = json.loads(text)
            if frame["action"] == "join":
                client.room = rooms.setdefault(frame["body"], Room())
                client.room.sockets.add(socket)
                await socket.send('{"status":"success","message":"joined"}')
            elif frame["action"] == "message" and client.room is not None:
                # The library's own fan-out: no task per member, nobody waits for a slow one.
                websockets.broadcast(client.room.sockets, entry(client, client.room, frame["body"]))
            else:
                await socket.send('{"status":"error","message":"Invalid action"}')
    finally:
        if client.room is not None:
            client.room.sockets.discard(socket)


async def main():
    """Listens on a free port and says which."""
    async with websockets.serve(handle, "127.0.0.1", 0, compression=None) as server:
        print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


asyncio.run(main())

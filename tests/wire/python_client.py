"""A client of parley.v1 that knows nothing of it but PROTOCOL.md, with `websockets` alone.

It joins a room, says and changes things by chance, comes back when its connection is cut, and
prints as JSON what it then knows: arguments are the URL, the room, a token, a seed, and how often
it acts. It has one message on its way at a time, and ends when somebody else says "the end".
"""

import asyncio
import json
import random
import sys

import websockets

REACTIONS = ["👍", "+1", "🎉"]
WAIT_S = 10


class Client:
    def __init__(self, url, room_id, token):
        self.url, self.room_id, self.token = url, room_id, token
        self.socket = None
        self.client_id = self.session = self.epoch = None
        self.last = self.cursor = self.read = self.refs = self.cuts = 0
        self.is_over = False
        self.messages = {}

    # Connections

    async def connect(self):
        """Comes in, again where it was cut off: waits as 'Coming back' says."""
        attempt = 0
        while True:
            try:
                return await self.try_to_connect()
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
                await asyncio.sleep(random.random() * min(20, 2**attempt))
                attempt += 1

    async def try_to_connect(self):
        self.socket = await websockets.connect(
            self.url, subprotocols=["parley.v1"], max_size=394_240, ping_interval=None
        )
        hello = {"name": "Python", "token": self.token}
        if self.session is not None:
            # One message at a time: all before the last one have an answer.
            hello.update(session=self.session, n=max(0, self.last - 1), sent=self.last)
        welcome = await self.ask("hello", hello)
        if self.session is not None and not welcome["resumed"]:
            sys.exit("The session was lost")
        self.client_id, self.session = welcome["client_id"], welcome["session"]
        await self.join()

    async def join(self):
        body = {"room_id": self.room_id}
        if self.epoch is not None:
            body.update(after=self.cursor, epoch=self.epoch)
        reply = await self.ask("join", body)
        self.read = max(self.read, reply.get("read", 0))
        if self.epoch is None or reply.get("recovered") is False:
            self.cursor = max(self.cursor, reply["after"])
            await self.catch_up()
        self.epoch = reply["epoch"]

    async def catch_up(self):
        """Reads pages from the oldest entry on, and takes in what they say that is new."""
        after, more = 0, True
        while more:
            body = {"room_id": self.room_id, "after": after, "limit": 256}
            page = await self.ask("history", body)
            for entry in page["entries"]:
                self.take_message(entry)
                after = entry["seq"]
            more = page["more"]

    # Frames

    async def hear(self):
        """Takes in the next frame, and returns it."""
        frame = json.loads(await self.socket.recv())
        event = frame.get("event")
        if event == "entries":
            for entry in frame["entries"]:
                self.take(entry)
        elif event == "read":
            self.read = max(self.read, frame["seq"])
        elif event == "gap":
            self.cursor = frame["to_seq"]
            await self.catch_up()
        elif event == "ping":
            await self.say({"action": "pong"})
        return frame

    async def say(self, frame):
        await self.socket.send(json.dumps(frame))

    async def ask(self, action, body):
        """Sends a request, and returns its reply."""
        self.refs += 1
        ref = self.refs
        await self.say({"action": action, "body": body, "ref": ref})
        while True:
            frame = await asyncio.wait_for(self.hear(), WAIT_S)
            if frame.get("ref") != ref:
                continue
            if frame["status"] == "error":
                sys.exit(f"{action} was refused: {frame}")
            return frame

    async def send(self, parts):
        """Says something until it is stored or refused for good; returns whether it is stored."""
        self.last += 1
        n = self.last
        while True:
            try:
                self.refs += 1
                message = {"action": "message", "room_id": self.room_id, "n": n, "ref": self.refs}
                await self.say({**message, **parts})
                while True:
                    frame = await asyncio.wait_for(self.hear(), WAIT_S)
                    for entry in frame.get("entries", []):
                        if entry["from"] == self.client_id and entry.get("n") == n:
                            return True
                    if frame.get("ref") != self.refs:
                        continue
                    if frame["status"] == "success":
                        return True
                    if "retry_after_ms" not in frame:
                        # A refused message has not used its number.
                        self.last -= 1
                        return False
                    await asyncio.sleep(frame["retry_after_ms"] / 1000)
                    break
            except websockets.ConnectionClosed:
                self.cuts += 1
                await self.connect()

    # The log

    def take(self, entry):
        """Takes in an entry that came as an event: each once, in the order of the log."""
        if entry["seq"] <= self.cursor:
            return
        self.cursor = entry["seq"]
        self.take_message(entry)

    def take_message(self, entry):
        """Takes in a message, or a change of one; others are passed over."""
        if "body" in entry:
            self.take_said(entry)
        elif "re" in entry:
            self.take_change(entry)

    def take_said(self, entry):
        now = entry.get("now", {})
        up_to = now.get("seq", entry["seq"])
        known = self.messages.get(entry["seq"])
        if known is None or known["up_to"] < up_to:
            self.messages[entry["seq"]] = {
                "sub": entry.get("sub"),
                "body": now.get("body", entry["body"]),
                "redacted": now.get("redacted", False),
                "reactions": dict(now.get("reactions", {})),
                "replies": now.get("replies", 0),
                "up_to": up_to,
            }
        answered = self.older(entry.get("re"), entry["seq"])
        if answered is not None:
            answered["replies"] += 1
        self.is_over = self.is_over or entry["body"] == "the end"

    def take_change(self, entry):
        message = self.older(entry["re"], entry["seq"])
        if message is None:
            return
        if entry.get("redact"):
            message.update(body="", redacted=True, reactions={})
        elif "edit" in entry and not message["redacted"]:
            message["body"] = entry["edit"]
        for field, by in (("react", 1), ("unreact", -1)):
            if field in entry:
                counts, name = message["reactions"], entry[field]
                counts[name] = counts.get(name, 0) + by
                if counts[name] <= 0:
                    del counts[name]

    def older(self, re, seq):
        """The message that an entry is about, where that is not in it yet; it is from now on."""
        message = self.messages.get(re)
        if message is None or seq <= message["up_to"]:
            return None
        message["up_to"] = seq
        return message

    # What people do

    async def act(self, word):
        """Does something by chance."""
        held = list(self.messages.items())[-20:]
        own = [seq for seq, message in held if message["sub"] == self.token]
        roll = random.random()
        if not own or roll < 0.3:
            await self.send({"body": word})
        elif roll < 0.4:
            await self.send({"body": word, "re": random.choice(held)[0]})
        elif roll < 0.6:
            await self.send({"re": random.choice(own), "edit": word})
        elif roll < 0.7:
            await self.send({"re": random.choice(own), "redact": True})
        else:
            kind = "react" if roll < 0.9 else "unreact"
            await self.send({"re": random.choice(held)[0], kind: random.choice(REACTIONS)})

    async def mark(self):
        """Says that it has read all that it has."""
        while True:
            try:
                body = {"room_id": self.room_id, "seq": self.cursor}
                self.read = (await self.ask("read", body))["seq"]
                return
            except websockets.ConnectionClosed:
                self.cuts += 1
                await self.connect()


async def main(url, room_id, token, seed, count):
    random.seed(int(seed))
    client = Client(url, room_id, token)
    await client.connect()
    for i in range(int(count)):
        await client.act(f"python {i}")
        if i % 10 == 9:
            await client.mark()
    await client.send({"body": "python is done"})
    while not client.is_over:
        try:
            await client.hear()
        except websockets.ConnectionClosed:
            client.cuts += 1
            await client.connect()
    await client.mark()
    seen = shown(client.messages)
    client.messages = {}
    await client.catch_up()
    await client.socket.close()
    state = {"cuts": client.cuts, "read": client.read, "messages": seen}
    print(json.dumps({**state, "paged": shown(client.messages)}))


def shown(messages):
    fields = ("body", "redacted", "reactions", "replies")
    return {seq: [message[field] for field in fields] for seq, message in messages.items()}


asyncio.run(main(*sys.argv[1:]))

// Says numbers in a room, one after the other, from whatever runtime this is: `talk.mjs URL ROOM COUNT`.
import process from "node:process";
import { ChatClient } from "../../client.ts";

const [url, roomId, count] = process.argv.slice(2);
const chat = new ChatClient(url, { name: "Runtime" });
await chat.connect();
const room = await chat.joinRoom(roomId);
const heard = [];
const listening = room.subscribe(({ type, body, own }) => {
  if (type === "message" && own) heard.push(body);
});
const seqs = [];
for (let i = 0; i < Number(count); i++) seqs.push((await room.send(`${i}`)).seq);
await chat.close();
await listening;
process.stdout.write(JSON.stringify({ heard, seqs }));

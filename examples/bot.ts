// deno-lint-ignore-file no-console -- this is a program
/**
 * A bot: sits in a room and rolls dice for whoever says `!roll`, or `!roll 20`.
 *
 *     deno run -N examples/bot.ts <room id> [ws://localhost:8765]
 *
 * @module
 */

// Outside of this repository: from "jsr:@parley/chat/client"
import { connect } from "../client.ts";

const [roomId, url = "ws://localhost:8765"] = Deno.args;
if (roomId === undefined) {
  console.error("Usage: deno run -N examples/bot.ts <room id> [URL]");
  Deno.exit(2);
}

await using chat = await connect(url, { name: "Dice" });
const room = await chat.joinRoom(roomId);
console.log(`In ${room.name}`);

// Leaving ends the loop below.
Deno.addSignalListener("SIGINT", () => room.leave());

// A broken connection ends nothing: the client comes back, and no message is read or sent twice.
for await (const { body, name, own } of room) {
  const [roll, sides = "6"] = /^!roll(?: ([1-9]\d{0,3}))?$/.exec(body) ?? [];
  if (own || roll === undefined) continue;
  const pips = 1 + Math.floor(Math.random() * Number(sides));
  await room.send(`${name ?? "guest"} rolls ${pips} of ${sides}`);
}

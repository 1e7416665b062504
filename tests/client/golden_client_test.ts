import { assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { bounded } from "../support/waiting.ts";
import { type Meaning, SERVER_FRAMES, YOU } from "../support/golden_frames.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { ending, wordsOf } from "./client_words.ts";

/** The report that a client is to make of a frame that means this. */
function told({ kind, events, from_seq, to_seq, from, name }: Meaning): unknown {
  if (kind === "entries") return events;
  if (kind === "gap") return [{ type: "gap", from_seq, to_seq }];
  if (kind === "typing_event") {
    return [{ type: "typing", from, ...(name === undefined ? {} : { name }) }];
  }
  return kind === "removed" ? [{ type: "closed" }] : [];
}

const frames = SERVER_FRAMES.filter(({ dialect, means }) => {
  const unasked = [
    "entries",
    "gap",
    "typing_event",
    "goodbye",
    "ping_event",
    "pong_event",
    "removed",
    "nothing",
  ];
  return dialect === "v1" && unasked.includes(String(means.kind));
});

/** Connects a client as the one that the frames are for, sends it one, and a mark behind it. */
function play(text: string): ScriptedServer {
  return new ScriptedServer(async (peer) => {
    await peer.welcome({ client_id: YOU.client_id });
    await peer.admit({ room_id: YOU.room_id, presence: false });
    peer.sendRaw(text);
    peer.send({ event: "typing", room_id: YOU.room_id, from: "the end" });
    if (text.includes("goodbye")) peer.close();
    await peer.closed;
  });
}

for (const { name, text, means } of frames) {
  Deno.test(`the client makes of a golden frame what it means: ${name}`, async () => {
    await using server = play(text);
    await using chat = new ChatClient(server.url);
    await chat.connect();
    const room = await chat.joinRoom(YOU.room_id);
    const events: unknown[] = [];
    const read = async () => {
      for await (const event of room.events()) {
        if ("from" in event && event.from === "the end") return;
        // This client tells of moderation too, which the frames call nothing to tell.
        if (["role", "kick", "room"].includes(event.type)) continue;
        events.push(wordsOf(event));
      }
    };
    await bounded(read(), () => `the end does not come behind ${text}`);
    assertEquals(events, told(means));
    assertEquals(room.cursor, means.cursor ?? YOU.cursor);
    if (means.kind !== "goodbye") {
      assertEquals(chat.status.type, "connected");
      return;
    }
    const { code, reason, come_back: comesBack } = means;
    const status = await bounded(ending(chat), () => "the client does not say that it is closed");
    const type = comesBack ? "reconnecting" : "closed";
    assertEquals<unknown>(status, { ...status, type, code, reason });
  });
}

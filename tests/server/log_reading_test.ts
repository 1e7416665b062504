import { assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Entry, GapFrame } from "../../src/protocol/frames.ts";
import { TestChat } from "../support/fixtures.ts";
import { bounded } from "../support/waiting.ts";

/** The next one that comes; undefined at the end. */
async function nextOf(events: AsyncIterator<Entry | GapFrame>) {
  const { value, done } = await bounded(events.next(), () => "nothing comes");
  return done ? undefined : value as unknown as Record<string, unknown>;
}

Deno.test("a program hears what is said in a room, and answers", async () => {
  await using chat = new TestChat();
  const { roomId } = await chat.chat.createRoom("Lobby");
  await using ana = await chat.v1({ name: "Ana" });
  await ana.ask({ action: "join", body: roomId });
  const events = chat.chat.events(roomId, { after: 0 })[Symbol.asyncIterator]();
  assertEquals((await nextOf(events))?.event, "join");
  const heard = nextOf(events);
  ana.send({ action: "message", room_id: roomId, n: 1, body: "ping" });
  assertEquals((await heard)?.body, "ping");
  await chat.chat.publish(roomId, "pong");
  assertEquals((await nextOf(events))?.body, "pong");
  await events.return?.();
});

Deno.test("a program begins behind an entry, and is told what was gone by then", async () => {
  await using chat = new TestChat({ logEntries: 2 });
  const { roomId, epoch } = await chat.chat.createRoom("Lobby");
  for (const body of ["1", "2", "3", "4"]) await chat.chat.publish(roomId, body);
  const events = chat.chat.events(roomId, { after: 1, epoch })[Symbol.asyncIterator]();
  assertEquals(await nextOf(events), { event: "gap", room_id: roomId, from_seq: 2, to_seq: 2 });
  assertEquals((await nextOf(events))?.body, "3");
  assertEquals((await nextOf(events))?.body, "4");
  await chat.chat.publish(roomId, "5");
  assertEquals((await nextOf(events))?.body, "5");
  chat.chat.deleteRoom(roomId);
  assertEquals(await nextOf(events), undefined);
});

Deno.test("events end when they are aborted, and when the chat closes", async () => {
  await using chat = new TestChat();
  const { roomId } = await chat.chat.createRoom("Lobby");
  const aborting = new AbortController();
  const { signal } = aborting;
  const ends = [chat.chat.events(roomId, { signal }), chat.chat.events(roomId)]
    .map((events) => nextOf(events[Symbol.asyncIterator]()));
  aborting.abort();
  assertEquals(await ends[0], undefined);
  await chat.chat.close();
  assertEquals(await ends[1], undefined);
});

Deno.test("there are no events of a room that is not there, nor of an earlier log", async () => {
  await using chat = new TestChat();
  const { roomId } = await chat.chat.createRoom("Lobby");
  const codeOf = async (events: AsyncIterable<Entry | GapFrame>) =>
    (await assertRejects(() => nextOf(events[Symbol.asyncIterator]()), ChatError)).code;
  assertEquals(await codeOf(chat.chat.events("nowhere")), "room_not_found");
  assertEquals(await codeOf(chat.chat.events(roomId, { after: 0, epoch: "other" })), "room_gone");
  assertEquals(await codeOf(chat.chat.events(roomId, { after: -1 })), "invalid_frame");
});

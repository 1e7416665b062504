import { assertEquals, assertRejects } from "@std/assert";
import { insideOf } from "../../src/server/inside.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { TestChat } from "../support/fixtures.ts";

/** A chat with a room, and the acts of the program around it. */
async function acting(chat: TestChat) {
  const { voice } = insideOf(chat.chat)!;
  const { roomId } = await chat.chat.createRoom("Lobby");
  return { voice, acts: voice.acts, roomId };
}

Deno.test("whoever acts comes and goes without a word", async () => {
  await using chat = new TestChat();
  const { voice, acts, roomId } = await acting(chat);
  const { seq } = await acts.moderate(roomId, "room", { topic: "Ships" });
  const { entries } = await voice.entries(roomId, {});
  const [entry] = entries;
  assertEquals(entries.length, 1);
  assertEquals([entry?.seq, entry && "event" in entry && entry.event], [seq, "room"]);
  const room = await voice.room(roomId);
  assertEquals([room.members.length, room.roster.members.size], [0, 0]);
});

Deno.test("an act that is refused says why, and leaves nobody behind", async () => {
  await using chat = new TestChat();
  const { voice, acts, roomId } = await acting(chat);
  const codeOf = async (act: Promise<unknown>) => (await assertRejects(() => act, ChatError)).code;
  assertEquals(await codeOf(acts.moderate(roomId, "unlink", { id: "nothing" })), "link_ended");
  assertEquals(
    await codeOf(acts.moderate(roomId, "role", { to: "ana", role: "king" })),
    "invalid_frame",
  );
  assertEquals(await codeOf(acts.moderate("nowhere", "links")), "room_not_found");
  assertEquals(await codeOf(acts.revoke("ana", "soon")), "invalid_frame");
  assertEquals((await voice.room(roomId)).members.length, 0);
});

Deno.test("a client whose connection is ended comes back as itself", async () => {
  await using chat = new TestChat();
  const { acts } = await acting(chat);
  await using ana = await chat.v1({ name: "Ana" });
  assertEquals(acts.disconnect({ sub: ana.id }, "x"), 0);
  assertEquals(acts.disconnect({ clientId: ana.id }, "x"), 1);
  assertEquals((await ana.until(({ event }) => event === "goodbye")).code, 4009);
  await using again = await chat.v1({ session: String(ana.welcome.session) });
  assertEquals([again.id, again.welcome.resumed], [ana.id, true]);
});

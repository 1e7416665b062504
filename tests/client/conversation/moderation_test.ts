import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../../client.ts";
import {
  ban,
  deleteRoom,
  kick,
  mute,
  setRole,
  setSettings,
} from "../../../src/client/conversation/moderation.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";

const codeOf = async (asked: () => Promise<unknown>) =>
  (await assertRejects(asked, ChatError)).code;

Deno.test("an owner kicks, mutes, bans, gives roles and settings, and deletes the room", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  await using ben = await connect(server.url, { name: "Ben" });
  const room = await ana.createRoom("Lobby");
  const bens = await ben.joinRoom(room.id);
  const to = ben.clientId;
  assertEquals(await codeOf(() => mute(ben, bens, ana.clientId)), "forbidden");
  assertEquals(await mute(ana, room, to, { forMs: 60_000, reason: "Loud" }), { seq: 3 });
  assertEquals(await codeOf(() => bens.send("x")), "forbidden");
  await setRole(ana, room, to, "moderator");
  assertEquals(await setSettings(ben, bens, { topic: "Cats" }), { seq: 5 });
  await setRole(ana, room, to, "member");
  await kick(ana, room, to);
  assertEquals(await codeOf(() => bens.send("x")), "not_in_room");
  await ben.joinRoom(room.id);
  await ban(ana, room, to);
  assertEquals(await codeOf(() => ben.joinRoom(room.id)), "room_not_found");
  await deleteRoom(ana, room);
  assertEquals(await codeOf(() => room.send("x")), "room_gone");
});

Deno.test("whoever is removed is told so, and its room is over", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  await using ben = await connect(server.url, { name: "Ben" });
  const room = await ana.createRoom("Lobby");
  const bens = await ben.joinRoom(room.id);
  const kitchen = await ben.createRoom("Kitchen");
  await ben.joinRoom(room.id);
  await kick(ana, room, ben.clientId, { reason: "Off topic" });
  const told = [];
  for await (const event of bens.events()) told.push(event);
  const [kicked, closed] = told.slice(-2);
  assertEquals([kicked?.type, kicked?.type === "kick" && kicked.to], ["kick", ben.clientId]);
  assertEquals(closed, { type: "closed", reason: "Off topic", removed: true });
  assertEquals([...ben.rooms.values(), ben.room], [kitchen, kitchen]);
  const again = await ben.joinRoom(room.id);
  await ban(ana, room, ben.clientId);
  let last;
  for await (const event of again.events()) last = event;
  assertEquals(last, { type: "closed", reason: "", removed: true });
});

pure("setRole() refuses a time that is none, and an answer that is none", async () => {
  const chat = {
    clientId: "ana",
    request: <T>(_frame: unknown, accept: (reply: unknown) => T) =>
      Promise.resolve().then(() => accept({ status: "success" })),
  };
  for (const forMs of [0, -1, 1.5, NaN]) {
    const asked = () => Promise.resolve().then(() => ban(chat, { id: "r" }, "ben", { forMs }));
    assertEquals(await codeOf(asked), "invalid_argument");
  }
  assertEquals(await codeOf(() => kick(chat, { id: "r" }, "ben")), "internal");
});

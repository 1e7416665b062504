import { assertEquals } from "@std/assert";
import { connect } from "../../../client.ts";
import {
  mute,
  RoomCharter,
  setRole,
  setSettings,
} from "../../../src/client/conversation/moderation.ts";
import { TestChat } from "../../support/fixtures.ts";

Deno.test("a charter has the settings and roles of its room, and follows what changes", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  await using ben = await connect(server.url, { name: "Ben" });
  const room = await ana.createRoom("Lobby");
  await setSettings(ana, room, { topic: "Cats" });
  const bens = await ben.joinRoom(room.id, { last: 10 });
  const [anas, his] = [new RoomCharter(room, ana.clientId), new RoomCharter(bens, ben.clientId)];
  assertEquals([anas.role(0), his.role(0), his.settings.topic], ["owner", "member", "Cats"]);
  await mute(ana, room, ben.clientId, { forMs: 60_000 });
  await setSettings(ana, room, { topic: "Dogs", slow_ms: 1_000 });
  await setRole(ana, room, "somebody", "moderator");
  await room.send("over");
  let until = 0;
  for await (const event of bens.events()) {
    his.take(event);
    if (event.type === "role") until ||= event.until ?? 0;
    if (event.type === "message") break;
  }
  assertEquals([his.role(until - 1), his.role(until)], ["reader", "member"]);
  assertEquals([his.settings.topic, his.settings.slow_ms], ["Dogs", 1_000]);
  assertEquals(his.roleOf("somebody", until), "moderator");
  await setSettings(ana, room, { default: "reader" });
  await room.send("over");
  for await (const event of bens.events()) {
    his.take(event);
    if (event.type === "message") break;
  }
  assertEquals(his.role(until), "reader");
});

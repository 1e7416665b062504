import { assertEquals } from "@std/assert";
import { RoomActivity } from "../../src/ops/room_activity.ts";
import { insideOf } from "../../src/server/inside.ts";
import { TestChat } from "../support/fixtures.ts";

Deno.test("rooms are sorted by what happened since the look before", async () => {
  await using server = new TestChat();
  const { chat } = server;
  const inside = insideOf(chat)!;
  let now = 1_000;
  const activity = new RoomActivity(inside, () => now);
  const [quiet, busy] = [await chat.createRoom("Quiet"), await chat.createRoom("Busy")];
  await chat.publish(busy.roomId, "before");
  const first = activity.look(10);
  assertEquals([first.seconds, first.slow, first.rooms.map(({ entries }) => entries)], [0, 0, [
    0,
    0,
  ]]);
  await using ana = await server.v1();
  await ana.ask({ action: "join", body: busy.roomId });
  for (let i = 0; i < 3; i++) await chat.publish(busy.roomId, `${i}`);
  await chat.publish(quiet.roomId, "one");
  now = 3_000;
  assertEquals(activity.look(10), {
    seconds: 2,
    slow: 0,
    rooms: [
      {
        room_id: busy.roomId,
        name: "Busy",
        members: 1,
        here: 1,
        slow: 0,
        behind: 0,
        entries: 4,
      },
      {
        room_id: quiet.roomId,
        name: "Quiet",
        members: 0,
        here: 0,
        slow: 0,
        behind: 0,
        entries: 1,
      },
    ],
  });
  assertEquals(activity.look(1).rooms.map(({ name, entries }) => [name, entries]), [
    ["Busy", 0],
  ]);
  // Nobody looks any more: nothing is counted.
  now = 40_000;
  await chat.publish(busy.roomId, "unseen");
  assertEquals(inside.watchers.length, 0);
  assertEquals(activity.look(1).seconds, 0);
  assertEquals(inside.watchers.length, 1);
});

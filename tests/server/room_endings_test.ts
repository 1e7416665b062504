import { assert, assertEquals } from "@std/assert";
import type { StoreEvents } from "../../src/core/store/store.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";
import { turn } from "../support/waiting.ts";
import { Bench, withFullBen, withSlowBen } from "./engine_setting.ts";

Deno.test("what was said in a room before it was deleted is answered, to everybody who said it", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben, say } = await withSlowBen(bench, "v1");
  ben.bufferedAmount = 0;
  const pia = bench.connect("plain");
  pia.hear({ action: "join", body: roomId });
  await turn();
  [ben, pia].forEach((socket) => socket.take());
  ben.hear({ action: "message", room_id: roomId, n: 1, body: "last words" });
  pia.hear({ action: "message", body: "mine" });
  assert(bench.engine.deleteRoom(String(roomId)));
  const [entries] = ben.take();
  assertEquals((entries?.entries as { n: number; body: string }[]).map(({ body }) => body), [
    "last words",
    "mine",
  ]);
  assertEquals(pia.take().map(({ message, body }) => message ?? body), [
    "last words",
    "Message sent",
  ]);
  say("too late");
  await turn();
  assertEquals([ben.sent, pia.sent], [[], []]);
});

Deno.test("whoever cannot take the end of a room that is deleted comes back, and asks", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben } = await withFullBen(bench, "v1");
  ben.hear({ action: "message", room_id: roomId, n: 1, body: "last words" });
  bench.engine.deleteRoom(String(roomId));
  assertEquals(ben.closedWith?.[0], 4002);
});

Deno.test("members of a room that is lost come back, and those of one that was deleted stay", async () => {
  let reports: StoreEvents | undefined;
  await using bench = new Bench({}, (events, options) => {
    reports = events;
    return openMemoryStore(events, options);
  });
  for (const [how, code] of [["lost", 4004], ["deleted", undefined]] as const) {
    const { socket } = bench.v1();
    socket.hear({ action: "create", body: "Lobby" });
    await turn();
    reports!.gone(String(socket.take()[0]?.room_id), how);
    assertEquals([bench.engine.rooms, socket.closedWith?.[0]], [0, code]);
  }
  assertEquals(bench.log.filter(({ event }) => event === "room gone").length, 2);
});

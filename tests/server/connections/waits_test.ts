import { assertEquals } from "@std/assert";
import { chooseStore } from "../../../src/daemon/open_store.ts";
import { openMemoryStore } from "../../../src/server/memory_store.ts";
import type { Frame } from "../../support/fixtures.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { turn, until } from "../../support/waiting.ts";
import { Bench, withFullBen } from "../engine_setting.ts";

const folder = tempFolder();

Deno.test("a client of which a message is in doubt comes back if it says where it goes on", async () => {
  let doubt: Promise<void> | undefined;
  await using bench = new Bench({ helloMs: 20 }, (events, options) => {
    const store = openMemoryStore(events, options);
    return Object.assign(store, { settled: () => doubt });
  });
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.socket.take()[0]?.room_id;
  ana.socket.hear({ action: "message", room_id: roomId, n: 1, body: "stored?" });
  doubt = new Promise(() => {});
  ana.socket.end(1006);
  const { session } = ana;
  for (const [n, resumed] of [[0, true], [undefined, false]] as const) {
    const again = bench.connect("v1");
    again.hear({ action: "hello", body: { session, n } });
    assertEquals(again.sent, []);
    await until(() => again.sent.length > 0, "nobody is welcomed");
    const [welcome] = again.take();
    assertEquals([welcome?.resumed, welcome?.n], [resumed, 0]);
  }
  doubt = undefined;
});

Deno.test("a client is not in doubt for what others say while it comes back", async () => {
  await using bench = new Bench({}, await chooseStore(`sqlite:${folder}/1.db`));
  const ben = bench.v1().socket;
  ben.hear({ action: "create", body: "Lobby" });
  await until(() => ben.frames.some(({ room_id }) => room_id !== undefined), "no room is made");
  const roomId = ben.take()[0]?.room_id;
  const ana = bench.v1();
  ana.socket.hear({ action: "join", body: roomId });
  ana.socket.hear({ action: "message", room_id: roomId, body: "stored" });
  const heard = () => ben.frames.flatMap(({ entries }) => (entries ?? []) as Frame[]);
  await until(() => heard().some(({ body }) => body === "stored"), "nothing is stored");
  ana.socket.end(1006);
  await until(() => heard().some(({ event }) => event === "away"), "Ana is still there");
  // When this is stored, and Ana's turn has come, it waits again: until Ben has left.
  ben.hear({ action: "message", room_id: roomId, body: "also" });
  ben.hear({ action: "leave", body: { room_id: roomId } });
  const again = bench.connect("v1");
  again.hear({ action: "hello", body: { session: ana.session } });
  await until(() => again.sent.length > 0, "nobody is welcomed");
  const [welcome] = again.take();
  assertEquals([welcome?.resumed, welcome?.client_id, welcome?.n], [true, ana.id, 1]);
});

Deno.test("whoever leaves gets first what is in the log, however slowly it reads", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben, say } = await withFullBen(bench, "v1");
  say("before");
  await turn();
  ben.hear({ action: "leave", body: { room_id: roomId } });
  say("meanwhile");
  await turn();
  assertEquals(ben.sent, []);
  ben.bufferedAmount = 0;
  await until(() => ben.sent.length > 1, "Ben is sent nothing");
  const [entries, left] = ben.take();
  assertEquals(
    (entries?.entries as { body?: string }[]).map(({ body }) => body),
    ["before", "meanwhile"],
  );
  assertEquals(left?.message, "Left room");
});

Deno.test("a peer that does not read is not answered again and again who is in its room", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben } = await withFullBen(bench, "v1");
  for (let ref = 1; ref <= 9; ref++) ben.hear({ action: "join", body: roomId, ref });
  await turn();
  assertEquals(ben.sent, []);
  ben.bufferedAmount = 0;
  await until(() => ben.sent.length === 9, "Ben is not sent nine answers");
  assertEquals(ben.take().map(({ ref }) => ref), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

for (const action of ["dance", "leave", "create"]) {
  Deno.test(`to a plain client that reads slowly, nothing overtakes a message: ${action}`, async () => {
    await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
    const { ben, say } = await withFullBen(bench, "plain");
    say("before");
    await turn();
    ben.hear({ action: "message", body: "mine" });
    ben.hear({ action, body: "Other" });
    await turn();
    assertEquals(ben.sent, []);
    ben.bufferedAmount = 0;
    await until(() => ben.sent.length > 2, "Ben is sent nothing");
    const frames = ben.take();
    assertEquals([frames[0]?.body, frames[1]?.message], ["before", "Message sent"]);
    assertEquals(frames.length, 3);
  });
}

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawSocket, TestChat } from "../support/fixtures.ts";

const ROOM_ID = /^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/;

async function create(socket: RawSocket, name: string): Promise<string> {
  return String((await socket.ask({ action: "create", body: name })).room_id);
}

/** A room with two plain members. */
async function two(server: TestChat): Promise<{ ana: RawSocket; ben: RawSocket; roomId: string }> {
  const ana = await server.plain();
  const ben = await server.plain();
  const roomId = await create(ana, "Lobby");
  await ben.ask({ action: "join", body: roomId });
  return { ana, ben, roomId };
}

Deno.test("a plain client is welcomed with its id, byte for byte", async () => {
  await using server = new TestChat();
  await using socket = await RawSocket.open(server.url);
  assertMatch(
    await socket.nextText(),
    /^\{"status":"connected","client_id":"[0-9a-z]{12}","message":"Welcome!"\}$/,
  );
});

Deno.test("a plain client creates a room by its name alone", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  ana.send({ action: "create", body: "Lobby" });
  const text = await ana.nextText();
  const { room_id } = JSON.parse(text);
  assertMatch(room_id, ROOM_ID);
  assertEquals(
    text,
    `{"status":"success","room_id":"${room_id}","message":"Room 'Lobby' created"}`,
  );
});

Deno.test("a plain client creates a room by an object, and is in it", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const made = await ana.ask({ action: "create", body: { room_name: "Lobby" } });
  assertEquals(made.message, "Room 'Lobby' created");
  assertEquals(await ana.ask({ action: "message", body: "alone" }), {
    status: "success",
    message: "Message sent",
  });
});

Deno.test("a plain client joins a room by an object or by its id alone", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const roomId = await create(ana, "Lobby");
  for (const body of [roomId, { room_id: roomId }]) {
    await using ben = await server.plain();
    ben.send({ action: "join", body });
    assertEquals(
      await ben.nextText(),
      `{"status":"success","message":"Joined room 'Lobby'","room_id":"${roomId}"}`,
    );
  }
});

Deno.test("a plain message reaches the others, and its sender is told that it was sent", async () => {
  await using server = new TestChat();
  const { ana, ben } = await two(server);
  await using _ana = ana;
  await using _ben = ben;
  ana.send({ action: "message", body: 'hi "Ben"\n' });
  assertEquals(await ana.nextText(), `{"status":"success","message":"Message sent"}`);
  assertEquals(await ben.nextText(), `{"from":"${ana.id}","body":"hi \\"Ben\\"\\n"}`);
  await ana.silence();
  await ben.silence();
});

Deno.test("a plain client leaves, and hears nothing more", async () => {
  await using server = new TestChat();
  const { ana, ben } = await two(server);
  await using _ana = ana;
  await using _ben = ben;
  ben.send({ action: "leave", body: {} });
  assertEquals(await ben.nextText(), `{"status":"success","message":"Left room"}`);
  await ana.ask({ action: "message", body: "gone?" });
  await ben.silence();
  assertEquals((await ben.ask({ action: "message", body: "still?" })).status, "error");
});

Deno.test("a plain client that joins another room leaves the one it was in", async () => {
  await using server = new TestChat();
  const { ana, ben } = await two(server);
  await using _ana = ana;
  await using _ben = ben;
  await using cleo = await server.plain();
  const other = await create(cleo, "Other");
  assertEquals((await ben.ask({ action: "join", body: other })).message, "Joined room 'Other'");
  await ana.ask({ action: "message", body: "to the first room" });
  await ben.silence();
  await cleo.ask({ action: "message", body: "to the second room" });
  assertEquals(await ben.next(), { from: cleo.id, body: "to the second room" });
});

Deno.test("a plain room ends its member's connection without ending the room", async () => {
  await using server = new TestChat();
  const { ana, ben, roomId } = await two(server);
  await using _ben = ben;
  await ana.close();
  await using cleo = await server.plain();
  assertEquals((await cleo.ask({ action: "join", body: roomId })).status, "success");
  await cleo.ask({ action: "message", body: "hello" });
  assertEquals(await ben.next(), { from: cleo.id, body: "hello" });
});

Deno.test("each error of the plain protocol has its text, and no field beside it", async (t) => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const refused = async (name: string, frame: string, message: string) => {
    await t.step(name, async () => {
      ana.sendRaw(frame);
      assertEquals(await ana.nextText(), JSON.stringify({ status: "error", message }));
    });
  };
  await refused(
    "a room that does not exist",
    `{"action":"join","body":{"room_id":"k7q2-m9xd-4hwn-r3tc"}}`,
    "Room k7q2-m9xd-4hwn-r3tc does not exist",
  );
  await refused(
    "a room id that is a name of Object.prototype",
    `{"action":"join","body":"__proto__"}`,
    "Room __proto__ does not exist",
  );
  await refused("leaving nothing", `{"action":"leave","body":{}}`, "Not in any room");
  await refused("talking outside", `{"action":"message","body":"x"}`, "You must join a room first");
  await refused("an unknown action", `{"action":"dance","body":{}}`, "Invalid action");
  await refused("no action", `{"body":{}}`, "Invalid action");
  await refused("an action that is no string", `{"action":7}`, "Invalid action");
  await refused("an action of parley.v1", `{"action":"ping"}`, "Invalid action");
  await refused("not JSON", `hello`, "Invalid JSON format");
  await refused("JSON that is no object", `["create"]`, "Invalid JSON format");
  await refused("an empty frame", ``, "Invalid JSON format");
});

Deno.test("an action of parley.v1 is invalid for a plain client whatever its fields are", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  for (const action of ["hello", "messages", "typing", "rename", "ping"]) {
    for (const body of [undefined, 5, {}, { name: 5 }]) {
      assertEquals(
        await ana.ask({ action, body }),
        { status: "error", message: "Invalid action" },
        `${action} with ${JSON.stringify(body)}`,
      );
    }
  }
});

Deno.test("members of a deleted room are told that it no longer exists", async () => {
  await using server = new TestChat();
  const { ana, ben, roomId } = await two(server);
  await using _ana = ana;
  await using _ben = ben;
  assert(server.chat.deleteRoom(roomId));
  const gone = { status: "error", message: "Room no longer exists" };
  assertEquals(await ana.ask({ action: "message", body: "anyone?" }), gone);
  assertEquals(await ben.ask({ action: "leave", body: {} }), gone);
  assertEquals(
    (await ana.ask({ action: "message", body: "x" })).message,
    "You must join a room first",
  );
  assertEquals(
    (await ana.ask({ action: "join", body: roomId })).message,
    `Room ${roomId} does not exist`,
  );
  await create(ben, "Another");
});

Deno.test("a plain client sees neither presence nor anything beside messages", async () => {
  await using server = new TestChat();
  const { ana, ben, roomId } = await two(server);
  await using _ana = ana;
  await using cleo = await server.plain();
  await cleo.ask({ action: "join", body: roomId });
  await cleo.ask({ action: "leave" });
  await ben.close();
  await ana.silence();
});

Deno.test("a plain client reads a room id as it may have been typed", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  await using ben = await server.plain();
  const roomId = await create(ana, "Lobby");
  const typed = roomId.toUpperCase().replaceAll("-", " ").replaceAll("0", "O");
  assertEquals((await ben.ask({ action: "join", body: typed })).room_id, roomId);
});

Deno.test("fields that only parley.v1 knows change nothing for a plain client", async () => {
  await using server = new TestChat();
  const { ana, ben } = await two(server);
  await using _ana = ana;
  await using _ben = ben;
  for (let i = 0; i < 2; i++) {
    assertEquals(await ana.ask({ action: "message", body: "same", n: 7, ref: "r" }), {
      status: "success",
      message: "Message sent",
    });
    assertEquals(await ben.next(), { from: ana.id, body: "same" });
  }
});

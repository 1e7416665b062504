/**
 * Messages with more than a text, over real sockets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";

/** Fields of a message that are refused, with the code and the text of that. */
const BAD: [fields: string, code: string, message: string][] = [
  [
    `"body":"x","data":"${"x".repeat(65_534)}"`,
    "too_large",
    "Message is too large: 65537 bytes with its data, at most 65536 are allowed",
  ],
  [
    `"data":${"[".repeat(33)}${"]".repeat(33)}`,
    "too_deep",
    `"data" must not nest deeper than 32`,
  ],
  [
    `"data":${"[".repeat(9_000)}${"]".repeat(9_000)}`,
    "invalid_json",
    "JSON must not nest deeper than 64",
  ],
  [
    `"data":[${"0,".repeat(5_000)}0]`,
    "invalid_json",
    "JSON must not have more than 4096 of [ { , :",
  ],
  [`"body":"x","re":1000`, "message_not_found", "Room ROOM has no message 1000"],
  [
    `"body":"x","re":"this"`,
    "invalid_frame",
    `"re" must be a whole number from 1 to 9007199254740991, not "this"`,
  ],
  [`"re":1`, "invalid_frame", `"body" of a message must be a string, not missing`],
];

Deno.test("each wrong part of a message gets its code with its number, and does nothing", async () => {
  await using server = new TestChat({ rate: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: { room_id: roomId } });
  await ana.entry();
  await ben.entry();
  for (const [fields, code, message] of BAD) {
    ben.sendRaw(`{"action":"message","room_id":"${roomId}","n":1,"ref":"r",${fields}}`);
    const told = message.replace("ROOM", roomId);
    const error = { status: "error", code, message: told, ref: "r", n: 1 };
    assertEquals<unknown>(await ben.next(), error, code);
  }
  await ana.silence();
  ben.send({ action: "message", room_id: roomId, n: 1, body: "still here", re: 1, data: null });
  for (const client of [ana, ben]) {
    const { at: _, ...entry } = await client.entry();
    const from = ben.id;
    assertEquals<unknown>(entry, { seq: 3, from, n: 1, body: "still here", re: 1, data: null });
  }
  assertEquals(server.errors, []);
});

Deno.test("plain clients see the text of a message, and not what it has besides", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.plain();
  await ben.ask({ action: "join", body: roomId });
  await ana.entry();
  ana.send({ action: "message", room_id: roomId, body: "rolls a 6", re: 1, data: [6] });
  assertEquals<unknown>(await ben.next(), { from: ana.id, body: "rolls a 6" });
  ben.send({ action: "message", body: "x", re: 1, data: [6] });
  await ana.entry();
  const { at: _, ...entry } = await ana.entry();
  assertEquals("body" in entry && Object.keys(entry), ["seq", "from", "n", "body"]);
});

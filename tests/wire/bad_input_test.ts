/**
 * Frames that nobody should send, in both dialects: each gets its error, changes
 * nothing, reaches nobody else, and the connection goes on.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ACTIONS } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";

/** The names of all actions, as the error lists them. */
const NAMES = ACTIONS.join(", ");

interface BadFrame {
  name: string;
  /** The frame; `ROOM` stands for the room's id. */
  frame: string | Uint8Array<ArrayBuffer>;
  code: string;
  message: string;
  /** The answer to a plain client, where it is not the same. */
  plain?: string;
}

const INVALID_JSON = "Invalid JSON format";
const deep = (open: string, close: string) => open.repeat(10_000) + close.repeat(10_000);
const inRoom = (fields: string) => `{"action":"message","room_id":"ROOM",${fields}}`;

const BAD_FRAMES: BadFrame[] = [
  {
    name: "text that is not JSON",
    frame: "hello",
    code: "invalid_json",
    message: `Invalid JSON: "hello"`,
    plain: INVALID_JSON,
  },
  {
    name: "an empty frame",
    frame: "",
    code: "invalid_json",
    message: `Invalid JSON: ""`,
    plain: INVALID_JSON,
  },
  {
    name: "two JSON values in one frame",
    frame: `{"action":"leave"}{"action":"leave"}`,
    code: "invalid_json",
    message: `Invalid JSON: "{\\"action\\":\\"leave\\"}{\\"action\\":\\"leave\\"}"`,
    plain: INVALID_JSON,
  },
  ...[["[]", "a list"], ["null", "null"], ["7", "7"], ["true", "true"], [`"join"`, `"join"`]].map(
    ([frame = "", found]) => ({
      name: `JSON that is no object: ${frame}`,
      frame,
      code: "invalid_json",
      message: `Frame must be a JSON object, not ${found}`,
      plain: INVALID_JSON,
    }),
  ),
  {
    name: "10,000 lists in each other",
    frame: deep("[", "]"),
    code: "invalid_json",
    message: "JSON must not nest deeper than 64",
    plain: INVALID_JSON,
  },
  {
    name: "10,000 objects in each other as a body",
    frame: inRoom(`"body":${deep(`{"a":`, "}").replace(`{"a":}`, "{}")}`),
    code: "invalid_json",
    message: "JSON must not nest deeper than 64",
    plain: INVALID_JSON,
  },
  {
    name: "10,000 lists in each other that never end",
    frame: inRoom(`"body":${"[".repeat(10_000)}`),
    code: "invalid_json",
    message: "JSON must not nest deeper than 64",
    plain: INVALID_JSON,
  },
  {
    name: "a binary frame",
    frame: new TextEncoder().encode(`{"action":"leave"}`),
    code: "invalid_frame",
    message: "Frames must be text, not binary",
  },
  {
    name: "an unknown action",
    frame: `{"action":"dance"}`,
    code: "invalid_action",
    message: `Invalid action "dance": must be one of ${NAMES}`,
    plain: "Invalid action",
  },
  ...["constructor", "__proto__", "toString"].map((action) => ({
    name: `the action ${action}`,
    frame: `{"action":"${action}"}`,
    code: "invalid_action",
    message: `Invalid action "${action}": must be one of ${NAMES}`,
    plain: "Invalid action",
  })),
  {
    name: "an action hidden in __proto__",
    frame: `{"__proto__":{"action":"leave","polluted":true}}`,
    code: "invalid_action",
    message: `Invalid action missing: must be one of ${NAMES}`,
    plain: "Invalid action",
  },
  {
    name: "a body hidden in __proto__",
    frame: inRoom(`"__proto__":{"body":"x"},"constructor":{"prototype":{"body":"x"}}`),
    code: "invalid_frame",
    message: `"body" of a message must be a string, not missing`,
  },
  ...["null", "5", "{}", "[]", `["x"]`].map((body) => ({
    name: `a message whose body is ${body}`,
    frame: inRoom(`"body":${body}`),
    code: "invalid_frame",
    message: `"body" of a message must be a string, not ${
      { "{}": "an object", "[]": "a list", [`["x"]`]: "a list" }[body] ?? body
    }`,
  })),
  {
    name: "a body one byte over its limit",
    frame: inRoom(`"body":"${"x".repeat(65_537)}"`),
    code: "too_large",
    message: "Message is too large: 65537 bytes, at most 65536 are allowed",
  },
  {
    name: "a body of few characters and many bytes",
    frame: inRoom(`"body":"${"€".repeat(21_846)}"`),
    code: "too_large",
    message: "Message is too large: 65538 bytes, at most 65536 are allowed",
  },
  {
    name: "a frame too large to be read at all",
    frame: inRoom(`"body":"x","pad":"${"x".repeat(400_000)}"`),
    code: "too_large",
    message: "Frame is too large: 400072 characters, at most 394240 are read",
  },
  {
    name: "a room without a name",
    frame: `{"action":"create"}`,
    code: "invalid_frame",
    message: "A name must be a string, not missing",
  },
  {
    name: "a room with an empty name",
    frame: `{"action":"create","body":"  "}`,
    code: "invalid_frame",
    message: `A name must not be blank, as "  " is`,
  },
  {
    name: "a room whose name is too long",
    frame: `{"action":"create","body":{"room_name":"${"x".repeat(129)}"}}`,
    code: "invalid_frame",
    message: "A name must have at most 128 bytes, not 129",
  },
  {
    name: "a room whose name hides something",
    frame: `{"action":"create","body":"Lob\\u202eby"}`,
    code: "invalid_frame",
    message: "A name must not hold U+202E, which nobody sees",
  },
  {
    name: "a join that names no room",
    frame: `{"action":"join","body":{}}`,
    code: "invalid_frame",
    message: `"room_id" must be a string of 1 to 128 characters, not missing`,
  },
  {
    name: "a join of a room id that is an object",
    frame: `{"action":"join","body":{"room_id":{}}}`,
    code: "invalid_frame",
    message: `"room_id" must be a string of 1 to 128 characters, not an object`,
  },
  {
    name: "a join of a room that does not exist",
    frame: `{"action":"join","body":"constructor"}`,
    code: "room_not_found",
    message: "Room constructor does not exist",
  },
];

const BAD_V1_FRAMES: BadFrame[] = [
  ...["-1", "1.5", `"1"`, "null", "1e300", "9007199254740993"].map((after) => ({
    name: `a join after ${after}`,
    frame: `{"action":"join","body":{"room_id":"ROOM","after":${after}}}`,
    code: "invalid_frame",
    message: `"after" must be a whole number from 0 to 9007199254740991, not ${
      { "1e300": "1e+300", "9007199254740993": "9007199254740992" }[after] ?? after
    }`,
  })),
  {
    name: "a join with more history than may be asked for",
    frame: `{"action":"join","body":{"room_id":"ROOM","last":10001}}`,
    code: "invalid_frame",
    message: `"last" must be a whole number from 0 to 10000, not 10001`,
  },
  {
    name: "a message for no room",
    frame: `{"action":"message","body":"x"}`,
    code: "invalid_frame",
    message: `"room_id" must be a string of 1 to 128 characters, not missing`,
  },
  {
    name: "a message for a room one is not in",
    frame: `{"action":"message","room_id":"__proto__","body":"x"}`,
    code: "not_in_room",
    message: "Not in room __proto__: join it first",
  },
  {
    name: "a leave of no room",
    frame: `{"action":"leave","body":{}}`,
    code: "invalid_frame",
    message: `"room_id" must be a string of 1 to 128 characters, not missing`,
  },
  {
    name: "a leave of a room one is not in",
    frame: `{"action":"leave","body":{"room_id":"elsewhere"}}`,
    code: "not_in_room",
    message: "Not in room elsewhere: join it first",
  },
  {
    name: "a message numbered 0",
    frame: inRoom(`"body":"x","n":0`),
    code: "invalid_frame",
    message: `"n" must be a whole number from 1 to 9007199254740991, not 0`,
  },
  {
    name: "a message with a negative number",
    frame: inRoom(`"body":"x","n":-1`),
    code: "invalid_frame",
    message: `"n" must be a whole number from 1 to 9007199254740991, not -1`,
  },
  ...[["[]", "0 of them"], [`"x"`, `"x"`], ["null", "null"]].map(([body, found]) => ({
    name: `messages whose body is ${body}`,
    frame: `{"action":"messages","room_id":"ROOM","body":${body}}`,
    code: "invalid_frame",
    message: `"body" of messages must be a list of 1 to 256 strings, not ${found}`,
  })),
  {
    name: "more messages than fit a frame",
    frame: JSON.stringify({ action: "messages", room_id: "ROOM", body: Array(257).fill("x") }),
    code: "invalid_frame",
    message: `"body" of messages must be a list of 1 to 256 strings, not 257 of them`,
  },
  {
    name: "messages of which one is no string",
    frame: `{"action":"messages","room_id":"ROOM","body":["x",null]}`,
    code: "invalid_frame",
    message: `"body" of a message must be a string, not null`,
  },
  {
    name: "typing in no room",
    frame: `{"action":"typing"}`,
    code: "invalid_frame",
    message: `"room_id" must be a string of 1 to 128 characters, not missing`,
  },
  {
    name: "a new name that is none",
    frame: `{"action":"rename","body":null}`,
    code: "invalid_frame",
    message: "A name must be a string, not null",
  },
  {
    name: "a second hello",
    frame: `{"action":"hello"}`,
    code: "already_connected",
    message: "Already connected as ME",
  },
];

function send(socket: RawSocket, frame: BadFrame["frame"], roomId: string): void {
  socket.sendRaw(typeof frame === "string" ? frame.replaceAll("ROOM", roomId) : frame);
}

Deno.test("each bad frame of a parley.v1 client gets its error and does nothing else", async (t) => {
  await using server = new TestChat({ rate: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: roomId });
  await ben.entry();
  await ana.entry();
  for (const { name, frame, code, message } of [...BAD_FRAMES, ...BAD_V1_FRAMES]) {
    await t.step(name, async () => {
      send(ben, frame, roomId);
      const reply = await ben.next();
      assertEquals([reply.status, reply.code], ["error", code]);
      const expected = message.replaceAll("ME", ben.id);
      // Where the frame is quoted, the room's id is cut off with it.
      assertEquals(reply.message, expected.includes("ROOM…") ? reply.message : expected);
    });
  }
  await ana.silence();
  await ben.silence();
  ben.send({ action: "message", room_id: roomId, n: 1, body: "still here" });
  const entry = await ana.entry();
  assertEquals("body" in entry && [entry.seq, entry.n, entry.body], [3, 1, "still here"]);
  assertEquals(server.chat.size, { connections: 2, rooms: 1 });
  assertEquals(server.errors, []);
  assertEquals(Object.keys(Object.prototype), []);
  assertEquals("polluted" in {}, false);
});

Deno.test("each bad frame of a plain client gets its text and does nothing else", async (t) => {
  await using server = new TestChat({ rate: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.plain();
  await ben.ask({ action: "join", body: roomId });
  await ana.entry();
  for (const { name, frame, message, plain } of BAD_FRAMES) {
    await t.step(name, async () => {
      send(ben, frame, roomId);
      assertEquals(await ben.next(), { status: "error", message: plain ?? message });
    });
  }
  await ana.silence();
  await ben.silence();
  ben.send({ action: "message", body: "still here" });
  const entry = await ana.entry();
  assertEquals("body" in entry && [entry.seq, entry.n, entry.body], [3, 1, "still here"]);
  assertEquals(server.chat.size, { connections: 2, rooms: 1 });
  assertEquals(server.errors, []);
});

Deno.test("a body of exactly 64 KiB arrives whole, in bytes and not in characters", async () => {
  await using server = new TestChat({ rate: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  for (const body of ["x".repeat(65_536), "😀".repeat(16_384), "\u0000".repeat(21_845)]) {
    ana.send({ action: "message", room_id: roomId, body });
    const entry = await ana.entry();
    assertEquals("body" in entry && entry.body === body, true);
  }
});

Deno.test("an error repeats ref and n of the frame it refuses, where they can be read", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  const cases: [string, unknown, unknown][] = [
    [`{"action":"dance","ref":"r","n":4}`, "r", 4],
    [`{"action":"message","room_id":"x","body":5,"ref":7,"n":1}`, 7, 1],
    [`{"action":"message","room_id":"x","body":"","ref":7,"n":"1"}`, 7, undefined],
    [`{"action":"message","room_id":"x","body":"","ref":{},"n":1}`, undefined, 1],
    [`["ref",5]`, undefined, undefined],
  ];
  for (const [frame, ref, n] of cases) {
    ana.sendRaw(frame);
    const reply = await ana.next();
    assertEquals([reply.status, reply.ref, reply.n], ["error", ref, n], frame);
  }
});

Deno.test("hello with fields of the wrong type is refused, and may be said again", async () => {
  await using server = new TestChat();
  for (
    const body of [{ name: 5 }, { name: "" }, { session: 5 }, { session: "" }, "Ana", 5, [], null]
  ) {
    await using ana = await server.dial();
    assertEquals((await ana.ask({ action: "hello", body })).code, "invalid_frame", `${body}`);
    assertEquals((await ana.ask({ action: "hello" })).status, "connected");
  }
});

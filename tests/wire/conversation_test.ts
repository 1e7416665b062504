/**
 * Messages with more than a text, over real sockets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";

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

/** Makes a room of Ana, who owns it, and Ben, who have heard of each other. */
async function anaAndBen(
  server: TestChat,
): Promise<{ ana: RawSocket; ben: RawSocket; roomId: string } & AsyncDisposable> {
  const { host: ana, roomId } = await server.host1();
  const ben = await server.v1();
  await ben.ask({ action: "join", body: { room_id: roomId } });
  await ana.entry();
  await ben.entry();
  return {
    ...{ ana, ben, roomId },
    async [Symbol.asyncDispose]() {
      await Promise.all([ana[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
    },
  };
}

Deno.test("each wrong part of a message gets its code with its number, and does nothing", async () => {
  await using server = new TestChat({ rate: 0 });
  await using people = await anaAndBen(server);
  const { ana, ben, roomId } = people;
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

Deno.test("changes that cannot be are told why, with nothing changed and no number used", async () => {
  await using server = new TestChat({ rate: 0 });
  await using people = await anaAndBen(server);
  const { ana, ben, roomId } = people;
  const say = (client: RawSocket, n: number, fields: object) =>
    client.send({ action: "message", room_id: roomId, n, ...fields });
  say(ana, 1, { body: "hello" });
  const { seq } = await ana.entry();
  await ben.entry();
  const cases: [fields: object, code: string][] = [
    [{ edit: "x" }, "invalid_frame"],
    [{ re: 99, edit: "x" }, "message_not_found"],
    [{ re: 1, redact: true }, "message_not_found"],
    [{ re: seq, edit: "x" }, "forbidden"],
    [{ re: seq, redact: true }, "forbidden"],
    [{ re: seq, unreact: "x" }, "unchanged"],
    [{ re: seq, react: "x".repeat(10_240) }, "too_large"],
    [{ re: seq, edit: "x", data: 1 }, "invalid_frame"],
  ];
  for (const [fields, code] of cases) {
    say(ben, 1, fields);
    const { code: told, n } = await ben.next();
    assertEquals([told, n], [code, 1], JSON.stringify(fields));
  }
  await ana.silence();
  say(ben, 1, { re: seq, react: "👍" });
  const { at: _, ...entry } = await ana.entry();
  assertEquals<unknown>(entry, { seq: seq + 1, from: ben.id, n: 1, re: seq, react: "👍" });
  assertEquals(server.errors, []);
});

Deno.test("moderators take back what others said, from when they are until they are not", async () => {
  await using server = new TestChat({ rate: 0 });
  await using people = await anaAndBen(server);
  const { ana, ben, roomId } = people;
  const role = async (role: string) => {
    ana.send({ action: "role", body: { room_id: roomId, to: ben.id, role } });
    // The answer and the entry.
    await ana.next();
    await ana.next();
    await ben.entry();
  };
  for (const body of ["one", "two", "three"]) {
    ana.send({ action: "message", room_id: roomId, body });
    await ana.entry();
    await ben.entry();
  }
  const redact = (re: number) =>
    ben.send({ action: "message", room_id: roomId, n: 1, re, redact: true });
  redact(3);
  assertEquals((await ben.next()).code, "forbidden");
  await role("moderator");
  redact(3);
  const { at: _, ...entry } = await ana.entry();
  assertEquals<unknown>(entry, { seq: 7, from: ben.id, n: 1, re: 3, redact: true });
  await ben.entry();
  await role("member");
  ben.send({ action: "message", room_id: roomId, n: 2, re: 4, redact: true });
  assertEquals((await ben.next()).code, "forbidden");
  await role("reader");
  ben.send({ action: "message", room_id: roomId, n: 2, re: 4, react: "x" });
  assertEquals((await ben.next()).code, "forbidden");
});

Deno.test("plain clients see edits and redactions in words, and no reactions", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.plain();
  await ben.ask({ action: "join", body: roomId });
  await ana.entry();
  const changes = [{ body: "helo" }, { edit: "hello" }, { react: "x" }, { redact: true }];
  let re = 0;
  for (const change of changes) {
    ana.send({ action: "message", room_id: roomId, ...(re === 0 ? {} : { re }), ...change });
    const { seq } = await ana.entry();
    re ||= seq;
  }
  for (const body of ["helo", "(has changed a message) hello", "(has deleted a message)"]) {
    assertEquals<unknown>(await ben.next(), { from: ana.id, body });
  }
  await ben.silence();
});

Deno.test("history has what became of messages, and not what was redacted", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const changes = [{ body: "helo" }, { re: 2, edit: "hello" }, { body: "secret" }];
  for (const change of [...changes, { re: 4, redact: true }, { re: 2, react: "x" }]) {
    ana.send({ action: "message", room_id: roomId, ...change });
    await ana.entry();
  }
  await using ben = await server.v1();
  const body = { room_id: roomId, last: 5 };
  await ben.ask({ action: "join", body });
  const { entries: joined = [] } = await ben.next();
  await ben.entry();
  const { entries: paged = [] } = await ben.ask({
    action: "history",
    body: { room_id: roomId, before: 7 },
  });
  for (const entries of [joined as Entry[], (paged as Entry[]).slice(1)]) {
    assertEquals(entries.map((entry) => "now" in entry ? entry.now : undefined), [
      { seq: 6, body: "hello", edited_at: entries[1]!.at, reactions: { x: 1 } },
      undefined,
      { seq: 5, redacted: true },
      undefined,
      undefined,
    ]);
    assertEquals(JSON.stringify(entries).includes("secret"), false);
  }
});

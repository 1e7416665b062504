import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, type Message, type RoomEvent, SendError } from "../../../client.ts";
import { Conversation, history } from "../../../src/client/conversation/conversation.ts";
import { TestChat } from "../../support/fixtures.ts";
import { bounded } from "../../support/waiting.ts";

const pure = { permissions: "none" } as const;
const BASE = { epoch: "e", sentAt: 1, roomId: "r" };

function said(seq: number, body: string, more: Partial<Message> = {}): RoomEvent {
  return { type: "message", seq, body, from: "ana", own: true, ...BASE, ...more };
}

function changed(seq: number, re: number, change: object, own = true): RoomEvent {
  return { type: "change", seq, re, from: own ? "ana" : "ben", own, ...BASE, ...change };
}

/** A conversation that was given events, without a room. */
function conversationOf(...events: RoomEvent[]): Conversation {
  const conversation = new Conversation({} as ConstructorParameters<typeof Conversation>[0]);
  for (const event of events) conversation.take(event);
  return conversation;
}

function shown(conversation: Conversation): unknown[] {
  return [...conversation.messages.values()].map(({ seq, body, redacted, reactions, replies }) => [
    seq,
    redacted ? null : body,
    ...[...reactions].map(([name, { count, own }]) => `${name}${count}${own ? "!" : ""}`),
    replies,
  ]);
}

Deno.test("messages are what the changes behind them add up to", pure, () => {
  const events = [
    said(1, "helo"),
    changed(2, 1, { edit: "hello" }),
    changed(3, 1, { react: "+1" }),
    changed(4, 1, { react: "+1" }, false),
    changed(5, 1, { unreact: "+1" }),
    said(6, "hi", { re: 1, data: [6] }),
    said(7, "oops"),
    changed(8, 7, { react: "x" }, false),
    changed(9, 7, { redact: true, reason: "twice" }),
    changed(10, 7, { edit: "again" }),
  ];
  const conversation = conversationOf(...events);
  assertEquals(shown(conversation), [[1, "hello", "+11", 1], [6, "hi", 0], [7, null, 0]]);
  const { editedAt, reason } = { ...conversation.messages.get(1)!, reason: "" };
  assertEquals([editedAt, reason, conversation.messages.get(7)?.reason], [1, "", "twice"]);
  assertEquals(conversation.messages.get(6)?.data, [6]);
  // Nothing counts twice.
  for (const event of events) conversation.take(event);
  assertEquals(shown(conversation)[0], [1, "hello", "+11", 1]);
});

Deno.test(
  "a message of history begins with its present state, and older changes do nothing",
  pure,
  () => {
    const now = { seq: 9, body: "hello", edited_at: 5, reactions: { "+1": 3 }, replies: 2 };
    const conversation = conversationOf(
      said(1, "helo", { now }),
      changed(2, 1, { edit: "hell" }),
      changed(8, 1, { react: "+1" }, false),
      said(9, "hi", { re: 1 }),
      changed(10, 1, { react: "+1" }),
      said(3, "", { now: { seq: 4, redacted: true } }),
    );
    assertEquals(shown(conversation), [[1, "hello", "+14!", 2], [9, "hi", 0], [3, null, 0]]);
    conversation.take(said(1, "helo", { now: { seq: 2, body: "hell" } }));
    assertEquals(conversation.messages.get(1)?.body, "hello");
  },
);

Deno.test(
  "behind a gap messages are stale until history has them; a lost log ends them",
  pure,
  () => {
    const conversation = conversationOf(said(1, "x"), { type: "gap", fromSeq: 2, toSeq: 9 });
    assertEquals(conversation.messages.get(1)?.stale, true);
    conversation.take(said(1, "x", { now: { seq: 9, redacted: true } }));
    assertEquals([conversation.messages.get(1)?.stale, shown(conversation)], [false, [[
      1,
      null,
      0,
    ]]]);
    conversation.take({ type: "recovered", recovered: false });
    assertEquals(conversation.messages.size, 0);
  },
);

Deno.test(
  "no more messages are held than asked for, and no harm comes of wrong fields",
  pure,
  () => {
    const conversation = new Conversation({} as ConstructorParameters<typeof Conversation>[0], {
      most: 3,
    });
    for (let seq = 1; seq <= 9; seq++) conversation.take(said(seq, `${seq}`));
    for (const wrong of [{ edit: 5 }, { react: {} }, { unreact: [] }, { unreact: "x" }, {}]) {
      conversation.take(changed(20, 9, wrong));
    }
    assertEquals(shown(conversation), [[7, "7", 0], [8, "8", 0], [9, "9", 0]]);
  },
);

Deno.test("two people edit, react and redact, and see the same; so does who reads it later", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  const anas = new Conversation(await ana.createRoom("Lobby"));
  await using ben = await connect(server.url, { name: "Ben" });
  const bens = new Conversation(await ben.joinRoom<{ dice: number }>(anas.room.id));
  const reading = [anas, bens as Conversation].map(async (conversation) => {
    for await (const { event, message } of conversation.updates()) {
      if (event.type === "message" && message?.body === "the end") return;
    }
  });
  const { seq = 0 } = await anas.room.send("helo");
  await anas.edit(seq, "hello");
  await bens.react(seq, "👋");
  const { seq: answer = 0 } = await bens.room.send("6", { replyTo: seq, data: { dice: 6 } });
  const { seq: secret = 0 } = await bens.room.send("my password");
  await bens.edit(secret, "my pass word");
  await bens.redact(secret, { reason: "secret" });
  const refused = async (change: Promise<unknown>) =>
    (await assertRejects(() => change, SendError)).code as string;
  assertEquals(await refused(bens.edit(seq, "x")), "forbidden");
  assertEquals(await refused(bens.react(seq, "👋")), "unchanged");
  assertEquals(await refused(anas.edit(secret, "x")), "message_redacted");
  assertEquals(await refused(anas.unreact(999, "x")), "message_not_found");
  assertEquals(await refused(anas.react(seq, "x".repeat(65))), "too_large");
  await anas.room.send("the end");
  await bounded(Promise.all(reading), () => "the end does not come");
  const words = (conversation: Conversation) => shown(conversation).map((one) => `${one}`);
  const all = [`${seq},hello,👋1,1`, `${answer},6,0`, `${secret},,0`];
  assertEquals(words(anas).slice(0, 3), all);
  assertEquals(words(bens as Conversation).slice(0, 3), [`${seq},hello,👋1!,1`, ...all.slice(1)]);
  assertEquals(bens.messages.get(answer)?.data?.dice, 6);
  await using cleo = await connect(server.url);
  const room = await cleo.joinRoom(anas.room.id, { last: 50 });
  const late = new Conversation(room);
  const paged = new Conversation(room);
  for await (const { message } of late.updates()) if (message?.body === "the end") break;
  for (const event of (await history(cleo, room)).events) paged.take(event);
  assertEquals([words(late).slice(0, 3), words(paged).slice(0, 3)], [all, all]);
  const texts = JSON.stringify((await history(cleo, room)).events);
  assert(!/pass ?word/.test(texts), texts);
});

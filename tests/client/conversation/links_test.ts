import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { connect } from "../../../client.ts";
import {
  createLink,
  describeLink,
  endLink,
  inviteUrl,
  listLinks,
  narrowLink,
  readInvite,
} from "../../../src/client/conversation/links.ts";
import { setSettings } from "../../../src/client/conversation/moderation.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";
import { sqlite } from "../../../src/store/sqlite/sqlite.ts";

const SIGNATURE = "be2s3zacz3x17p2yqp699s8mw3h586r7";
const codeOf = async (asked: () => Promise<unknown>) =>
  (await assertRejects(asked, ChatError)).code;

Deno.test("an owner makes, lists and ends links, and who has one narrows it", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  await using ben = await connect(server.url, { name: "Ben" });
  await using cid = await connect(server.url, { name: "Cid" });
  const room = await ana.createRoom("Lobby");
  await setSettings(ana, room, { join: "link" });
  const made = await createLink(ana, room, { role: "moderator", uses: 2, forMs: 60_000 });
  assertEquals(describeLink(made.link).uses, 2);
  const narrowed = await narrowLink(made.link, { role: "reader", uses: 1, to: ben.clientId });
  assertEquals(await codeOf(() => cid.joinRoom(room.id, { link: narrowed })), "link_invalid");
  const bens = await ben.joinRoom(room.id, { link: narrowed });
  assertEquals(bens.reply.you, { role: "reader" });
  assertEquals(bens.reply.link, narrowed);
  assertEquals(await codeOf(() => bens.send("x")), "forbidden");
  const [owner, listed] = await listLinks(ana, room);
  assertEquals(owner, { id: "owner", role: "owner" });
  assertEquals([listed!.id, listed!.uses, listed!.used], [made.id, 2, 1]);
  assertEquals(await codeOf(() => listLinks(ben, bens)), "forbidden");
  assert((await endLink(ana, room, made.id)).seq > made.seq);
  assertEquals(await codeOf(() => cid.joinRoom(room.id, { link: made.link })), "link_ended");
  assertEquals(await codeOf(() => endLink(ana, room, made.id)), "link_ended");
  assertEquals(await codeOf(() => cid.joinRoom(room.id)), "room_not_found");
});

Deno.test("an owner link makes an owner again of somebody who was forgotten, over a restart", async () => {
  const folder = await Deno.makeTempDir();
  const store = () => sqlite(`${folder}/chat.db`);
  let link: string | undefined;
  let roomId = "";
  {
    await using server = new TestChat({ store: store() });
    await using ana = await connect(server.url, { name: "Ana" });
    const room = await ana.createRoom("Lobby");
    await setSettings(ana, room, { join: "link" });
    link = room.reply.link;
    roomId = room.id;
  }
  await using server = new TestChat({ store: store() });
  await using ana = await connect(server.url, { name: "Ana" });
  const room = await ana.joinRoom(roomId, { link });
  assertEquals(room.reply.you, { role: "owner" });
});

Deno.test("a room that is joined again is joined by its link", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  await using ben = await connect(server.url, { name: "Ben" });
  const room = await ana.createRoom("Lobby");
  const { link } = await createLink(ana, room, { role: "moderator" });
  await ben.joinRoom(room.id);
  const again = await ben.joinRoom(room.id, { link });
  assertEquals(again.reply.you, { role: "moderator" });
  assertEquals((await ben.joinRoom(room.id)).reply.link, link, "also where it does not say so");
});

pure("an invitation is read as it was made", () => {
  const url = inviteUrl("https://chat.example.org/?x=1", "k7q2-m9xd-4hwn-r3tc", `a.${SIGNATURE}`);
  assertEquals(url, `https://chat.example.org/?x=1#k7q2-m9xd-4hwn-r3tc.a.${SIGNATURE}`);
  const parts = { roomId: "k7q2-m9xd-4hwn-r3tc", link: `a.${SIGNATURE}` };
  assertEquals(readInvite(url), parts);
  assertEquals(readInvite(new URL(url).hash), parts);
  assertEquals(readInvite("k7q2-m9xd-4hwn-r3tc"), { roomId: "k7q2-m9xd-4hwn-r3tc" });
  const named = inviteUrl("https://chat.example.org", "#日本", `a.${SIGNATURE}`);
  for (const text of [named, new URL(named).hash]) {
    assertEquals(readInvite(text), { roomId: "#日本", link: `a.${SIGNATURE}` });
  }
  assertEquals(readInvite("#%"), { roomId: "%" });
  assertThrows(() => inviteUrl("chat", "x"), ChatError, "page cannot be chat");
});

pure("narrowLink() signs as PROTOCOL.md says, and behind an id of its own", async () => {
  const link = await narrowLink(`owner.${SIGNATURE}`, { role: "member", until: new Date(5_500) });
  assertMatch(link, /^owner\.id=[0-9a-z]{8}\.role=member\.exp=5\.[0-9a-z]{32}$/);
  const { role, until } = describeLink(link);
  assertEquals([role, until], ["member", new Date(5_000)]);
});

pure(
  "narrowLink() refuses what is no link, and terms that are none, and shows no link",
  async () => {
    const link = `owner.${SIGNATURE}`;
    const wrong: [string, Parameters<typeof narrowLink>[1]][] = [
      ["nothing", {}],
      [link, { uses: 0 }],
      [link, { uses: 1_001 }],
      [link, { until: new Date(NaN) }],
      [link, { to: "\ud800" }],
      [link, { role: "none" as "reader" }],
      [
        link.replace("owner", "owner.role=reader".repeat(1)).replace(
          "owner",
          "owner" + ".id=a".repeat(16),
        ),
        {},
      ],
    ];
    for (const [text, terms] of wrong) {
      const error = await assertRejects(() => narrowLink(text, terms), ChatError);
      assertEquals(error.code, "invalid_argument");
      assert(!error.message.includes(SIGNATURE), error.message);
    }
    assertThrows(() => describeLink("nothing"), ChatError, "link cannot be what is no link");
  },
);

pure("createLink(), listLinks() and endLink() refuse answers that are none", async () => {
  const chat = {
    clientId: "ana",
    request: <T>(_frame: unknown, accept: (reply: unknown) => T) =>
      Promise.resolve().then(() => accept({ status: "success" })),
  };
  const room = { id: "r" };
  for (
    const asked of [
      () => createLink(chat, room, { role: "member" }),
      () => listLinks(chat, room),
      () => endLink(chat, room, "a"),
    ]
  ) assertEquals(await codeOf(asked), "internal");
});

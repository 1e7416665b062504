import { assert, assertEquals } from "@std/assert";
import { narrowLink } from "../../src/client/conversation/links.ts";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";

/** A chat that believes of everybody with a token that this is its `sub`; `root` is an admin. */
class StrangersChat extends TestChat {
  constructor(options: ChatOptions = {}) {
    super({
      authenticate: (_request, token) =>
        token === undefined ? null : { sub: token, ...(token === "root" && { scope: "admin" }) },
      anonymous: "allow",
      ...options,
    });
  }

  /** Somebody who has said `hello`, with this token or without one. */
  async comes(token?: string): Promise<RawSocket> {
    const socket = await this.dial();
    socket.welcome = await socket.ask({
      action: "hello",
      body: token === undefined ? {} : { token },
    });
    socket.id = String(socket.welcome.client_id);
    return socket;
  }
}

/** The answer to a request, whatever else comes before it. */
async function ask(socket: RawSocket, action: string, body: Frame): Promise<Frame> {
  socket.send({ action, body, ref: action });
  return await socket.until(({ ref }) => ref === action);
}

Deno.test("nobody is an anonymous client by a sub that is its id", async () => {
  await using chat = new StrangersChat();
  await using ana = await chat.comes();
  const { room_id } = await ask(ana, "create", { room_name: "Lobby" });
  await ask(ana, "room", { room_id, join: "closed" });
  await using eve = await chat.comes(ana.id);
  assertEquals(
    eve.welcome.code,
    "token_invalid",
    JSON.stringify(await ask(eve, "join", { room_id })),
  );
});

Deno.test("a ban by the id of a client that has left is one of its person", async () => {
  await using chat = new StrangersChat();
  await using ana = await chat.comes("ana");
  await using eve = await chat.comes("eve");
  const { room_id } = await ask(ana, "create", { room_name: "Lobby" });
  await ask(eve, "join", { room_id });
  await ask(eve, "leave", { room_id });
  assertEquals((await ask(ana, "role", { room_id, to: eve.id, role: "none" })).status, "success");
  await using again = await chat.comes("eve");
  for (const socket of [eve, again]) {
    assertEquals((await ask(socket, "join", { room_id })).code, "room_not_found");
  }
});

Deno.test("whoever narrows a link itself is kept out by the end of the link that it was made of", async () => {
  await using chat = new StrangersChat();
  await using ana = await chat.comes();
  const { room_id } = await ask(ana, "create", { room_name: "Lobby" });
  await ask(ana, "room", { room_id, join: "link" });
  const { link } = await ask(ana, "link", { room_id, role: "member" });
  await using eve = await chat.comes();
  const first = await narrowLink(String(link), { uses: 1 });
  assertEquals((await ask(eve, "join", { room_id, link: first })).status, "success");
  const { entries } = await ana.until(({ entries }) => JSON.stringify(entries)?.includes("use"));
  const use = (entries as Frame[]).find(({ event }) => event === "use");
  await ask(ana, "role", { room_id, to: eve.id, role: "none" });
  // The ban ends what Eve came by; what she came by was made of this, as the entry shows.
  const [id] = String(use?.id).split(".");
  assertEquals((await ask(ana, "unlink", { room_id, id })).status, "success");
  await using again = await chat.comes();
  const second = await narrowLink(String(link), { uses: 1 });
  assertEquals((await ask(again, "join", { room_id, link: second })).code, "link_ended");
});

Deno.test("a token that was revoked opens the API no more", async () => {
  const iat = Date.now() - 10_000;
  await using chat = new StrangersChat({
    authenticate: (_request, token = "") => ({ sub: token, scope: "admin", issuedAt: iat }),
  });
  const api = createOps(chat.chat, { version: "1", store: "memory" });
  const rooms = async () => {
    const headers = { authorization: "Bearer root" };
    return (await api(new Request("http://localhost/api/v1/rooms", { headers }))).status;
  };
  assertEquals(await rooms(), 200);
  await using other = await chat.comes("other");
  assertEquals((await ask(other, "revoke", { sub: "root" })).status, "success");
  assertEquals(await rooms(), 401);
});

Deno.test("named rooms are made by nobody without the scope, however the name is written", async () => {
  await using chat = new StrangersChat({ rooms: ["lobby"] });
  await using eve = await chat.comes("eve");
  for (
    const room_id of [
      "#x",
      "＃x",
      "#\u200bx",
      "# x",
      "#lobby",
      "#LOBBY",
      "#lob\u00adby",
      "x",
      "",
      "#",
    ]
  ) {
    const { code } = await ask(eve, "create", { room_name: "X", room_id });
    assert(code === "forbidden" || code === "invalid_frame", `${room_id}: ${code}`);
  }
});

Deno.test("what one was given by a token or a link does not grow by what one says oneself", async () => {
  await using chat = new StrangersChat();
  await using ana = await chat.comes("ana");
  const { room_id } = await ask(ana, "create", { room_name: "Lobby" });
  await ask(ana, "room", { room_id, join: "link" });
  const { link } = await ask(ana, "link", { room_id, role: "moderator" });
  const reader = await narrowLink(String(link), { role: "reader" });
  await using eve = await chat.comes("eve");
  assertEquals((await ask(eve, "join", { room_id, link: reader })).you, { role: "reader" });
  const wider = `${reader.slice(0, -33)}.role=owner.${reader.slice(-32)}`;
  assertEquals((await ask(eve, "join", { room_id, link: wider })).you, { role: "reader" });
  for (
    const [action, fields] of [
      ["role", { to: "eve", role: "owner" }],
      ["role", { to: eve.id, role: "member" }],
      ["role", { to: "ana", role: "none" }],
      ["kick", { to: "ana" }],
      ["link", { role: "reader" }],
      ["links", {}],
      ["unlink", { id: "owner" }],
      ["room", { join: "open" }],
      ["delete", {}],
      ["revoke", { sub: "ana" }],
    ] as [string, Frame][]
  ) {
    const { code } = await ask(eve, action, { room_id, ...fields });
    assertEquals(code, "forbidden", action);
  }
  await using mod = await chat.comes("mod");
  assertEquals((await ask(mod, "join", { room_id, link })).you, { role: "moderator" });
  for (
    const [action, fields] of [
      ["role", { to: "mod", role: "owner" }],
      ["role", { to: "eve", role: "moderator" }],
      ["role", { to: "ana", role: "reader" }],
      ["link", { role: "moderator" }],
      ["unlink", { id: "owner" }],
      ["room", { default: "reader" }],
      ["room", { history: "all" }],
      ["delete", {}],
    ] as [string, Frame][]
  ) {
    const { code } = await ask(mod, action, { room_id, ...fields });
    assertEquals(code, "forbidden", `${action} ${JSON.stringify(fields)}`);
  }
});

Deno.test("nobody fills a room with ends of links that there never were", async () => {
  await using chat = new StrangersChat();
  await using ana = await chat.comes();
  const { room_id } = await ask(ana, "create", { room_name: "Lobby" });
  for (
    const id of [
      `owner.${"x".repeat(4_000)}`,
      "owner.__proto__",
      "owner.",
      "Owner",
      "a.".repeat(17) + "a",
    ]
  ) {
    assertEquals((await ask(ana, "unlink", { room_id, id })).code, "invalid_frame", id);
  }
  assertEquals((await ask(ana, "unlink", { room_id, id: "owner.x" })).status, "success");
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, connect } from "../../client.ts";
import { jwt } from "../../src/auth/jwt.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { AUTH_SECRET, signWith } from "../support/issuer.ts";
import { type ScriptedPeer, ScriptedServer } from "../support/scripted_server.ts";
import { bounded } from "../support/waiting.ts";
import { ending } from "./client_words.ts";

const authenticate = jwt({ secret: AUTH_SECRET });

/** Tells a client of a scripted server that its token ends. */
const expire = (peer: ScriptedPeer) => peer.send({ event: "expiring", expires_in_ms: 30_000 });

const tokenOf = (frame: Frame) => (frame.body as { token?: string }).token;

/** A function that gives `token 1`, `token 2`, … */
function counting(): () => string {
  let count = 0;
  return () => `token ${++count}`;
}

Deno.test("a client comes in with a token, as a text or from a function", async () => {
  await using chat = new TestChat({ authenticate });
  const refused = await assertRejects(() => connect(chat.url, { name: "Ana" }), ChatError);
  assertEquals(refused.code, "token_required");
  await using ana = await connect(chat.url, { token: await signWith(AUTH_SECRET) });
  const room = await ana.createRoom("Lobby");
  const token = () => signWith(AUTH_SECRET, { sub: "ben", name: "Ben" });
  await using ben = await connect(chat.url, { token, name: "The King" });
  assertEquals(ben.name, "Ben");
  await (await ben.joinRoom(room.id)).send("hello");
  for await (const { sub, name, body } of room) {
    assertEquals([sub, name, body], ["ben", "Ben", "hello"]);
    break;
  }
  assertEquals(room.members.get(ben.clientId)?.sub, "ben");
});

Deno.test("a client asks for a new token before its own ends, and for each connection", async () => {
  const tokens: unknown[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    tokens.push(tokenOf(await peer.welcome()));
    if (turn > 0) return;
    expire(peer);
    const auth = await peer.next();
    tokens.push(auth.action, tokenOf(auth));
    peer.send({ status: "success", ref: auth.ref, sub: "ana", message: "Token renewed" });
    peer.send({ event: "goodbye", code: 1001, reason: "Away", retry_after_ms: 0 });
    peer.close();
  });
  await using ana = await connect(server.url, { token: counting() });
  for await (const { type } of ana.statuses()) {
    if (type === "connected" && server.attempts.length === 2) break;
  }
  assertEquals(tokens, ["token 1", "auth", "token 2", "token 3"]);
});

Deno.test("where no new token can be had, the client asks the app again as often as it is asked", async () => {
  let asked = 0;
  const token = () => {
    if (++asked === 2) return Promise.reject(new Error("The app is down"));
    return `token ${asked}`;
  };
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    expire(peer);
    expire(peer);
    const auth = await peer.next();
    assertEquals(tokenOf(auth), "token 3");
    peer.send({ status: "error", ref: auth.ref, code: "token_invalid", message: "No" });
    expire(peer);
    assertEquals(tokenOf(await peer.next()), "token 4");
    peer.close();
  });
  await using ana = await connect(server.url, { token, reconnect: false });
  assertEquals((await bounded(ending(ana), () => "it goes on"))?.type, "closed");
});

for (const renews of [true, false]) {
  const what = renews ? "comes back with a new one" : "stays away with the old one";
  Deno.test(`a client whose token has ended ${what}`, async () => {
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome();
      peer.send({ event: "goodbye", code: 4502, reason: "The token has ended" });
      peer.close();
    });
    await using ana = await connect(server.url, { token: renews ? counting() : "token" });
    const status = await bounded(ending(ana), () => "it goes on");
    assertEquals(status?.type, renews ? "reconnecting" : "closed");
  });
}

Deno.test("a function that gives no token in time, or throws, ends the attempt", async () => {
  await using server = new ScriptedServer(async (peer) => void await peer.closed);
  const slow = connect(server.url, { token: () => new Promise(() => {}), timeoutMs: 20 });
  assertEquals((await assertRejects(() => slow, ChatError)).code, "timeout");
  const wrong = new TypeError("no such user");
  const chat = new ChatClient(server.url, { token: () => Promise.reject(wrong) });
  assert(await assertRejects(() => chat.connect(), TypeError) === wrong);
  assertEquals([chat.status.type, server.attempts.length], ["closed", 0]);
});

Deno.test("A5: live refresh over 1,000 tokens loses and doubles nothing", async () => {
  await using chat = new TestChat({ authenticate, rate: 0 });
  await using ana = await connect(chat.url, { token: await signWith(AUTH_SECRET) });
  await using ben = await connect(chat.url, { token: await signWith(AUTH_SECRET, { sub: "ben" }) });
  const room = await ana.createRoom("Lobby");
  const other = await ben.joinRoom(room.id);
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < 1_000; i++) {
    const token = await signWith(AUTH_SECRET, { jti: `${i}` });
    sent.push(
      ana.request({ action: "auth", body: { token } }, () => {}),
      room.send(`ana ${i}`),
      other.send(`ben ${i}`),
    );
    if (i % 100 === 99) await Promise.all(sent);
  }
  await Promise.all(sent);
  const heard: string[] = [];
  for await (const { body } of other) if (heard.push(body) === 2_000) break;
  for (const who of ["ana", "ben"]) {
    const own = heard.filter((body) => body.startsWith(who));
    assertEquals(own, Array.from({ length: 1_000 }, (_, i) => `${who} ${i}`));
  }
});

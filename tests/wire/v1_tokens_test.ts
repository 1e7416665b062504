import { assert, assertEquals, assertMatch } from "@std/assert";
import { jwt } from "../../src/auth/jwt.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, RawSocket, TestChat } from "../support/fixtures.ts";
import { AUTH_SECRET, signWith } from "../support/issuer.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();

/** A chat that takes tokens; what it logs is searched for them in the end. */
class TokenChat extends TestChat {
  readonly #tokens: string[] = [];

  constructor(options: ChatOptions = {}) {
    super({ authenticate: jwt({ secret: AUTH_SECRET }), ...options });
  }

  async token(claims: Record<string, unknown> = {}): Promise<string> {
    const token = await signWith(AUTH_SECRET, claims);
    this.#tokens.push(token);
    return token;
  }

  /** Connects, says `hello`, and returns the answer with the socket. */
  async hello(body: Record<string, unknown>): Promise<[RawSocket, Frame]> {
    const socket = await this.dial();
    return [socket, await socket.ask({ action: "hello", body })];
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    const log = JSON.stringify(this.log);
    for (const token of this.#tokens) {
      const [, payload = "", signature = ""] = token.split(".");
      assert(!log.includes(payload) && !log.includes(signature), "a token is in the log");
    }
  }
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

Deno.test("whoever proves who it is is shown so by its entries and in the list of members", async () => {
  await using chat = new TokenChat({ anonymous: "allow" });
  const [ana, welcome] = await chat.hello({ token: await chat.token({ bot: true }), name: "Ana" });
  await using _ana = ana;
  assertEquals([welcome.status, welcome.name], ["connected", undefined]);
  const made = await ana.ask({ action: "create", body: "Lobby" });
  await using ben = await chat.v1({ name: "Ana" });
  await ben.ask({ action: "join", body: { room_id: made.room_id, last: 9 } });
  ana.send({ action: "message", room_id: made.room_id, body: "hello" });
  ben.send({ action: "message", room_id: made.room_id, body: "I am Ana" });
  const entries = await ben.entries(4);
  assertEquals(entries.map(({ sub, bot, name }) => [sub, bot, name]), [
    ["ana", true, "Ana"],
    [undefined, undefined, "Ana"],
    ["ana", true, "Ana"],
    [undefined, undefined, "Ana"],
  ]);
  const again = await ben.ask({ action: "join", body: made.room_id });
  assertEquals((again.members as Frame[]).map(({ sub, bot }) => [sub, bot]), [
    ["ana", true],
    [undefined, undefined],
  ]);
});

Deno.test("without a token nobody comes in where one is needed, nor with a bad one", async () => {
  await using chat = new TokenChat();
  await using socket = await chat.dial();
  const ask = (body: Record<string, unknown>) => socket.ask({ action: "hello", body });
  assertEquals((await ask({ name: "Ana" })).code, "token_required");
  assertEquals((await ask({ token: "x.y.z" })).code, "token_invalid");
  const past = { iat: inSeconds(-7_200), exp: inSeconds(-3_600) };
  assertEquals((await ask({ token: await chat.token(past) })).code, "token_expired");
  assertEquals((await socket.ask({ action: "create", body: "Lobby" })).code, "hello_required");
  assertEquals((await ask({ token: "" })).code, "invalid_frame");
  assertEquals((await ask({ token: "x".repeat(8_193) })).code, "invalid_frame");
  // A slip can be mended on the same connection.
  assertEquals((await ask({ token: await chat.token() })).status, "connected");
  assertEquals((await ask({ token: await chat.token() })).code, "already_connected");
  assertEquals(chat.chat.size, { connections: 1, rooms: 0 });
});

Deno.test("an address that brings wrong tokens is told to wait with any, and others come in", async () => {
  await using chat = new TokenChat({ trustedProxies: ["127.0.0.1"], addressFailedTokens: 2 });
  const from = (address: string) =>
    RawSocket.open(chat.url, "parley.v1", { "x-forwarded-for": address });
  await using eve = await from("192.0.2.7");
  const ask = async (socket: RawSocket, token: string) =>
    (await socket.ask({ action: "hello", body: { token } })).code ?? "in";
  assertEquals([await ask(eve, "x.y.z"), await ask(eve, "x.y.z")], [
    "token_invalid",
    "token_invalid",
  ]);
  const good = await chat.token();
  const { code, message, retry_after_ms } = await eve.ask({
    action: "hello",
    body: { token: good },
  });
  assertEquals(code, "rate_limited");
  assertMatch(String(message), /^Too many tokens were wrong from your address: wait \d+ ms$/);
  assert(Number(retry_after_ms) > 0 && Number(retry_after_ms) <= 30_000);
  await using ana = await from("192.0.2.8");
  assertEquals(await ask(ana, good), "in");
});

Deno.test("a plain client is refused at the handshake where a token is needed, and told why", async () => {
  await using chat = new TokenChat();
  assertEquals((await chat.handshake()).status, 403);
  await using open = new TokenChat({ anonymous: "allow" });
  await using plain = await open.plain();
  assertMatch(plain.id, /^\w{12}$/);
});

Deno.test("S4: a session comes back to whoever has proved the same, and to nobody else", async () => {
  await using chat = new TokenChat({ anonymous: "allow" });
  const [first, welcome] = await chat.hello({ token: await chat.token(), name: "Ana" });
  await first.close();
  const { session, client_id: id } = welcome;
  const thief = await chat.token({ sub: "eve" });
  for (const body of [{ session }, { session, token: thief }]) {
    const [socket, answer] = await chat.hello(body);
    assertEquals([answer.status, answer.resumed], ["connected", false]);
    assert(answer.client_id !== id);
    await socket.close();
  }
  const [back, answer] = await chat.hello({ session, token: await chat.token() });
  await using _back = back;
  assertEquals([answer.client_id, answer.resumed], [id, true]);
  // Nor does somebody who proves who it is come back as somebody who did not.
  await using nobody = await chat.v1();
  const { session: open } = nobody.welcome;
  const [other, welcomed] = await chat.hello({ session: open, token: await chat.token() });
  await using _other = other;
  assertEquals(welcomed.resumed, false);
});

Deno.test("a name in the token is the name, and cannot be changed", async () => {
  await using chat = new TokenChat();
  const token = await chat.token({ name: "Ana" });
  const [ana, welcome] = await chat.hello({ token, name: "The King" });
  await using _ana = ana;
  assertEquals(welcome.name, "Ana");
  assertEquals((await ana.ask({ action: "rename", body: "The King" })).code, "forbidden");
  assertEquals((await ana.ask({ action: "rename", body: "Ana" })).status, "success");
});

Deno.test("a new token of the same person goes on on the connection, one of another does not", async () => {
  await using chat = new TokenChat();
  const first = await chat.token({ exp: inSeconds(100), iss: "me" });
  const [ana, welcome] = await chat.hello({ token: first, name: "Ana" });
  await using _ana = ana;
  assert(Number(welcome.expires_in_ms) > 98_000 && Number(welcome.expires_in_ms) <= 100_000);
  const auth = async (claims: Record<string, unknown>) =>
    await ana.ask({ action: "auth", body: { token: await chat.token(claims) } });
  const answer = await auth({ exp: inSeconds(1_000), iss: "me" });
  assertEquals(answer.status, "success");
  assert(Number(answer.expires_in_ms) > 998_000);
  assertEquals((await auth({ sub: "eve", iss: "me" })).code, "token_mismatch");
  assertEquals((await auth({ iss: "you" })).code, "token_mismatch");
  assertEquals((await auth({ exp: inSeconds(-99), iat: inSeconds(-200) })).code, "token_expired");
  assertEquals((await ana.ask({ action: "auth" })).code, "invalid_frame");
  assertEquals((await ana.ask({ action: "create", body: "Lobby" })).status, "success");
});

Deno.test("whoever has proved nothing cannot become somebody on the connection", async () => {
  await using chat = new TokenChat({ anonymous: "allow" });
  await using nobody = await chat.v1();
  const token = await chat.token();
  assertEquals((await nobody.ask({ action: "auth", body: { token } })).code, "token_mismatch");
  await using open = new TestChat();
  await using socket = await open.v1();
  assertEquals((await socket.ask({ action: "auth", body: { token } })).code, "token_invalid");
});

Deno.test("a server without tokens passes over one that is brought", async () => {
  await using chat = new TestChat();
  await using socket = await chat.dial();
  const answer = await socket.ask({ action: "hello", body: { token: "anything" } });
  assertEquals(answer.status, "connected");
});

Deno.test("whoever has proved something is told before that ends, and closed half a minute later", async () => {
  let sub = 0;
  const authenticate = () => ({ sub: `${++sub}`, expiresAt: Date.now() + 300 });
  await using chat = new TokenChat({ authenticate });
  await using ana = await chat.v1();
  const told = await ana.next();
  assertEquals(told.event, "expiring");
  assert(Number(told.expires_in_ms) <= 100);
});

Deno.test("what an app answers decides, and sees the request", async () => {
  const authenticate: ChatOptions["authenticate"] = (request, token) =>
    token === "open sesame" && request.headers.get("user-agent") !== null
      ? { sub: new URL(request.url).pathname }
      : null;
  await using chat = new TokenChat({ authenticate, path: "/chat" });
  const [ana, welcome] = await chat.hello({ token: "open sesame" });
  await using _ana = ana;
  assertEquals([welcome.status, welcome.expires_in_ms], ["connected", undefined]);
  const [ben, refused] = await chat.hello({ token: "open barley" });
  await using _ben = ben;
  assertEquals(refused.code, "token_invalid");
});

Deno.test("the same sub of another issuer is another person: no role, no session, no ban of it", async () => {
  const authenticate: ChatOptions["authenticate"] = (_request, token = "") => {
    const [issuer = "", sub = ""] = token.split("#");
    return { issuer, sub, ...(sub === "root" && { scope: "admin" }) };
  };
  await using chat = new TokenChat({ authenticate });
  const [ana, welcome] = await chat.hello({ token: "https://a.example#ana" });
  await using _ana = ana;
  const made = await ana.ask({ action: "create", body: "Lobby" });
  const [entry] = await ana.entries(1);
  assertEquals(entry?.sub, "https://a.example ana");
  // Another issuer calls somebody the same: it comes with her session, and asks for what is hers.
  const [eve, other] = await chat.hello({
    token: "https://b.example#ana",
    session: welcome.session,
  });
  await using _eve = eve;
  assertEquals([other.resumed, other.client_id === welcome.client_id], [false, false]);
  const room_id = made.room_id;
  const joined = await eve.ask({ action: "join", body: { room_id } });
  assertEquals(joined.you, { role: "member" });
  await eve.entries(1);
  const kick = await eve.ask({ action: "kick", body: { room_id, to: entry?.sub } });
  assertEquals(kick.code, "forbidden");
  // A ban and a revocation of one say nothing of the other.
  const [root] = await chat.hello({ token: "https://b.example#root" });
  await using _root = root;
  const revoke = { action: "revoke", body: { sub: "https://b.example ana" } };
  assertEquals((await root.ask(revoke)).status, "success");
  assertEquals((await eve.closed()).code, 4502);
  ana.send({ action: "ping", ref: 1 });
  assertEquals((await ana.until(({ ref }) => ref === 1)).event, "pong");
});

/** Rooms in memory, and in a file. */
const STORES: Record<string, () => ChatOptions> = {
  memory: () => ({}),
  SQLite: () => ({ store: sqlite(`${FOLDER}/${crypto.randomUUID()}.db`) }),
};

for (const [name, options] of Object.entries(STORES)) {
  Deno.test(`A3: a revoked client is out while connected, away and when it comes back: ${name}`, async () => {
    const settings = options();
    let session = "";
    let old = "";
    {
      await using chat = new TokenChat(settings);
      const [admin] = await chat.hello({
        token: await chat.token({ sub: "root", scope: "admin" }),
      });
      await using _admin = admin;
      old = await chat.token({ sub: "eve", iat: inSeconds(-10), exp: inSeconds(600) });
      const [eve, welcome] = await chat.hello({ token: old });
      const made = await eve.ask({ action: "create", body: "Lobby" });
      const [away, other] = await chat.hello({ token: old });
      const refused = await away.ask({ action: "revoke", body: { sub: "root" } });
      assertEquals(refused.code, "forbidden");
      await away.ask({ action: "join", body: made.room_id });
      session = String(other.session);
      await away.close();
      const body = { sub: "eve" };
      assertEquals((await admin.ask({ action: "revoke", body })).status, "success");
      assertEquals((await eve.closed()).code, 4502);
      for (const token of [old, await chat.token({ sub: "eve", iat: inSeconds(-1) })]) {
        for (const hello of [{ token }, { token, session }, { token, session: welcome.session }]) {
          const [back, answer] = await chat.hello(hello);
          assertEquals(answer.code, "token_revoked");
          await back.close();
        }
      }
      const fresh = { token: await chat.token({ sub: "eve", iat: inSeconds(2) }), session };
      const [again, answer] = await chat.hello(fresh);
      await using _again = again;
      assertEquals([answer.status, answer.resumed], ["connected", false]);
      const future = await admin.ask({
        action: "revoke",
        body: { sub: "eve", issued_before: inSeconds(60) },
      });
      assertEquals(future.code, "invalid_frame");
    }
    if (settings.store === undefined) return;
    await using restarted = new TokenChat(settings);
    const [late, answer] = await restarted.hello({ token: old, session });
    await using _late = late;
    assertEquals(answer.code, "token_revoked");
  });
}

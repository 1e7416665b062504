import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import openapi from "../../docs/openapi.json" with { type: "json" };
import { ROUTES } from "../../src/ops/api.ts";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions, Proof } from "../../src/server/chat.ts";
import { insideOf } from "../../src/server/inside.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();

const TOKEN = "0123456789abcdef0123456789abcdef";

const ajv = new Ajv2020({ strict: false });
ajv.addSchema(openapi, "api");

/** Finds the schema of an answer; every answer must have one. */
function schemaOf(method: string, pattern: string, status: number): object | undefined {
  const at = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>((found, name) => (found as Record<string, unknown>)?.[name], value);
  let answer = at(openapi, "paths", pattern, method.toLowerCase(), "responses", String(status)) as
    | Record<string, unknown>
    | undefined;
  assert(answer !== undefined, `${method} ${pattern} may not answer ${status}`);
  const ref = answer.$ref as string | undefined;
  if (ref !== undefined) answer = at(openapi, ...ref.slice(2).split("/")) as typeof answer;
  const content = Object.values(at(answer, "content") as object ?? {})[0];
  return at(content, "schema") as object | undefined;
}

/** A chat with an API, and requests to it, whose answers are held against the description. */
class Backend implements AsyncDisposable {
  readonly chat: TestChat;
  readonly #ops: ReturnType<typeof createOps>;
  readonly faults: unknown[] = [];

  constructor(options: ChatOptions = {}) {
    this.chat = new TestChat(options);
    const failed = (error: unknown) => this.faults.push(error);
    this.#ops = createOps(this.chat.chat, {
      version: "1",
      store: "memory",
      apiToken: TOKEN,
      failed,
    });
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<[number, Frame, Headers]> {
    const answer = await this.#ops(
      new Request(`http://localhost/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
    const text = await answer.text();
    const frame = text === "" ? {} : JSON.parse(text);
    const pattern = path.replace(/\?.*/, "").replace(/^\/rooms\/[^/]+/, "/rooms/{id}")
      .replace(/\/members\/[^/]+$/, "/members/{member}").replace(
        /\/links\/[^/]+$/,
        "/links/{link}",
      );
    if (`${method} ${pattern}` in ROUTES) {
      const schema = schemaOf(method, pattern, answer.status);
      if (schema !== undefined) {
        const validate = ajv.compile(pointed(schema));
        assert(validate(frame), `${method} ${path}: ${ajv.errorsText(validate.errors)} ${text}`);
      }
    }
    return [answer.status, frame, answer.headers];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat[Symbol.asyncDispose]();
    assertEquals(this.faults, []);
  }
}

/** A schema whose references are into the description. */
function pointed(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
}

Deno.test("the description has every route of the API, and no other", () => {
  const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).filter((method) => method !== "parameters")
      .map((method) => `${method.toUpperCase()} ${path}`)
  );
  assertEquals(described.toSorted(), Object.keys(ROUTES).toSorted());
  assertEquals(openapi.openapi, "3.1.0");
});

Deno.test("a backend makes a room, speaks in it, reads it and deletes it", async () => {
  await using backend = new Backend();
  const [made, room, headers] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  assertEquals([made, room.name, room.seq, room.members], [201, "Lobby", 0, 0]);
  const id = String(room.room_id);
  assertEquals(headers.get("location"), `/api/v1/rooms/${id}`);
  await using ana = await backend.chat.v1({ name: "Ana" });
  await ana.ask({ action: "join", body: id });
  const [said, told] = await backend.ask("POST", `/rooms/${id}/messages`, {
    body: "Deployed",
    as: "CI",
  });
  assertEquals([said, told.duplicate, told.epoch], [201, undefined, room.epoch]);
  const frames = [await ana.entry(), await ana.entry()];
  const message = frames.find((entry) => "body" in entry)!;
  assertEquals([message.seq, message.body, message.name], [told.seq, "Deployed", "CI"]);
  // Nobody was told that anybody came or went.
  const [, { members }] = await backend.ask("GET", `/rooms/${id}/members`);
  assertEquals((members as Frame[]).map(({ name }) => name), ["Ana"]);
  const [, page] = await backend.ask("GET", `/rooms/${id}/entries?after=1&limit=1`);
  assertEquals((page.entries as Frame[]).map(({ body }) => body), ["Deployed"]);
  const [, newest] = await backend.ask("GET", `/rooms/${id}/entries?limit=1`);
  assertEquals([newest.more, (newest.entries as Frame[])[0]?.seq], [true, told.seq]);
  const [, { rooms }] = await backend.ask("GET", "/rooms");
  assertEquals((rooms as Frame[]).map(({ room_id, seq }) => [room_id, seq]), [[id, told.seq]]);
  assertEquals((await backend.ask("GET", `/rooms?after=${id}`))[1], { rooms: [] });
  assertEquals((await backend.ask("GET", "/info"))[1].rooms, 1);
  assertEquals((await backend.ask("DELETE", `/rooms/${id}`))[0], 204);
  const [gone, problem] = await backend.ask("GET", `/rooms/${id}`);
  assertEquals([gone, problem.code], [404, "room_not_found"]);
});

Deno.test("a message with a key is stored once, and its key is for nothing else", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  const [, { room_id: other }] = await backend.ask("POST", "/rooms", { name: "Other" });
  const say = (room: unknown, body: string, key: string) =>
    backend.ask("POST", `/rooms/${room}/messages`, { body }, { "idempotency-key": key });
  const [first, { seq }] = await say(id, "once", "k1");
  const [again, repeat] = await say(id, "once", "k1");
  assertEquals([first, again, repeat.seq, repeat.duplicate], [201, 200, seq, true]);
  const [reused, problem] = await say(id, "another", "k1");
  assertEquals([reused, problem.code], [422, "invalid_frame"]);
  // A key belongs to its room.
  assertEquals((await say(other, "another", "k1"))[0], 201);
  // While it is being answered, nobody else can have it.
  const both = await Promise.all([say(id, "twice", "k2"), say(id, "twice", "k2")]);
  assertEquals(both.map(([status]) => status).toSorted(), [201, 409].toSorted());
  const [, { entries }] = await backend.ask("GET", `/rooms/${id}/entries`);
  assertEquals((entries as Frame[]).map(({ body }) => body), ["once", "twice"]);
  assertEquals((await say(id, "x", "k".repeat(256)))[0], 400);
});

Deno.test("a message that is posted again after it was redacted is known by its key", async () => {
  await using backend = new Backend();
  const { host: ana, roomId } = await backend.chat.host1();
  await using _ana = ana;
  const post = () =>
    backend.ask("POST", `/rooms/${roomId}/messages`, { body: "once" }, { "idempotency-key": "k" });
  const [, { seq }] = await post();
  ana.send({ action: "message", room_id: roomId, re: seq, redact: true });
  await ana.entries(2);
  const [status, again] = await post();
  assertEquals([status, again.seq, again.duplicate], [200, seq, true]);
});

Deno.test("a key is known to the next process on the same file", async () => {
  const store = () => sqlite(`${FOLDER}/keys.db`);
  let id: unknown;
  const said: unknown[] = [];
  for (let life = 0; life < 2; life++) {
    await using backend = new Backend({ store: store() });
    id ??= (await backend.ask("POST", "/rooms", { name: "Lobby" }))[1].room_id;
    const [status, { seq }] = await backend.ask("POST", `/rooms/${id}/messages`, {
      body: "once",
    }, { "idempotency-key": "k1" });
    said.push([status, seq]);
  }
  assertEquals(said, [[201, 1], [200, 1]]);
});

Deno.test("without the token the API says 401, and nothing about rooms", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "SECRET" });
  for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${TOKEN}`, TOKEN]) {
    for (const path of [`/rooms/${id}`, "/rooms/none", "/rooms", "/nothing"]) {
      const [status, problem, headers] = await backend.ask("GET", path, undefined, {
        authorization,
      });
      assertEquals([status, headers.get("www-authenticate")], [401, "Bearer"]);
      assertEquals(headers.get("content-type"), "application/problem+json");
      assert(["token_invalid", "token_required"].includes(String(problem.code)));
      assertEquals(JSON.stringify(problem).includes("SECRET"), false);
    }
  }
});

Deno.test("without a token of its own a server has no API", async () => {
  await using chat = new TestChat();
  const ops = createOps(chat.chat, { version: "1", store: "memory" });
  assertEquals((await ops(new Request("http://localhost/api/v1/rooms"))).status, 404);
});

Deno.test("every wrong call gets problem details with a code, and stores nothing", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  const cases: [method: string, path: string, body: unknown, status: number, code: string][] = [
    ["GET", "/nothing", undefined, 404, "invalid_action"],
    ["GET", "/rooms/a/b/c", undefined, 404, "invalid_action"],
    ["PUT", "/rooms", {}, 405, "invalid_action"],
    ["GET", "/rooms?limit=0", undefined, 400, "invalid_frame"],
    ["GET", "/rooms?limit=many", undefined, 400, "invalid_frame"],
    ["GET", "/rooms/%ff", undefined, 400, "invalid_frame"],
    ["GET", "/rooms/none", undefined, 404, "room_not_found"],
    ["DELETE", "/rooms/none", undefined, 404, "room_not_found"],
    ["GET", `/rooms/${id}/entries?before=-1`, undefined, 400, "invalid_frame"],
    ["GET", `/rooms/${id}/entries?before=1&after=1`, undefined, 400, "invalid_frame"],
    ["POST", "/rooms", "{", 400, "invalid_json"],
    ["POST", "/rooms", [], 400, "invalid_json"],
    ["POST", "/rooms", {}, 400, "invalid_frame"],
    ["POST", "/rooms", { name: " " }, 400, "invalid_frame"],
    ["POST", "/rooms", { name: "x".repeat(300_000) }, 413, "too_large"],
    ["POST", `/rooms/${id}/messages`, { body: 1 }, 400, "invalid_frame"],
    ["POST", `/rooms/${id}/messages`, { body: "x", as: "" }, 400, "invalid_frame"],
    ["POST", `/rooms/${id}/messages`, { body: "x".repeat(70_000) }, 413, "too_large"],
    ["POST", "/rooms/none/messages", { body: "x" }, 404, "room_not_found"],
  ];
  for (const [method, path, body, status, code] of cases) {
    const [answered, problem, headers] = await backend.ask(method, path, body);
    const what = `${method} ${path}: ${JSON.stringify(problem)}`;
    assertEquals([answered, problem.status, problem.code], [status, status, code], what);
    assertEquals(headers.get("content-type"), "application/problem+json", what);
    assert(typeof problem.title === "string" && typeof problem.detail === "string", what);
  }
  const [allowed, , headers] = await backend.ask("PUT", "/rooms", {});
  assertEquals([allowed, headers.get("allow")], [405, "GET, POST"]);
  const [status, problem] = await backend.ask("POST", "/rooms", "name=x", {
    "content-type": "text/plain",
  });
  assertEquals([status, problem.code], [415, "invalid_json"]);
  const [, { seq }] = await backend.ask("GET", `/rooms/${id}`);
  assertEquals(seq, 0);
});

Deno.test("a chat that ends says so, and when to come back", async () => {
  await using backend = new Backend();
  await backend.chat.chat.close();
  const [status, problem, headers] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  assertEquals([status, problem.code], [503, "unavailable"]);
  assertMatch(String(headers.get("retry-after")), /^\d+$/);
  assertStringIncludes(String(problem.detail), "going away");
});

Deno.test("a backend moderates rooms, as an owner of each", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  await using ana = await backend.chat.v1({ name: "Ana" });
  await ana.ask({ action: "join", body: id });
  await ana.entries(1);
  assertEquals((await backend.ask("PATCH", `/rooms/${id}`, { topic: "Ships" }))[0], 200);
  const [topic] = await ana.entries(1) as unknown as Frame[];
  assertEquals([topic?.event, topic?.topic], ["room", "Ships"]);
  const [muted] = await backend.ask("POST", `/rooms/${id}/roles`, {
    to: ana.id,
    role: "reader",
    reason: "too loud",
  });
  assertEquals(muted, 200);
  const [role] = await ana.entries(1) as unknown as Frame[];
  assertEquals([role?.to, role?.role, role?.reason], [ana.id, "reader", "too loud"]);
  assertEquals(
    (await ana.ask({ action: "message", room_id: id, body: "x", n: 1 })).code,
    "forbidden",
  );
  const [, { roles, settings }] = await backend.ask("GET", `/rooms/${id}/roles`);
  assertEquals(roles, [{ to: ana.id, role: "reader" }]);
  assertEquals((settings as Frame).topic, "Ships");
  const [kicked, { seq }] = await backend.ask(
    "DELETE",
    `/rooms/${id}/members/${ana.id}?reason=bye`,
  );
  assertEquals(kicked, 200);
  const removed = await ana.until(({ event }) => event === "removed");
  assertEquals([removed.seq, removed.reason], [seq, "bye"]);
  assertEquals((await backend.ask("GET", `/rooms/${id}/members`))[1], { members: [] });
});

Deno.test("a backend makes links, by which people come in until it ends them", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  await backend.ask("PATCH", `/rooms/${id}`, { join: "link" });
  const [made, link] = await backend.ask("POST", `/rooms/${id}/links`, { role: "member", uses: 2 });
  assertEquals(made, 201);
  const join = (link?: unknown) => ({ action: "join", body: { room_id: id, link } });
  await using ana = await backend.chat.v1({ name: "Ana" });
  assertEquals((await ana.ask(join())).code, "room_not_found");
  assertEquals((await ana.ask(join(link.link))).room_name, "Lobby");
  const [, { links }] = await backend.ask("GET", `/rooms/${id}/links`);
  const known = (links as Frame[]).find((one) => one.id === link.id);
  assertEquals([known?.role, known?.uses, known?.used], ["member", 2, 1]);
  assertEquals((await backend.ask("DELETE", `/rooms/${id}/links/${link.id}`))[0], 200);
  assertEquals((await backend.ask("DELETE", `/rooms/${id}/links/nothing`))[0], 404);
  await using ben = await backend.chat.v1({ name: "Ben" });
  assertEquals((await ben.ask(join(link.link))).code, "link_ended");
});

Deno.test("a backend revokes tokens, and ends connections", async () => {
  const authenticate = (_: unknown, token?: string) => token === undefined ? null : { sub: token };
  await using backend = new Backend({ authenticate, anonymous: "allow" });
  const hello = async (token: string) => {
    const socket = await backend.chat.dial();
    assertEquals((await socket.ask({ action: "hello", body: { token } })).status, "connected");
    return socket;
  };
  await using ana = await hello("ana");
  await using ben = await hello("ben");
  const [ended, told] = await backend.ask("POST", "/disconnect", { sub: "ben", reason: "Lunch" });
  assertEquals([ended, told.disconnected], [200, 1]);
  const goodbye = await ben.until(({ event }) => event === "goodbye");
  assertEquals([goodbye.code, goodbye.reason], [4009, "Lunch"]);
  const nobody = await backend.ask("POST", "/disconnect", { client_id: "nobody" });
  assertEquals(nobody[1].disconnected, 0);
  assertEquals((await backend.ask("POST", "/revoke", { sub: "ana" }))[0], 200);
  assertEquals((await ana.until(({ event }) => event === "goodbye")).code, 4502);
  // Nobody is left of those who asked.
  assertEquals(backend.chat.chat.size.connections, 0);
});

Deno.test("tokens of the scope admin are good for the API, and no others", async () => {
  const people: Record<string, Proof> = {
    root: { sub: "root", scope: "admin" },
    ana: { sub: "ana", scope: "read" },
  };
  await using backend = new Backend({ authenticate: (_, token = "") => people[token] ?? null });
  const as = (token: string) =>
    backend.ask("GET", "/info", undefined, { authorization: `Bearer ${token}` });
  assertEquals((await as("root"))[0], 200);
  assertEquals((await as("ana"))[1].code, "forbidden");
  const [status, problem, headers] = await as("nobody");
  assertEquals([status, problem.code], [401, "token_invalid"]);
  assertEquals(headers.get("www-authenticate"), "Bearer");
  assertEquals((await backend.ask("POST", "/revoke", { sub: "root" }))[0], 200);
  // What it proves from now on is of a later time only where it says so.
  people.root = { sub: "root", scope: "admin", issuedAt: 5 };
  assertEquals((await as("root"))[1].code, "token_revoked");
  const { auth } = insideOf(backend.chat.chat)!.metrics;
  assertEquals([auth.proved, auth.token_invalid, auth.anonymous], [3, 1, 0]);
});

Deno.test("wrong moderation gets its code, and changes nothing", async () => {
  await using backend = new Backend();
  const [, { room_id: id }] = await backend.ask("POST", "/rooms", { name: "Lobby" });
  const wrong: [status: number, code: string, method: string, path: string, body?: unknown][] = [
    [400, "invalid_frame", "PATCH", `/rooms/${id}`, {}],
    [400, "invalid_frame", "PATCH", `/rooms/${id}`, { join: "maybe" }],
    [404, "room_not_found", "PATCH", "/rooms/nowhere", { topic: "x" }],
    [400, "invalid_frame", "POST", `/rooms/${id}/roles`, { to: "ana" }],
    [400, "invalid_frame", "POST", `/rooms/${id}/roles`, { to: "", role: "owner" }],
    [400, "invalid_frame", "POST", `/rooms/${id}/links`, { role: "none" }],
    [400, "invalid_frame", "POST", "/revoke", {}],
    [400, "invalid_frame", "POST", "/revoke", { sub: "ana", issued_before: 9e12 }],
    [400, "invalid_frame", "POST", "/disconnect", {}],
    [400, "invalid_frame", "POST", "/disconnect", { sub: "a", client_id: "b" }],
    [400, "invalid_frame", "POST", "/disconnect", { sub: "a", reason: "x".repeat(41) }],
    [404, "invalid_action", "DELETE", `/rooms/${id}/roles/ana`],
    [404, "invalid_action", "GET", `/rooms/${id}/other/ana`],
  ];
  for (const [status, code, method, path, body] of wrong) {
    const [found, problem] = await backend.ask(method, path, body);
    assertEquals([found, problem.code], [status, code], `${method} ${path} ${problem.detail}`);
  }
  assertEquals((await backend.ask("GET", `/rooms/${id}`))[1].seq, 0);
});

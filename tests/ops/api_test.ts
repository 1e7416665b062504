import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import openapi from "../../docs/openapi.json" with { type: "json" };
import { ROUTES } from "../../src/ops/api.ts";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
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
    const pattern = path.replace(/\?.*/, "").replace(/^\/rooms\/[^/]+/, "/rooms/{id}");
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

import { assert, assertEquals } from "@std/assert";
import { plainOf } from "../../src/ops/incoming.ts";
import { createOps } from "../../src/ops/ops.ts";
import { TestChat } from "../support/fixtures.ts";
import { pure } from "../support/pure.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** A chat with an API, a room, and a webhook into it. */
async function withWebhook(
  test: (hook: {
    post: (body: unknown, headers?: Record<string, string>, path?: string) => Promise<Response>;
    said: () => Promise<[name: unknown, body: unknown][]>;
    path: string;
    facts: { apiToken: string };
    make: (roomId: string, as?: string) => Promise<Response>;
  }) => Promise<void>,
): Promise<void> {
  await using server = new TestChat();
  const { chat } = server;
  const facts = { version: "1", store: "memory", apiToken: TOKEN };
  const ops = createOps(chat, facts);
  const { roomId } = await chat.createRoom("Builds");
  const json = { "content-type": "application/json" };
  const api = async (path: string, init: RequestInit) =>
    await ops(
      new Request(`http://localhost/api/v1${path}`, {
        ...init,
        headers: { ...json, authorization: `Bearer ${facts.apiToken}` },
      }),
    );
  const make = (id: string, as?: string) =>
    api(`/rooms/${id}/hooks`, { method: "POST", body: JSON.stringify({ as }) });
  const made = await make(roomId, "CI & co");
  assertEquals(made.status, 201);
  const { path } = await made.json();
  await test({
    path,
    facts,
    make,
    async post(body, headers = json, to = path) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const request = new Request(`http://localhost${to}`, { method: "POST", body: text, headers });
      return await ops(request);
    },
    async said() {
      const { entries } = await (await api(`/rooms/${roomId}/entries`, {})).json();
      return entries.map(({ name, body }: Record<string, unknown>) => [name, body]);
    },
  });
}

/** The status of an answer, and its code where it is a refusal. */
async function outcomeOf(answer: Promise<Response>): Promise<[number, unknown]> {
  const { status, headers, ...rest } = await answer.then(async (response) => ({
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }));
  const isProblem = headers.get("content-type") === "application/problem+json";
  return [status, isProblem ? JSON.parse(rest.text).code : rest.text];
}

Deno.test("whoever knows the URL of a webhook speaks in its room, under its name", () =>
  withWebhook(async ({ post, said }) => {
    assertEquals(await outcomeOf(post({ text: "Build 1 is green", username: "Ana" })), [200, "ok"]);
    assertEquals(await outcomeOf(post({ text: "<https://a.example|Log> &amp; more" })), [
      200,
      "ok",
    ]);
    assertEquals(await said(), [
      ["CI & co", "Build 1 is green"],
      ["CI & co", "Log (https://a.example) & more"],
    ]);
  }));

Deno.test("a URL that was changed is that of no webhook, and with another token none is", () =>
  withWebhook(async ({ post, said, path, facts, make }) => {
    const [, , room = "", rest = ""] = path.split("/");
    const others = [
      path.replace("CI", "CEO"),
      path.split("?")[0]!,
      `/hooks/${room}/${"x".repeat(32)}?as=CI`,
      `/hooks/${room}x/${rest}`,
      `/hooks/${rest}`,
      "/hooks/",
    ];
    for (const other of others) {
      assertEquals(await outcomeOf(post({ text: "x" }, undefined, other)), [404, "invalid_action"]);
    }
    assertEquals((await make("nowhere", "CI")).status, 404);
    facts.apiToken = "f".repeat(32);
    assertEquals(await outcomeOf(post({ text: "x" })), [404, "invalid_action"]);
    assertEquals(await said(), []);
  }));

Deno.test("what will not do is refused, and nothing is said", () =>
  withWebhook(async ({ post, said, make, path }) => {
    const json = { "content-type": "application/json" };
    for (
      const [body, headers, status, code] of [
        ["{", json, 400, "invalid_json"],
        ["[]", json, 400, "invalid_frame"],
        [{}, json, 400, "invalid_frame"],
        [{ text: " " }, json, 400, "invalid_frame"],
        [{ text: 7 }, json, 400, "invalid_frame"],
        [{ text: "x".repeat(70_000) }, json, 413, "too_large"],
        [{ text: "x".repeat(300_000) }, json, 413, "too_large"],
        ["text=x", { "content-type": "application/x-www-form-urlencoded" }, 415, "invalid_json"],
      ] as const
    ) assertEquals(await outcomeOf(post(body, headers)), [status, code]);
    const [, , roomId = ""] = path.split("/");
    assertEquals((await make(roomId, "\u202e")).status, 400);
    assertEquals((await make(roomId)).status, 400);
    assertEquals(await said(), []);
  }));

Deno.test("a message with a key is said once, and a webhook says only so much", () =>
  withWebhook(async ({ post, said }) => {
    const keyed = { "content-type": "application/json", "idempotency-key": "build-1" };
    for (let i = 0; i < 2; i++) {
      assertEquals(await outcomeOf(post({ text: "once" }, keyed)), [200, "ok"]);
    }
    assertEquals((await said()).length, 1);
    let answer = await post({ text: "more" });
    for (let i = 0; i < 100 && answer.ok; i++) answer = await post({ text: "more" });
    assertEquals(answer.status, 429);
    assert(Number(answer.headers.get("retry-after")) >= 1);
  }));

pure("the escapes and links of Slack become plain text", () => {
  for (
    const [text, plain] of [
      ["a &lt;b&gt; &amp;amp;", "a <b> &amp;"],
      ["see <https://a.example/?x=1&amp;y=2>", "see https://a.example/?x=1&y=2"],
      ["<mailto:a@b.example|Ana>", "Ana (mailto:a@b.example)"],
      ["1 < 2 > 0", "1 < 2 > 0"],
    ] as const
  ) assertEquals(plainOf(text), plain);
});

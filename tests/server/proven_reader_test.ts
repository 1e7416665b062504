import { assertEquals, assertStringIncludes } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions, Proof } from "../../src/server/chat.ts";
import { insideOf } from "../../src/server/inside.ts";
import { MOST_OF_ONE } from "../../src/server/log_readers.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { bounded, until } from "../support/waiting.ts";

const FOLDER = tempFolder();

const TOKEN = "0123456789abcdef0123456789abcdef";

/** An API that people ask with tokens of their own: each is called as its token. */
class Library implements AsyncDisposable {
  readonly chat: TestChat;
  readonly people: Record<string, Proof> = {};
  readonly faults: unknown[] = [];
  readonly #ops: ReturnType<typeof createOps>;

  constructor(options: ChatOptions = {}) {
    const authenticate = (_: unknown, token = "") => this.people[token] ?? { sub: token };
    this.chat = new TestChat({ authenticate, ...options });
    this.#ops = createOps(this.chat.chat, {
      version: "1",
      store: "memory",
      apiToken: TOKEN,
      failed: (error) => this.faults.push(error),
    });
  }

  async ask(who: string, method: string, path: string, body?: unknown): Promise<Response> {
    return await this.#ops(
      new Request(`http://localhost/api/v1/rooms/${path}`, {
        method,
        headers: { authorization: `Bearer ${who}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  /** The status of an answer and its problem, or its entries. */
  async read(who: string, path: string): Promise<[number, unknown]> {
    const answer = await this.ask(who, "GET", path);
    const { status } = answer;
    const told = await answer.json();
    return [status, status === 200 ? told.map(({ body }: { body?: string }) => body) : told];
  }

  /** Changes a room as an operator. */
  async change(method: string, path: string, body: unknown): Promise<void> {
    const answer = await this.ask(TOKEN, method, path, body);
    assertEquals(answer.status, 200, await answer.text());
  }

  async make(): Promise<string> {
    const { roomId } = await this.chat.chat.createRoom("Lobby");
    await this.chat.chat.publish(roomId, "one");
    return roomId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat[Symbol.asyncDispose]();
    assertEquals(this.faults, []);
  }
}

const notFound = (id: string) => ({
  type: "about:blank",
  title: "Not found",
  status: 404,
  detail: `Room ${id} does not exist`,
  code: "room_not_found",
});

Deno.test("somebody reads the stream of a room that it could come into, and nothing else of the API", async () => {
  await using library = new Library();
  const id = await library.make();
  assertEquals(await library.read("ana", `${id}/stream`), [200, ["one"]]);
  const head = await library.ask("ana", "HEAD", `${id}/stream`);
  assertEquals([head.status, head.headers.has("stream-next-offset")], [200, true]);
  const others = [
    ["POST", `${id}/stream`],
    ["POST", "nowhere/stream"],
    ["GET", id],
    ["GET", `${id}/entries`],
    ["GET", `${id}/members`],
    ["DELETE", id],
    ["DELETE", "nowhere"],
  ] as const;
  for (const [method, path] of others) {
    const answer = await library.ask("ana", method, path, method === "POST" ? "two" : undefined);
    assertEquals([answer.status, (await answer.json()).code], [403, "forbidden"], path);
  }
});

for (const [kind, open] of [["memory", undefined], ["SQLite", sqlite]] as const) {
  Deno.test(`a room that somebody may not see is answered like none at all, in ${kind}`, async () => {
    const store = open && { store: open(`${FOLDER}/hidden.db`) };
    await using library = new Library({ ...store });
    const id = await library.make();
    const none = "k7q2m4x9b3t6r8w1";
    library.people.elsewhere = { sub: "elsewhere", rooms: { [none]: "owner" } };
    library.people.reader = { sub: "reader", rooms: { [id]: "reader" } };
    await library.change("POST", `${id}/roles`, { to: "banned", role: "none" });
    for (const query of ["", "?offset=now", "?offset=-1&live=sse", "?offset=now&live=long-poll"]) {
      for (const who of ["banned", "elsewhere"]) {
        for (const room of [id, none]) {
          const found = await library.read(who, `${room}/stream${query}`);
          assertEquals(found, [404, notFound(room)], `${who} ${query}`);
        }
      }
    }
    assertEquals((await library.ask("banned", "HEAD", `${id}/stream`)).status, 404);
    await library.change("PATCH", id, { join: "closed" });
    assertEquals(await library.read("ana", `${id}/stream`), [404, notFound(id)]);
    // A token that names the room is one of the ways to be given a role, but no invitation.
    const statusOf = async (who: string) => (await library.read(who, `${id}/stream`))[0];
    assertEquals(await statusOf("reader"), 404);
    await library.change("POST", `${id}/roles`, { to: "ana", role: "reader" });
    assertEquals(
      await library.read("ana", `${id}/stream?offset=-1`).then(([status]) => status),
      200,
    );
    await library.change("PATCH", id, { join: "link" });
    assertEquals(await statusOf("reader"), 200);
  });
}

Deno.test("what a room shows to those in it only is not for whoever is not", async () => {
  await using library = new Library();
  const id = await library.make();
  await library.change("PATCH", id, { history: "since_join" });
  const [status, problem] = await library.read("ana", `${id}/stream?offset=now`);
  assertEquals([status, (problem as { code: string }).code], [403, "forbidden"]);
  await library.change("POST", `${id}/roles`, { to: "ana", role: "moderator" });
  assertEquals((await library.read("ana", `${id}/stream`))[0], 200);
});

Deno.test("events end for whoever may read no longer, before another word of the room", async () => {
  await using library = new Library();
  const id = await library.make();
  const ends = {
    banned: () => library.change("POST", `${id}/roles`, { to: "banned", role: "none" }),
    revoked: () =>
      Promise.resolve(void insideOf(library.chat.chat)!.voice.acts.revoke("revoked", undefined)),
    late: () => Promise.resolve(),
  };
  for (const [who, end] of Object.entries(ends)) {
    if (who === "late") library.people.late = { sub: "late", expiresAt: Date.now() + 1_000 };
    const answer = await library.ask(who, "GET", `${id}/stream?offset=now&live=sse`);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await bounded(reader.read(), () => `no event for ${who}`);
    assertStringIncludes(first.value!, "event: control");
    await end();
    if (who === "late") {
      const isOver = () => Date.now() > library.people.late!.expiresAt!;
      await until(isOver, "time stands still");
    }
    await library.chat.chat.publish(id, "a secret");
    const rest = await bounded(reader.read(), () => `events go on for ${who}`);
    assertEquals([rest.done, rest.value], [true, undefined], who);
  }
});

Deno.test("one person has some readers and no more, and gives them back", async () => {
  await using library = new Library();
  const id = await library.make();
  const events = (who: string) => library.ask(who, "GET", `${id}/stream?offset=now&live=sse`);
  const own: Response[] = [];
  for (let i = 0; i < MOST_OF_ONE; i++) own.push(await events("ana"));
  const refused = await events("ana");
  assertEquals([refused.status, (await refused.json()).code], [429, "rate_limited"]);
  const other = await events("ben");
  assertEquals(other.status, 200);
  await own.pop()!.body!.cancel();
  const again = await events("ana");
  assertEquals(again.status, 200);
  for (const answer of [...own, other, again]) await answer.body!.cancel();
});

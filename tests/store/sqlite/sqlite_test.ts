import { assertEquals, assertThrows } from "@std/assert";
import type { OpenStore } from "../../../src/core/store/store.ts";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import { createChat } from "../../../src/server/chat.ts";
import { sqlite } from "../../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";

pure("sqlite() refuses what is no path of a file, names it, and says what to write", () => {
  const refusals: [path: unknown, named: string][] = [
    ["", '""'],
    ["a\0b", '"a\\u0000b"'],
    [undefined, "undefined"],
    [null, 'null: a store is sqlite("data/chat.db")'],
    [7, "7"],
    [{}, '[object Object]: a store is sqlite("data/chat.db")'],
    [["a.db"], '[object Array]: a store is sqlite("data/chat.db")'],
    ["sqlite:data/y.db", '"sqlite:data/y.db": leave "sqlite:" out'],
    [":memory:", '":memory:": a chat without a store keeps its rooms in memory'],
    ["file:z.db", '"file:z.db": a URL of a file begins with file:///'],
    ["file:/z.db", '"file:/z.db": a URL of a file begins with file:///'],
    ["file://host/z.db", '"file://host/z.db": File URL host must be "localhost" or empty on linux'],
    ["file:///a%2Fz.db", '"file:///a%2Fz.db": File URL path must not include encoded / characters'],
    ["file:///a%00b", '"file:///a%00b"'],
    ["https://a.org/z.db", '"https://a.org/z.db": The URL must be of scheme file'],
    [new URL("https://a.org/z.db"), '"https://a.org/z.db": The URL must be of scheme file'],
  ];
  for (const [path, named] of refusals) {
    const { message } = assertThrows(() => sqlite(path as string), RangeError);
    assertEquals(message, `sqlite(): path must be the path of a file, not ${named}`);
  }
});

Deno.test("sqlite() takes the URL of a file, as an object and as a text", async () => {
  const folder = await Deno.makeTempDir();
  const url = new URL(`file://${folder}/`);
  for (const place of [new URL("my%20chat.db", url), new URL("another.db", url).href]) {
    await sqlite(place)(IGNORE, DEFAULTS).close();
  }
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(files.filter((name) => name.endsWith(".db")).sort(), ["another.db", "my chat.db"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what is no database, or has no place for one, gets no files next to it", async () => {
  const folder = await Deno.makeTempDir();
  const text = `${folder}/app.ts`;
  await Deno.writeTextFile(text, "export default createChat();");
  await Deno.mkdir(`${folder}/data`);
  for (
    const [path, why] of [
      [text, "file is not a database"],
      [`${folder}/data`, "it is no file"],
    ] as const
  ) {
    const { message } = assertThrows(() => sqlite(path)(IGNORE, DEFAULTS), Error);
    assertEquals(message, `Cannot open ${path}: ${why}`);
  }
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(files.sort(), ["app.ts", "data"]);
  await Deno.remove(folder, { recursive: true });
});

pure("a chat says that sqlite has to be called", () => {
  const store = sqlite as unknown as OpenStore;
  const { message } = assertThrows(() => createChat({ store }), RangeError);
  assertEquals(message.split(": ").pop(), 'a store is sqlite("data/chat.db")');
});

Deno.test("sqlite() opens nothing before a chat is made with it", async () => {
  const folder = await Deno.makeTempDir();
  sqlite(`${folder}/chat.db`);
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("createChat() says in one line why a file cannot be opened", async () => {
  const folder = await Deno.makeTempDir();
  const { message } = assertThrows(() => sqlite(folder)(IGNORE, DEFAULTS), Error);
  assertEquals(message.split(":")[0], `Cannot open ${folder}`);
  assertEquals(message.includes("\n"), false);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("rooms of sqlite() are there again in the next chat", async () => {
  const folder = await Deno.makeTempDir();
  const store = sqlite(`${folder}/new/chat.db`);
  let roomId = "";
  {
    await using server = new TestChat({ store });
    const { host, roomId: made } = await server.host1("Lobby");
    await using _host = host;
    roomId = made;
  }
  await using server = new TestChat({ store });
  await using ben = await server.v1();
  const joined = await ben.ask({ action: "join", body: roomId });
  assertEquals([joined.status, joined.room_name], ["success", "Lobby"]);
  await Deno.remove(folder, { recursive: true });
});

import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS } from "../../../src/core/options.ts";
import { sqlite } from "../../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";

pure("sqlite() refuses what is no path, and names it", () => {
  for (const path of ["", "a\0b", undefined, null, 7, {}, ["a.db"]]) {
    const { message } = assertThrows(() => sqlite(path as string), RangeError);
    const written = typeof path === "string" ? JSON.stringify(path) : undefined;
    assertEquals(message.startsWith("path must be the path of a file, not "), true, message);
    if (written !== undefined) assertEquals(message.endsWith(written), true, message);
  }
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

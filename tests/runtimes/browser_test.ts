import { assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { bundleClient } from "../support/bundle.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { TestChat } from "../support/fixtures.ts";

/** Runs in the page: fails to connect, joins, answers the first message, and returns what it saw up to "bye". */
async function chatFromPage([url, roomId]: [string, string]): Promise<string[]> {
  // Not a literal, so that nobody looks for it beside this file.
  const script = "/client.js";
  const { connect } = await import(script);
  // Browsers say in several ways that they cannot connect: before they try, or later, without a word.
  const nobody = connect("ws://127.0.0.1:1").catch((error: { name: string; code: string }) =>
    error
  );
  const { name, code } = await nobody;
  const chat = await connect(url, { name: "Page" });
  const room = await chat.joinRoom(roomId, { last: 10 });
  const seen: string[] = [`${name} ${code}`];
  for await (const { own, name, body } of room) {
    seen.push(`${own ? "me" : name}: ${body}`);
    if (body === "before") await room.send("héllo from the page 🙂");
    if (body === "bye") break;
  }
  await chat.close();
  return seen;
}

Deno.test({
  name: "the client chats from a page in Chromium with a client in Deno",
  ...NEEDS_CHROMIUM,
  async fn() {
    const script = await bundleClient();
    await using server = new TestChat();
    await using chat = new ChatClient(server.url, { name: "Deno" });
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    await room.send("before");
    const pages = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const [body, type] = request.url.endsWith(".js") ? [script, "javascript"] : ["", "html"];
      return new Response(body, { headers: { "content-type": `text/${type}` } });
    });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${pages.addr.port}/`);
      const talk = page.evaluate(chatFromPage, [server.url, room.id] as [string, string]);
      for await (const { body, name } of room) {
        if (name !== "Page") continue;
        assertEquals(body, "héllo from the page 🙂");
        break;
      }
      await room.send("bye");
      assertEquals(await talk, [
        "ConnectError unreachable",
        "Deno: before",
        "me: héllo from the page 🙂",
        "Deno: bye",
      ]);
    } finally {
      await browser.close();
      await pages.shutdown();
    }
  },
});

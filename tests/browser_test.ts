import { assertEquals } from "@std/assert";
import { type Browser, chromium } from "playwright-core";
import { createChat } from "../server.ts";

const CHROMIUM = findChromium();

function findChromium(): string | undefined {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
      } catch {
        // Not in this folder.
      }
    }
  }
  // CI must not pass without it.
  if (Deno.env.get("CI") !== undefined) throw new Error("No Chromium: apt-get install chromium");
  console.warn("Ignoring the browser test: apt-get install chromium");
  return undefined;
}

/** The client as a page loads it: one script without imports. */
async function bundle(): Promise<string> {
  const entry = new URL("../client.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", entry],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

Deno.test({
  name: "the client chats from a page in Chromium with a client in Deno",
  ignore: CHROMIUM === undefined,
  // The browser driver keeps timers and streams of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const script = await bundle();
    const chat = createChat();
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/page") {
        return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
      }
      if (pathname === "/client.js") {
        return new Response(script, { headers: { "content-type": "text/javascript" } });
      }
      return chat(request);
    });
    const origin = `127.0.0.1:${server.addr.port}`;
    const { ChatClient } = await import("../client.ts");
    const deno = new ChatClient(`ws://${origin}`, { name: "Deno" });
    const browser = await launch();
    try {
      await deno.connect();
      const room = await deno.createRoom("Lobby");
      await room.send("before");
      const page = await browser.newPage();
      await page.goto(`http://${origin}/page`);
      const talk = page.evaluate(async ([url, roomId]) => {
        const module = "/client.js";
        const { ChatClient } = await import(module);
        const chat = new ChatClient(url, { name: "Page" });
        await chat.connect();
        const room = await chat.joinRoom(roomId, { last: 10 });
        const seen: string[] = [];
        for await (const { own, name, body } of room) {
          seen.push(`${own ? "me" : name}: ${body}`);
          if (body === "before") await room.send("héllo from the page 🙂");
          if (body === "bye") break;
        }
        await chat.close();
        return seen;
      }, [`ws://${origin}`, room.id]);
      for await (const { body, name } of room) {
        if (name === "Page") {
          assertEquals(body, "héllo from the page 🙂");
          break;
        }
      }
      await room.send("bye");
      assertEquals(await talk, ["Deno: before", "me: héllo from the page 🙂", "Deno: bye"]);
    } finally {
      await browser.close();
      await deno.close();
      await chat.close();
      await server.shutdown();
    }
  },
});

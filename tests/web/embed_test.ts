import { assertEquals } from "@std/assert";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";

/** The page of an app on another host, with the policy that docs/embed.md asks for. */
function appPage(server: string, tag: string): Response {
  const policy = [
    "default-src 'none'",
    `script-src ${server}`,
    `connect-src ${server.replace("http", "ws")}`,
    "require-trusted-types-for 'script'",
  ];
  const html = `<!doctype html><html lang="en"><title>App</title>
    <script type="module" src="${server}/?chat.js"></script><h1>App</h1>${tag}`;
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
    },
  });
}

Deno.test({
  name: "one script and one tag are a chat in the page of an app, under its own policy",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start();
    const [ana, ben] = [await pages.visitor(), await pages.visitor()];
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    const room = new URL(link).hash.slice(1);
    const server = new URL(pages.url).origin;
    await using app = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => appPage(server, `<parley-chat room="${room}" name="Ben" theme="dark"></parley-chat>`),
    );
    const told: number[] = [];
    await ben.page.exposeFunction("told", (unread: number) => told.push(unread));
    await ben.page.addInitScript(
      `addEventListener("unread", ({ detail }) => told(detail.unread), true)`,
    );
    await ben.page.goto(`http://localhost:${app.addr.port}/`);
    await ben.field.waitFor();
    await ben.say("from the app");
    await ana.sees(["from the app"]);
    await ana.say("hello app");
    await ben.sees(["from the app", "hello app"]);
    // What is loaded later comes from the server of the chat, too.
    await ben.page.getByRole("button", { name: "2 people here" }).click();
    await ben.reads("Ben (you)");
    // The title is the app's own, and so is the address.
    assertEquals([await ben.page.title(), new URL(ben.page.url()).hash], ["App", ""]);
    await ben.page.locator("parley-chat").evaluate((element) => element.remove());
    await ana.reads("1 person here");
    assertEquals(ben.problems, []);
    await until(() => told.length > 0, "no event");
  },
});

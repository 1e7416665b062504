import { assertEquals } from "@std/assert";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { TestChat } from "../support/fixtures.ts";

/** Runs in a page: connects, and says whether that works. */
function connects(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "parley.v1");
    socket.onopen = () => {
      socket.close();
      resolve("open");
    };
    socket.onerror = () => resolve("refused");
  });
}

Deno.test({
  name: "S2 Chromium connects from pages of the server's host, and from no other",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using server = new TestChat();
    const pages = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () =>
        new Response(
          `<!doctype html><iframe sandbox="allow-scripts" srcdoc="<p>Framed"></iframe>`,
          {
            headers: { "content-type": "text/html" },
          },
        ),
    );
    const browser = await launch([
      "--host-resolver-rules=MAP *.example 127.0.0.1",
      // Or it asks whether a page of elsewhere may look at this machine at all.
      "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    ]);
    const from = async (host: string, to: string) => {
      const page = await browser.newPage();
      await page.goto(`http://${host}:${pages.addr.port}/`);
      const [framed] = page.frames().slice(1);
      const seen = [await page.evaluate(connects, to), await framed?.evaluate(connects, to)];
      await page.close();
      return seen;
    };
    try {
      const { url } = server;
      // A page in a sandbox has no origin: "null".
      assertEquals(await from("127.0.0.1", url), ["open", "refused"]);
      assertEquals(await from("localhost", url), ["open", "refused"]);
      assertEquals(await from("evil.example", url), ["refused", "refused"]);
      assertEquals(await from("localhost.example", url), ["refused", "refused"]);
      const own = url.replace("127.0.0.1", "chat.example");
      assertEquals(await from("chat.example", own), ["open", "refused"]);
      assertEquals(await from("evil.example", own), ["refused", "refused"]);
    } finally {
      await browser.close();
      await pages.shutdown();
    }
    const refused = server.log.filter(({ event }) => event === "origin refused");
    assertEquals(
      new Set(refused.map(({ fields }) => String(fields.origin).split(":")[1] ?? "null")),
      new Set(["null", "//evil.example", "//localhost.example"]),
    );
  },
});

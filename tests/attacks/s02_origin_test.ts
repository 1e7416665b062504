/**
 * Pages of somebody else, over the wire in every disguise, and in a browser.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { report } from "../chaos/setting.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { TestChat } from "../support/fixtures.ts";

/** Origins of somebody else, dressed up as those of `localhost` and 127.0.0.1. */
const DISGUISES = [
  "http://evil.example",
  "http://evil.example:8765",
  "http://localhost.evil.example",
  "http://127.0.0.1.evil.example",
  "http://evil-localhost",
  "http://localhost@evil.example",
  "http://evil.example/localhost",
  "http://evil.example#localhost",
  "http://evil.example, http://localhost",
  "http://2130706433",
  "file://localhost",
  "null",
  "",
  "localhost",
  "//localhost",
  "http://localhost:3000\\evil.example",
];

/** Origins of the server's own host, 127.0.0.1, and those of programs: none. */
const OWN = [
  null,
  "http://localhost",
  "http://localhost:3000",
  "https://127.0.0.1",
  "http://127.0.0.1:8765",
  "http://[::1]:3000",
];

/** Counts those that are let in. */
async function admitted(server: TestChat, origins: readonly (string | null)[]): Promise<number> {
  let count = 0;
  for (const origin of origins) {
    const { status } = await server.handshake({ "Origin": origin });
    assertEquals(status === 101 || status === 403, true, `${origin}`);
    if (status === 101) count++;
  }
  return count;
}

Deno.test("S2 pages of somebody else stay out in every disguise, and those that may come in do", async () => {
  await using server = new TestChat();
  await using allowing = new TestChat({ allowOrigins: ["https://app.example.org", "null"] });
  await using open = new TestChat({ allowOrigins: ["*"] });
  const named = ["https://app.example.org", "null", ...OWN];
  const nearly = [
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://x.app.example.org",
    "https://app.example.org.evil.example",
    "*",
  ];
  const bad = await admitted(server, DISGUISES) + await admitted(allowing, nearly);
  const good = await admitted(server, OWN) + await admitted(allowing, named) +
    await admitted(open, DISGUISES);
  const all = OWN.length + named.length + DISGUISES.length;
  const figures = {
    "bad ones tried": DISGUISES.length + nearly.length,
    "bad ones accepted": bad,
    "good ones tried": all,
    "good ones refused": all - good,
  };
  report("S2", "origins over the wire", figures, bad + all - good > 0 ? ["accepted, refused"] : []);
  assertEquals([bad, good], [0, all]);
  const refused = server.log.filter(({ event }) => event === "origin refused");
  assertEquals(refused.length, DISGUISES.length);
});

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
    const own = server.url.replace("127.0.0.1", "chat.example");
    const tries: [host: string, to: string, seen: string[]][] = [
      // A page in a sandbox has no origin: "null".
      ["127.0.0.1", server.url, ["open", "refused"]],
      ["localhost", server.url, ["open", "refused"]],
      ["chat.example", own, ["open", "refused"]],
      ["evil.example", server.url, ["refused", "refused"]],
      ["localhost.example", server.url, ["refused", "refused"]],
      ["evil.example", own, ["refused", "refused"]],
    ];
    try {
      for (const [host, to, seen] of tries) assertEquals(await from(host, to), seen, host);
    } finally {
      await browser.close();
      await pages.shutdown();
    }
    const refused = server.log.filter(({ event }) => event === "origin refused");
    assertEquals(
      new Set(refused.map(({ fields }) => String(fields.origin).split(":")[1] ?? "null")),
      new Set(["null", "//evil.example", "//localhost.example"]),
    );
    report("S2", "pages in Chromium", {
      "pages tried": 2 * tries.length,
      "bad ones accepted": 0,
      "good ones refused": 0,
    });
  },
});

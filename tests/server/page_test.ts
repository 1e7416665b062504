import { assert, assertEquals } from "@std/assert";
import { parseCliFlags } from "../../src/cli/flags.ts";
import { pageResponse } from "../../src/server/page.ts";

/** Asks as a browser that takes what is compressed. */
function ask(query: string, { isPerson = true, gzip = true, ancestors = [] as string[] } = {}) {
  return pageResponse(query, isPerson, gzip, ancestors);
}

/** The text of an answer, unpacked. */
async function textOf(response: Response | undefined): Promise<string> {
  assert(response?.body);
  const packed = response.headers.get("content-encoding") === "gzip";
  return await new Response(
    packed ? response.body.pipeThrough(new DecompressionStream("gzip")) : response.body,
  ).text();
}

Deno.test("the page names its files by what is in them, and all of them are there for long", async () => {
  const html = await textOf(ask(""));
  assertEquals(html, await textOf(ask("", { gzip: false })));
  const names = [...html.matchAll(/"(\?[^"]+)"/g)].map(([, name = ""]) => name);
  assertEquals(new Set(names).size, 4);
  for (const name of names) {
    assert(/^\?\w+-[0-9a-f]{12}\.(js|css|svg)$/.test(name), name);
    const response = ask(name, { isPerson: false });
    assertEquals(response?.status, 200);
    assertEquals(response?.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert((await textOf(response)).length > 50);
  }
  // What the script loads later is named in it in the same way.
  const script = await textOf(ask(names.find((name) => name.startsWith("?chat-"))!));
  const [, part = ""] = /"(\?panel[^"#]*)/.exec(script) ?? [];
  assert(/^\?panel-[0-9a-f]{12}\.js$/.test(part), part);
  const response = ask(part, { isPerson: false });
  assertEquals(response?.headers.get("access-control-allow-origin"), "*");
  assert((await textOf(response)).includes("export"));
  // A name that stays is for pages of others, and asked for again soon.
  const embedded = ask("?chat.js", { isPerson: false });
  assertEquals(embedded?.headers.get("cache-control"), "public, max-age=300");
  assertEquals(embedded?.headers.get("access-control-allow-origin"), "*");
  assertEquals(embedded?.headers.get("content-type"), "text/javascript; charset=utf-8");
  await embedded?.body?.cancel();
});

Deno.test("the page may load its own, and nothing of it becomes code", async () => {
  const response = ask("?x=<script>");
  const policy = response?.headers.get("content-security-policy");
  for (
    const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]
  ) assert(policy?.split("; ").includes(rule), rule);
  assert(!policy?.includes("unsafe"));
  assertEquals(response?.headers.get("x-content-type-options"), "nosniff");
  assertEquals(response?.headers.get("referrer-policy"), "no-referrer");
  const html = await textOf(response);
  assert(!/<style|<iframe|\son\w+=|javascript:|<script(?! type="module" src="\?)/i.test(html));
});

Deno.test("pages that may show the page in a frame are named in its policy", async () => {
  const response = ask("", { ancestors: ["https://a.example", "https://b.example"] });
  const policy = response?.headers.get("content-security-policy");
  assert(policy?.includes("; frame-ancestors https://a.example https://b.example; "), policy ?? "");
  await response?.body?.cancel();
});

Deno.test("a file that is not there is not found, and what asks for none is no business of the page", async () => {
  for (const name of ["?chat-000000000000.js", "?style.css", "?x.svg"]) {
    assertEquals((await ask(name, { isPerson: false }))?.status, 404, name);
  }
  for (const query of ["", "?x", "?x=chat.js", "?../chat.js", "?page.html"]) {
    assertEquals(ask(query, { isPerson: false }), undefined, query);
  }
});

Deno.test("the command on the page without JavaScript is one that the terminal chat understands", async () => {
  const html = await textOf(ask(""));
  const [, command = ""] = /<pre>deno run -N jsr:@parley\/chat\/cli (.*)<\/pre>/.exec(html) ?? [];
  const settings = parseCliFlags(command.replace("wss://…", "wss://chat.example").split(" "));
  assert(typeof settings === "object", command);
  assertEquals([settings.name, settings.url.href], ["You", "wss://chat.example/"]);
  assert(typeof parseCliFlags(["--join", "ID"]) === "object" && html.includes("--join ID"));
});

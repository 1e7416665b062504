/**
 * A chat mounted in an app that has routes of its own. Its page is `page.html`.
 *
 *     deno run -A examples/app.ts [port]
 *
 * @module
 */

// Outside of this repository: from "jsr:@parley/chat/mount"
import { createChat } from "../src/server/chat.ts";

const chat = createChat({ path: "/chat" });
const page = await Deno.readTextFile(new URL("page.html", import.meta.url));
const client = await bundledClient();

const port = Number(Deno.args[0] ?? 8000);
const server = Deno.serve({ port, onListen }, (request, info) => {
  switch (URL.parse(request.url)?.pathname) {
    case "/":
      return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
    case "/client.js":
      return new Response(client, { headers: { "content-type": "text/javascript" } });
    case "/size":
      return Response.json(chat.size);
    default:
      return chat.fetch(request, info); // /chat, /healthz, and 404 for all else
  }
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, async () => {
    setTimeout(() => Deno.exit(), 5_000); // an answer that has no end holds shutdown up
    await chat.close(); // tells everybody, and when to come back
    await server.shutdown();
    Deno.exit();
  });
}

function onListen({ port }: Deno.NetAddr): void {
  // deno-lint-ignore no-console -- this is a program
  console.log(`Open http://localhost:${port}`);
}

/** The client as one script for browsers. Outside of this repository: bundle "jsr:@parley/chat/client". */
async function bundledClient(): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "client.ts"],
    cwd: new URL("../", import.meta.url),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return stdout;
}

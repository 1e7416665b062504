import { assertEquals, assertRejects } from "@std/assert";
import { loadKeySet } from "../../src/auth/load_key_set.ts";
import "../support/ignore_unpermitted.ts";

/** A server that answers everything in one way. */
function answering(answer: () => Response) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answer);
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}/keys`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("loadKeySet() takes what an address answers", async () => {
  await using server = answering(() => new Response('{"keys":[]}'));
  assertEquals(await loadKeySet(server.url), '{"keys":[]}');
});

Deno.test("loadKeySet() takes no answer that is an error, too large, or somewhere else", async () => {
  await using other = answering(() => new Response("{}"));
  for (
    const answer of [
      () => new Response("no", { status: 404 }),
      () => new Response("x".repeat(262_145)),
      () => Response.redirect(other.url),
    ]
  ) {
    await using server = answering(answer);
    await assertRejects(() => loadKeySet(server.url), Error);
  }
});

import { assertEquals } from "@std/assert";
import { createOps, readinessOf } from "../../src/ops/ops.ts";
import { pure } from "../support/pure.ts";

/** A chat in a state, as the port for operators sees it. */
function chatThat(state: { closing?: boolean; failure?: string }) {
  return {
    closing: false,
    failure: undefined,
    fetch: (request: Request) => new Response(`the chat answers ${new URL(request.url).pathname}`),
    ...state,
  };
}

pure("readinessOf() says why newcomers shall go elsewhere, for good or for now", () => {
  assertEquals(readinessOf(chatThat({})), { ready: true });
  assertEquals(readinessOf(chatThat({ failure: "NATS is not reached" })), {
    ready: false,
    code: "unavailable",
    message: "Nothing can be stored: NATS is not reached",
  });
  assertEquals(readinessOf(chatThat({ failure: "x", closing: true })), {
    ready: false,
    code: "draining",
    message: "The server is going away",
  });
});

Deno.test("createOps() answers /readyz with 200 or 503, and the reason as JSON", async () => {
  const ask = async (chat: ReturnType<typeof chatThat>) => {
    const answer = createOps(chat)(new Request("http://localhost:9765/readyz"));
    return [answer.status, await answer.json()];
  };
  assertEquals(await ask(chatThat({})), [200, { ready: true }]);
  assertEquals(await ask(chatThat({ closing: true })), [503, {
    ready: false,
    code: "draining",
    message: "The server is going away",
  }]);
});

Deno.test("createOps() answers /healthz as the chat does, and nothing that it does not know", async () => {
  const ops = createOps(chatThat({}));
  const ask = (path: string, init: RequestInit = {}) =>
    ops(new Request(`http://localhost${path}`, init));
  assertEquals(await ask("/healthz").text(), "the chat answers /healthz");
  assertEquals([ask("/").status, ask("/readyz/").status, ask("/chat").status], [404, 404, 404]);
  const { status, headers } = ask("/readyz", { method: "POST" });
  assertEquals([status, headers.get("allow")], [405, "GET, HEAD"]);
});

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createOps, exportMetrics, readinessOf } from "../../src/ops/ops.ts";
import { TestChat } from "../support/fixtures.ts";
import { pure } from "../support/pure.ts";

const FACTS = { version: "1.2.3", store: "memory" };

/** A chat in a state, as the port for operators sees it. */
function chatThat(state: { closing?: boolean; failure?: string }) {
  return {
    closing: false,
    failure: undefined,
    size: { connections: 0, rooms: 0 },
    deleteRoom: () => false,
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
    const answer = await createOps(chat, FACTS)(new Request("http://localhost:9765/readyz"));
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
  const ops = createOps(chatThat({}), FACTS);
  const ask = (path: string, init: RequestInit = {}) =>
    ops(new Request(`http://localhost${path}`, init)) as Response;
  assertEquals(await ask("/healthz").text(), "the chat answers /healthz");
  // It is no chat of this package, and nobody counts anything.
  assertEquals(ask("/metrics").status, 404);
  assertEquals([ask("/").status, ask("/readyz/").status, ask("/chat").status], [404, 404, 404]);
  const { status, headers } = ask("/readyz", { method: "POST" });
  assertEquals([status, headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("createOps() answers /metrics of a chat, in the format that is asked for", async () => {
  await using chat = new TestChat();
  await using socket = await chat.v1();
  await socket.ask({ action: "create", body: "Lobby" });
  const ops = createOps(chat.chat, FACTS);
  const ask = (accept: string) =>
    ops(new Request("http://localhost/metrics", { headers: { accept } })) as Response;
  const plain = ask("text/plain");
  assertEquals(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await plain.text();
  for (
    const line of [
      'parley_build_info{version="1.2.3",',
      'parley_connections{protocol="v1"} 1\n',
      'parley_requests_total{action="create"} 1\n',
      'parley_entries_total{kind="join"} 1\n',
      "parley_rooms 1\n",
    ]
  ) assertStringIncludes(text, line);
  const [, rss] = /process_resident_memory_bytes (\d+)/.exec(text) ?? [];
  assert(Number(rss) > 1e6);
  assertMatch(await ask("application/openmetrics-text").text(), /\n# EOF\n$/);
});

Deno.test("exportMetrics() gives the exporter of the runtime what /metrics has", async () => {
  await using chat = new TestChat();
  const names: string[] = [];
  const create = (name: string) => {
    names.push(name);
    return { addCallback: () => {} };
  };
  const meter = { createObservableCounter: create, createObservableGauge: create };
  exportMetrics(chat.chat, FACTS, meter);
  assert(names.includes("parley_deliveries_total"));
  exportMetrics(chatThat({}), FACTS, meter);
  assertEquals(new Set(names).size, names.length);
});

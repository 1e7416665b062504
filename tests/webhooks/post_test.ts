import { assertEquals, assertRejects } from "@std/assert";
import { parseNetwork } from "../../src/server/admission/addresses.ts";
import { ForbiddenAddressError, Poster, type Resolve } from "../../src/webhooks/post.ts";
import { PERMITTED } from "../support/permissions.ts";

const LOOPBACK = [parseNetwork("127.0.0.0/8")!];
const NEEDS_NET = { ignore: !PERMITTED };

/** Serves something on a free port, and counts what comes. */
function served(answer: () => Response | Promise<Response>) {
  const seen: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
    return await answer();
  });
  return {
    seen,
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

/** A name that leads to these addresses. */
const leadingTo = (...addresses: string[]): Resolve => (_host, answer) =>
  answer(null, addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));

Deno.test("a body is sent, and the status is what comes back", NEEDS_NET, async () => {
  await using server = served(() => new Response("taken", { status: 202 }));
  const url = new URL(`http://localhost:${server.port}/hook?x=1`);
  const poster = new Poster(url, { networks: LOOPBACK, resolve: leadingTo("127.0.0.1") });
  assertEquals(await poster.post({ "x-y": "z" }, "hällo"), 202);
  assertEquals(await poster.post({}, "again"), 202);
  assertEquals(server.seen, ["POST /hook hällo", "POST /hook again"]);
  poster.close();
});

Deno.test("a redirect is an answer, and nobody follows it", NEEDS_NET, async () => {
  await using server = served(() => Response.redirect("http://127.0.0.1:1/elsewhere", 307));
  const url = new URL(`http://127.0.0.1:${server.port}/hook`);
  const poster = new Poster(url, { networks: LOOPBACK });
  assertEquals(await poster.post({}, "x"), 307);
  assertEquals(server.seen.length, 1);
  poster.close();
});

Deno.test("an address that may not be reached is not connected to", NEEDS_NET, async () => {
  await using server = served(() => new Response());
  for (
    const [host, ...addresses] of [
      ["127.0.0.1"],
      ["[::1]"],
      ["[::ffff:127.0.0.1]"],
      ["2130706433"],
      ["0x7f.1"],
      ["hook.example.org", "127.0.0.1"],
      ["hook.example.org", "::1"],
      ["hook.example.org", "93.184.216.34", "127.0.0.1"],
    ] as [string, ...string[]][]
  ) {
    for (const scheme of ["http", "https"]) {
      const url = new URL(`${scheme}://${host}:${server.port}/`);
      const poster = new Poster(url, { networks: [], resolve: leadingTo(...addresses) });
      await assertRejects(() => poster.post({}, "x"), ForbiddenAddressError);
      poster.close();
    }
  }
  assertEquals(server.seen, []);
});

Deno.test("a receiver that does not answer is given up", NEEDS_NET, async () => {
  const stuck = Promise.withResolvers<void>();
  await using server = served(async () => {
    await stuck.promise;
    return new Response();
  });
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const poster = new Poster(url, { networks: LOOPBACK, answerMs: 20 });
  await assertRejects(() => poster.post({}, "x"), Error, "No answer within 20 ms");
  stuck.resolve();
  poster.close();
});

Deno.test("of a long answer, no more than a part is read", NEEDS_NET, async () => {
  let sent = 0;
  await using server = served(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent++;
          controller.enqueue(new Uint8Array(65_536));
        },
      }),
    )
  );
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const poster = new Poster(url, { networks: LOOPBACK, answerMs: 2_000 });
  assertEquals(await poster.post({}, "x"), 200);
  assertEquals(sent < 100, true);
  poster.close();
});

Deno.test(
  "a host that has no address, or that nobody answers at, is an error",
  NEEDS_NET,
  async () => {
    const nobody = new Poster(new URL("https://hook.example.org/"), {
      networks: [],
      resolve: leadingTo(),
    });
    await assertRejects(() => nobody.post({}, "x"), Error, "hook.example.org has no address");
    nobody.close();
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = closed.addr as Deno.NetAddr;
    closed.close();
    const poster = new Poster(new URL(`http://127.0.0.1:${port}/`), { networks: LOOPBACK });
    await assertRejects(() => poster.post({}, "x"), Error);
    poster.close();
  },
);

/**
 * Faults put into the server's own parts: the server and all other rooms go on.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Hub } from "../../src/core/hub.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";

/** Replaces a method for as long as the result is not disposed. */
function broken<Part extends object, Method extends keyof Part>(
  part: Part,
  method: Method,
  replace: (original: Part[Method]) => Part[Method],
): Disposable {
  const original = part[method];
  part[method] = replace(original);
  return {
    [Symbol.dispose]: () => {
      part[method] = original;
    },
  };
}

/** Makes the store throw for drafts whose text holds `mark`. */
function brokenAppend(mark: string): Disposable {
  return broken(
    MemoryStore.prototype,
    "append",
    (append) =>
      function (this: MemoryStore, roomId, draft) {
        if ("body" in draft && draft.body.includes(mark)) {
          throw new Error(`Disk on fire at ${mark}`);
        }
        append.call(this, roomId, draft);
      },
  );
}

const INTERNAL = { status: "error", code: "internal", message: "Internal error" };

Deno.test("a store that throws has the author begin anew, and is nothing to anybody else", async () => {
  await using server = new TestChat();
  using _fault = brokenAppend("BOOM");
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const { host: ben, roomId: other } = await server.host1();
  await using _ben = ben;
  await using pia = await server.plain();
  await pia.ask({ action: "join", body: roomId });
  await ana.entry();
  const message = { action: "message", room_id: roomId, body: "BOOM" };
  pia.send(message);
  assertEquals((await pia.closed()).code, 4004);
  await ana.entry();
  ana.send({ ...message, n: 1, body: "still here" });
  const said = await ana.entry();
  assertEquals("body" in said && said.body, "still here");
  const goodbye = await ana.ask({ ...message, n: 2 });
  assertEquals([goodbye.event, goodbye.code], ["goodbye", 4004]);
  assertEquals((await ana.closed()).code, 4004);
  ben.send({ action: "message", room_id: other, n: 1, body: "here too" });
  const elsewhere = await ben.entry();
  assertEquals("body" in elsewhere && elsewhere.body, "here too");
  assertEquals(server.errors.length, 2);
});

for (
  const [what, bodies, stored] of [
    ["a message", ["BOOM"], []],
    ["several messages, in the middle of them", ["one", "BOOM", "three"], ["one"]],
  ] as const
) {
  Deno.test(`a store that fails on ${what} stores none behind it, and the author is told that nobody knows`, async () => {
    await using server = new TestChat();
    const { host: ana, roomId } = await server.host1();
    await using ben = await server.v1();
    await ben.ask({ action: "join", body: roomId });
    {
      using _fault = brokenAppend("BOOM");
      ana.send({ action: "messages", room_id: roomId, n: 1, body: bodies });
      ana.send({ action: "message", room_id: roomId, n: bodies.length + 1, body: "behind it" });
      assertEquals((await ana.closed()).code, 4004);
    }
    await using back = await server.v1({ session: String(ana.welcome.session) });
    assertEquals([back.welcome.resumed, back.welcome.n], [false, 0]);
    ben.send({ action: "message", room_id: roomId, n: 1, body: "the end" });
    const heard: string[] = [];
    while (heard.at(-1) !== "the end") {
      const entry = await ben.entry();
      if ("body" in entry) heard.push(entry.body);
    }
    assertEquals(heard, [...stored, "the end"]);
  });
}

Deno.test("a store that throws for one client does not keep others from being looked after", async () => {
  await using server = new TestChat({ heartbeatMs: 50 });
  const { host: ana } = await server.host1();
  const { host: ben } = await server.host1();
  const { host: cleo } = await server.host1();
  using _fault = brokenAppend(`"away"`);
  for (const socket of [ana, ben, cleo]) assertEquals((await socket.closed()).code, 4001);
});

Deno.test("Chat.close() tells everybody and resolves, also when the store throws", async () => {
  const server = new TestChat();
  const { host: ana } = await server.host1();
  const { host: ben } = await server.host1();
  try {
    using _fault = brokenAppend(`"away"`);
    await server.chat.close();
    for (const socket of [ana, ben]) {
      assertEquals((await socket.next()).code, 1001);
      assertEquals((await socket.closed()).code, 1001);
    }
  } finally {
    await Promise.all([ana.close(), ben.close()]);
    await server.shutdown();
  }
});

Deno.test("a store that cannot make a room says so, or is an internal error", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  const failures: [Error, object][] = [
    [new Error("Disk on fire"), INTERNAL],
    [
      new ChatError("unavailable", "No quorum", { retryAfterMs: 50 }),
      { status: "error", code: "unavailable", message: "No quorum", retry_after_ms: 50 },
    ],
  ];
  for (const [failure, told] of failures) {
    for (
      const failing of [() => Promise.reject(failure), () => {
        throw failure;
      }]
    ) {
      using _create = broken(MemoryStore.prototype, "create", () => failing);
      using _open = broken(MemoryStore.prototype, "open", () => failing);
      for (const action of ["create", "join"]) {
        assertEquals(await ana.ask({ action, body: "Lobby", ref: 5 }), { ...told, ref: 5 });
      }
    }
  }
  assertEquals((await ana.ask({ action: "create", body: "Lobby" })).status, "success");
});

Deno.test("a rule that throws is an internal error for who asked, and the connection goes on", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  {
    using _fault = broken(
      Hub.prototype,
      "receive",
      (receive) =>
        function (this: Hub, peer, frame, t) {
          if (frame.action === "rename") throw new TypeError("Cannot read properties of undefined");
          return receive.call(this, peer, frame, t);
        },
    );
    assertEquals(await ana.ask({ action: "rename", body: "Anna", ref: 1 }), {
      ...INTERNAL,
      ref: 1,
    });
  }
  assertEquals(server.errors.length, 1);
  ana.send({ action: "message", room_id: roomId, body: "still here" });
  const entry = await ana.entry();
  assertEquals("body" in entry && entry.body, "still here");
});

Deno.test("a rule that throws at the end of a connection, or at the clock, ends nothing else", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  {
    using _tick = broken(Hub.prototype, "tick", () => () => {
      throw new Error("No time");
    });
    using _end = broken(Hub.prototype, "disconnect", () => () => {
      throw new Error("No end");
    });
    const ben = await server.v1();
    await ben.close();
    const told = () => server.errors.some(({ fields }) => fields.error === "Error: No time");
    await until(told, "the tick does not throw");
  }
  await ana.silence();
  assert(server.errors.length >= 2);
});

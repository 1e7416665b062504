import { assert, assertEquals } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { ChatClient } from "../../client.ts";
import type { Limits } from "../../src/protocol/frames.ts";
import type { TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode, workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";

/** As little as a server of some operator takes in one message, in bytes. */
const MAX_PAYLOAD = 20_000;

let names = 0;

/** Starts a NATS server with a line of configuration. */
async function natsWith(line: string): Promise<NatsServer> {
  const path = await Deno.makeTempFile({ prefix: "nats-", suffix: ".conf" });
  try {
    await Deno.writeTextFile(path, line);
    return await NatsServer.start(["--config", path]);
  } finally {
    await Deno.remove(path);
  }
}

/** Lines that a node has logged of what NATS did not take. */
function troubles({ log }: TestChat): string[] {
  return log.filter(({ event }) => event === "store troubled")
    .map(({ fields }) => String(fields.error));
}

Deno.test({
  name: "a body over what NATS takes in one message is refused for good, and nothing behind it",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await natsWith(`max_payload: ${MAX_PAYLOAD}`);
    await using node = await workingNode({ hosts: nats.host, name: `t${++names}` });
    const { host: ana, roomId } = await node.host1();
    await using _ana = ana;
    await using late = await node.v1();
    const { body_bytes } = late.welcome.limits as Limits;
    assert(body_bytes < MAX_PAYLOAD && body_bytes > MAX_PAYLOAD / 2, `${body_bytes} bytes`);
    const say = (n: number, body: string) =>
      ana.send({ action: "message", room_id: roomId, n, body });
    say(1, "x".repeat(body_bytes));
    assertEquals((await ana.entry() as { n?: number }).n, 1);
    say(2, "x".repeat(MAX_PAYLOAD));
    const { code, n, retry_after_ms } = await ana.next();
    assertEquals([code, n, retry_after_ms], ["too_large", 2, undefined]);
    // Fewer bytes, but each of them takes six.
    say(2, "\u0001".repeat(body_bytes / 2));
    assertEquals((await ana.next()).code, "too_large");
    say(2, "small");
    const entry = await ana.entry();
    assertEquals("body" in entry && [entry.n, entry.body], [2, "small"]);
    assert(troubles(node).some((error) => error.includes("max_payload")), troubles(node).join());
    assertEquals(node.errors, []);
  },
});

Deno.test({
  name: "an app learns that NATS takes no message of that size, and goes on",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await natsWith(`max_payload: ${MAX_PAYLOAD}`);
    await using node = await workingNode({ hosts: nats.host, name: `t${++names}` });
    await using chat = new ChatClient(node.url);
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    const sends = ["x".repeat(MAX_PAYLOAD), "\u0001".repeat(MAX_PAYLOAD / 4), "small"]
      .map((text) => room.send(text).then(({ seq = 0 }) => seq > 0, () => false));
    assertEquals(await Promise.all(sends), [false, false, true]);
  },
});

Deno.test({
  name: "a node does not work with a NATS that takes next to nothing, and says so",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await natsWith("max_payload: 1000");
    await using node = startNode({ hosts: nats.host, name: `t${++names}` });
    await until(() => node.chat.failure !== undefined, "it says nothing");
    assertEquals(
      node.chat.failure,
      "NATS takes 1000 bytes in a message (max_payload), and 4096 are needed",
    );
  },
});

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

Deno.test({
  name: "a body over what the stream takes is refused for good, and a full stream for a while",
  ...NEEDS_NATS,
  async fn() {
    const name = `t${++names}`;
    await using node = startNode({ hosts: nats?.host ?? "", name });
    const { host: ana, roomId } = await node.host1();
    await using _ana = ana;
    const nc = await connect({ servers: nats?.host ?? "" });
    const { streams } = await jetstreamManager(nc);
    const { config: { max_msg_size, max_bytes, discard } } = await streams.info(name);
    const say = (body: string) => ana.ask({ action: "message", room_id: roomId, n: 1, body });

    await streams.update(name, { max_msg_size: 5_000 });
    assertEquals((await say("x".repeat(6_000))).code, "too_large");
    assert(troubles(node).some((error) => error.includes("size exceeds")), troubles(node).join());
    await streams.update(name, { max_msg_size });

    await streams.update(name, { max_bytes: 10_000, discard: "new" });
    const full = await say("x".repeat(11_000));
    assertEquals([full.code, Number(full.retry_after_ms) > 0], ["unavailable", true]);
    assert(troubles(node).some((error) => error.includes("maximum bytes")), troubles(node).join());
    await streams.update(name, { max_bytes, discard });
    ana.send({ action: "message", room_id: roomId, n: 1, body: "small" });
    assertEquals((await ana.entry() as { n?: number }).n, 1);
    await nc.close();
  },
});

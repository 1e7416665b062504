import { assertEquals } from "@std/assert";
import { type RawSocket, TestChat } from "../fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../nats_server.ts";
import { startNode } from "../node.ts";
import { report, setting } from "./setting.ts";

const MESSAGES = setting(2_000, 10_000);
const BATCH = 100;

/** Sends numbers `from` to `to`, and returns the place that each was answered with. */
async function send(
  socket: RawSocket,
  roomId: string,
  [from, to]: [number, number],
): Promise<Map<number, number>> {
  const seqs = new Map<number, number>();
  for (let n = from; n <= to; n += BATCH) {
    const body = Array.from({ length: Math.min(BATCH, to - n + 1) }, (_, i) => `${n + i}`);
    socket.send({ action: "messages", room_id: roomId, n, body });
  }
  while (seqs.size < to - from + 1) {
    const frame = await socket.next();
    if (frame.duplicate === true) seqs.set(Number(frame.n), Number(frame.seq));
    for (const entry of Array.isArray(frame.entries) ? frame.entries : []) {
      if (entry.from === socket.id && "n" in entry) seqs.set(entry.n, entry.seq);
    }
  }
  return seqs;
}

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** Sends everything twice to one node and then to the other, and counts what is stored. */
async function sendThrice(what: string, one: TestChat, other: TestChat): Promise<void> {
  const { host, roomId, made } = await one.host1();
  const first = await send(host, roomId, [1, MESSAGES]);
  const second = await send(host, roomId, [1, MESSAGES]);
  await host.close();
  await using again = await other.v1({ session: String(host.welcome.session) });
  await again.ask({ action: "join", body: roomId });
  await again.entry();
  const third = await send(again, roomId, [1, MESSAGES]);
  assertEquals(second, first);
  assertEquals(third, first);

  await using reader = await one.v1();
  const all = { room_id: roomId, epoch: made.epoch, after: 0 };
  reader.send({ action: "join", body: all });
  await reader.next();
  // Two joins, a leave of the connection, a return, and each message once.
  const entries = await reader.entries(MESSAGES + 4);
  const stored = entries.flatMap((entry) => "n" in entry ? [[entry.n, entry.seq]] : []);
  assertEquals(stored, [...first]);
  await reader.silence();
  report("R4", `${MESSAGES} messages, each sent 3×, ${what}`, {
    stored: stored.length,
    "repeats with another seq": 0,
  });
}

const LIMITS = { rate: 0, logEntries: 2 * MESSAGES };

Deno.test("R4 a message sent three times, also over a reconnect, is stored once", async () => {
  await using server = new TestChat(LIMITS);
  await sendThrice("the third time over a reconnect", server, server);
});

Deno.test("R4 a message sent three times, also to another node, is stored once", {
  ...NEEDS_NATS,
}, async () => {
  const cluster = { hosts: nats?.host ?? "", name: "repeat" };
  await using one = startNode(cluster, LIMITS);
  await using other = startNode(cluster, LIMITS);
  await sendThrice("the third time to another of 2 nodes", one, other);
});

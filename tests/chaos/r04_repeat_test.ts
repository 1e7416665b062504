import { assert, assertEquals } from "@std/assert";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode } from "../support/node.ts";
import { pause } from "../support/waiting.ts";
import { report, setting } from "./setting.ts";

const MESSAGES = setting(2_000, 10_000);
const BATCH = 100;

/** The wait before it is tried again, in milliseconds. */
const AGAIN_AFTER_MS = 500;

/** The most times that a batch is sent until each of its numbers was answered with a place. */
const MAX_TRIES = 20;

/** Sends all numbers, a batch at a time, and returns the place that each was answered with. */
async function sendAll(socket: RawSocket, roomId: string): Promise<Map<number, number>> {
  const seqs = new Map<number, number>();
  for (let n = 1; n <= MESSAGES; n += BATCH) {
    await sendBatch(socket, roomId, [n, Math.min(n + BATCH - 1, MESSAGES)], seqs);
  }
  return seqs;
}

/**
 * Sends numbers `first` to `last`. What was refused for a while is sent again with all behind it, and
 * so is a repeat whose place cannot be told: NATS did not answer in time, as on a busy machine.
 */
async function sendBatch(
  socket: RawSocket,
  roomId: string,
  [first, last]: [number, number],
  seqs: Map<number, number>,
): Promise<void> {
  let from = first;
  for (let tries = 0; tries < MAX_TRIES && from <= last; tries++) {
    if (tries > 0) await pause(AGAIN_AFTER_MS);
    const body = Array.from({ length: last - from + 1 }, (_, i) => `${from + i}`);
    socket.send({ action: "messages", room_id: roomId, n: from, body });
    const answered = new Set<number>();
    while (answered.size < body.length) {
      const frame = await socket.next();
      const n = Number(frame.n);
      if (frame.status === "error") {
        assert(frame.code === "unavailable" || frame.code === "out_of_order", `${frame.message}`);
        answered.add(n);
      } else if (frame.duplicate === true) {
        if (frame.seq !== undefined) seqs.set(n, Number(frame.seq));
        answered.add(n);
      }
      for (const entry of Array.isArray(frame.entries) ? frame.entries : []) {
        if (entry.from !== socket.id || !("n" in entry)) continue;
        seqs.set(entry.n, entry.seq);
        answered.add(entry.n);
      }
    }
    while (seqs.has(from)) from++;
  }
}

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** Sends everything twice to one node and then to the other, and counts what is stored. */
async function sendThrice(what: string, one: TestChat, other: TestChat): Promise<void> {
  const { host, roomId, made } = await one.host1();
  const first = await sendAll(host, roomId);
  const second = await sendAll(host, roomId);
  await host.close();
  const session = String(host.welcome.session);
  await using again = await other.v1({ session, n: MESSAGES, sent: MESSAGES });
  assertEquals(again.welcome.resumed, true);
  await again.ask({ action: "join", body: roomId });
  const third = await sendAll(again, roomId);
  assertEquals(second, first);
  assertEquals(third, first);

  await using reader = await one.v1();
  const all = { room_id: roomId, epoch: made.epoch, after: 0 };
  await reader.ask({ action: "join", body: all });
  const stored: [n: number, seq: number][] = [];
  for (;;) {
    const entry = await reader.entry();
    if (entry.from === reader.id) break;
    if ("n" in entry) stored.push([entry.n, entry.seq]);
  }
  assertEquals(stored, [...first]);
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
  // As much patience as by default, for a busy machine.
  const times = { probeMs: 1_000, leaseMs: 5_000 };
  await using one = startNode(cluster, { ...LIMITS, ...times });
  await using other = startNode(cluster, { ...LIMITS, ...times });
  await sendThrice("the third time to another of 2 nodes", one, other);
});

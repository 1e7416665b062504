import { assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode } from "../support/node.ts";
import { assertClean } from "./checker.ts";
import { Cast } from "./people.ts";
import { report, setting } from "./setting.ts";

const PUBLISHERS = setting(20, 50);
const MESSAGES = setting(4_000, 20_000);
const LIMITS = { rate: 0, logEntries: 2 * MESSAGES, logBytes: 1e9 };

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** Has everybody say much at once, spread over the nodes, and compares what they all see. */
async function talkAtOnce(nodes: TestChat[]): Promise<void> {
  let turn = 0;
  await using cast = new Cast(() => nodes[turn++ % nodes.length]!.url);
  const people = await cast.fill(PUBLISHERS);
  await cast.talk(people, { count: MESSAGES, perSecond: Infinity });
  const verdict = await cast.verdict(60_000);
  report("R7", `${PUBLISHERS} publishers who all read, ${nodes.length} node(s)`, {
    messages: verdict.messages,
    deliveries: verdict.delivered,
    inversions: verdict.reordered,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
  });
  assertClean(verdict);
  assertEquals(verdict.delivered, MESSAGES * PUBLISHERS);
}

Deno.test("R7 everybody sees what many say at once in the same order", async () => {
  await using server = new TestChat(LIMITS);
  await talkAtOnce([server]);
});

Deno.test("R7 everybody sees what many say at once at two nodes in the same order", {
  ...NEEDS_NATS,
}, async () => {
  const cluster = { hosts: nats?.host ?? "", name: "order" };
  await using one = startNode(cluster, LIMITS);
  await using other = startNode(cluster, LIMITS);
  await talkAtOnce([one, other]);
});

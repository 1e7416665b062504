import { assertEquals } from "@std/assert";
import type { ChatOptions } from "../../src/server/chat.ts";
import { TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode } from "../support/node.ts";
import { type Opponent, play, SERVER_SEQUENCES } from "./server_sequences.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** `log_entries` as the options are called: `logEntries`. */
function optionsOf(settings: Record<string, number>): ChatOptions {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      value,
    ]),
  );
}

function opponent({ host, chat }: TestChat): Opponent {
  return { host, delete: (roomId) => chat.deleteRoom(roomId) };
}

for (const [i, sequence] of SERVER_SEQUENCES.entries()) {
  const { topic, name, settings, nodes } = sequence;
  const options = optionsOf(settings);
  if (nodes === 1) {
    Deno.test(`a server plays ${topic}: ${name}`, async () => {
      await using server = new TestChat(options);
      await play(sequence, [opponent(server)]);
      assertEquals(server.errors, []);
    });
    continue;
  }
  Deno.test({
    name: `${nodes} servers play ${topic}: ${name}`,
    ...NEEDS_NATS,
    fn: async () => {
      const cluster = { hosts: nats?.host ?? "", name: `sequence${i}` };
      await using all = new AsyncDisposableStack();
      const servers = Array.from({ length: nodes }, () => all.use(startNode(cluster, options)));
      await play(sequence, servers.map(opponent));
      assertEquals(servers.flatMap(({ errors }) => errors), []);
    },
  });
}

Deno.test("the sequences show every topic, each under a name of its own", () => {
  const topics = new Set(SERVER_SEQUENCES.map(({ topic }) => topic));
  const wanted = ["numbers", "refusals", "resume", "nodes", "takeover", "gaps", "limits"];
  assertEquals(wanted.filter((topic) => !topics.has(topic)), []);
  assertEquals(new Set(SERVER_SEQUENCES.map(({ name }) => name)).size, SERVER_SEQUENCES.length);
});

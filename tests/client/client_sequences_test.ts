import { assertEquals } from "@std/assert";
import { CLIENT_SEQUENCES, play } from "./client_sequences.ts";

for (const sequence of CLIENT_SEQUENCES) {
  Deno.test(`the client plays ${sequence.topic}: ${sequence.name}`, () => play(sequence));
}

Deno.test("the sequences for clients show what can go wrong, each under a name of its own", () => {
  const topics = new Set(CLIENT_SEQUENCES.map(({ topic }) => topic));
  const wanted = ["numbers", "refusals", "resume", "nodes", "takeover", "gaps", "liveness"];
  assertEquals(wanted.filter((topic) => !topics.has(topic)), []);
  assertEquals(new Set(CLIENT_SEQUENCES.map(({ name }) => name)).size, CLIENT_SEQUENCES.length);
});

import { assertEquals } from "@std/assert";
import type { StreamMessage } from "../../../src/store/jetstream/link/stream_message.ts";
import { NodeBus } from "../../../src/store/jetstream/node_bus.ts";
import { pure } from "../../support/pure.ts";

pure("what one node says all hear, itself included, with the same values", () => {
  const listeners: [string, (message: StreamMessage) => void][] = [];
  const link = {
    subject: (kind: string, of: string) => `${kind}.${of}`,
    say: (subject: string, text: string) => {
      const message = {
        seq: 0,
        before: 0,
        id: "",
        node: "",
        by: "",
        about: "",
        remains: "",
        position: undefined,
        text,
      };
      for (const [known, heard] of listeners) if (known === subject) heard(message);
    },
    listen: (subject: string, heard: (message: StreamMessage) => void) => {
      listeners.push([subject, heard]);
      return () => {};
    },
  };
  const words: unknown[][] = [];
  const heard = (word: string) => (...of: unknown[]) => void words.push([word, ...of]);
  for (const node of ["a", "b"]) {
    new NodeBus(node, link).listen({
      alive: heard("alive"),
      taken: heard("taken"),
      left: heard("left"),
      read: heard("read"),
      revoked: heard("revoked"),
      deleted: heard("deleted"),
    });
  }
  const bus = new NodeBus("a", link);
  bus.say("alive", 1.5);
  bus.say("taken", "ana", 7, false);
  bus.say("taken", "ana", 8, true);
  bus.say("left", "ana", 7, 0);
  bus.say("left", "ana", 7, undefined);
  bus.say("read", "é %20 x", "k7q2", "e", 9);
  bus.say("revoked", "ana 2", 1_800_000_000_000);
  bus.say("deleted", "k7q2", "e");
  const said = [
    ["alive", "a", 1.5],
    ["taken", "a", "ana", 7, false],
    ["taken", "a", "ana", 8, true],
    ["left", "a", "ana", 7, 0],
    ["left", "a", "ana", 7, undefined],
    ["read", "a", "é %20 x", "k7q2", "e", 9],
    ["revoked", "a", "ana 2", 1_800_000_000_000],
    ["deleted", "a", "k7q2", "e"],
  ];
  assertEquals(words, said.flatMap((word) => [word, word]));
});

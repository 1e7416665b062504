import { assertEquals } from "@std/assert";
import { Handovers } from "../../../src/store/jetstream/handovers.ts";
import { pure } from "../../support/pure.ts";

/** Makes the handovers of a node, and keeps what it says to all nodes. */
function handovers(): { said: string[]; nodes: Handovers } {
  const said: string[] = [];
  const nodes = new Handovers({ say: (word, ...of) => void said.push([word, ...of].join(" ")) });
  return { said, nodes };
}

pure(
  "Handovers.ask() says who is here and resolves with the answer, whoever else answers",
  async () => {
    const { said, nodes } = handovers();
    const asked = nodes.ask("ana", 4, "east", 10_000);
    assertEquals(said, ["taken ana 4 false"]);
    nodes.answered("east", "ben", 4, 1);
    nodes.answered("east", "ana", 3, 2);
    // Where it was earlier, and which has not heard that it went on.
    nodes.answered("west", "ana", 4, 3);
    nodes.answered("east", "ana", 4, 7);
    nodes.answered("east", "ana", 4, 8);
    assertEquals(await asked, 7);
    nodes.answered("east", "ana", 4, 9);
  },
);

pure("Handovers.ask() waits no longer than it may", async () => {
  const { nodes } = handovers();
  assertEquals(await nodes.ask("ana", 4, "east", 0), undefined);
});

pure("Handovers.answer() says what is stored when that is known", async () => {
  const { said, nodes } = handovers();
  const stored = Promise.withResolvers<number | undefined>();
  const answering = nodes.answer("ana", 4, stored.promise);
  assertEquals(said, []);
  stored.resolve(7);
  await answering;
  await nodes.answer("ben", 5, Promise.resolve(undefined));
  assertEquals(said, ["left ana 4 7", "left ben 5 "]);
});

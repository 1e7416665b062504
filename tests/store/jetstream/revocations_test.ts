import { assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../../src/protocol/errors.ts";
import type { PublishOptions, PublishOutcome } from "../../../src/store/jetstream/link/publish.ts";
import { JetStreamRevocations } from "../../../src/store/jetstream/revocations.ts";
import { pure } from "../../support/pure.ts";

/** A stream with one record, as nodes see it; each has what it heard and said. */
class Scene {
  record: { seq: number; text: string; at: number } | undefined;
  /** Outcomes of the next attempts to write, instead of those by the rules. */
  readonly outcomes: PublishOutcome[] = [];
  #seq = 0;

  readonly link = {
    subject: (kind: string, of: string) => `${kind}.${of}`,
    last: () => Promise.resolve(this.record),
    publish: (
      _: string,
      text: string,
      { expectedLastSeq }: PublishOptions = {},
    ): Promise<PublishOutcome> => {
      const outcome = this.outcomes.shift();
      if (outcome !== undefined) return Promise.resolve(outcome);
      if (expectedLastSeq !== (this.record?.seq ?? 0)) {
        return Promise.resolve({ type: "overtaken" });
      }
      this.record = { seq: ++this.#seq, text, at: 0 };
      return Promise.resolve({ type: "stored", seq: this.#seq, duplicate: false });
    },
  };

  node() {
    const heard: [string, number][] = [];
    const said: [string, number][] = [];
    const revocations = new JetStreamRevocations({
      link: this.link,
      ready: () => Promise.resolve(),
      say: (...word) => void said.push(word),
      heard: (...word) => void heard.push(word),
    });
    return { revocations, heard, said };
  }
}

pure("a revocation is kept for all nodes, and each is told once", async () => {
  const scene = new Scene();
  const [a, b] = [scene.node(), scene.node()];
  await a.revocations.revoke("eve", 6_000, 1_000);
  await b.revocations.read();
  b.revocations.hear("eve", 6_000);
  b.revocations.hear("eve", 5_000);
  await b.revocations.read();
  await a.revocations.read();
  assertEquals([a.said, a.heard, b.heard], [[["eve", 6_000]], [], [["eve", 6_000]]]);
  assertEquals([...b.revocations.revoked()], []);
});

pure("nodes that revoke at the same time lose nothing, and forget what is over", async () => {
  const scene = new Scene();
  const [a, b] = [scene.node(), scene.node()];
  await a.revocations.revoke("old", 500, 0);
  scene.outcomes.push({ type: "overtaken" });
  await Promise.all([
    a.revocations.revoke("eve", 6_000, 1_000),
    b.revocations.revoke("mallory", 7_000, 1_000),
  ]);
  await b.revocations.revoke("eve", 2_000, 1_000);
  assertEquals(
    new Map(JSON.parse(scene.record!.text)),
    new Map([["eve", 6_000], ["mallory", 7_000]]),
  );
});

pure("what cannot be kept is refused for now, and a lost record is written again", async () => {
  const scene = new Scene();
  const { revocations } = scene.node();
  await revocations.revoke("eve", 6_000, 0);
  scene.outcomes.push({ type: "unknown", reason: "No answer" });
  const refused = () => revocations.revoke("ben", 6_000, 0);
  assertEquals((await assertRejects(refused, ChatError)).code, "unavailable");
  scene.record = undefined;
  await revocations.read();
  assertEquals(JSON.parse((scene.record as unknown as { text: string }).text), [["eve", 6_000]]);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientDirectory } from "../../../src/store/jetstream/client_directory.ts";
import type { StoredMessage } from "../../../src/store/jetstream/link/link.ts";
import { FailureDetector } from "../../../src/store/cluster/failure_detector.ts";
import { PublishQueue } from "../../../src/store/cluster/publish_queue.ts";
import type { PublishOptions, PublishOutcome } from "../../../src/store/jetstream/link/publish.ts";
import { pure } from "../../support/pure.ts";

/** A stream that keeps the newest message of each subject, and answers when it is told to. */
class Stream {
  readonly kept = new Map<string, StoredMessage>();
  /** The gate that answers wait for from now on. */
  gate: Promise<void> = Promise.resolve();
  /** Set where what is published is stored without an answer. */
  mute = false;
  /** Holds what is published back on its way. */
  way: Promise<void> = Promise.resolve();
  #seq = 0;

  subject(kind: string, of: string): string {
    return `${kind}.${of}`;
  }

  async last(subject: string): Promise<StoredMessage | undefined> {
    const kept = this.kept.get(subject);
    await this.gate;
    return kept;
  }

  async publish(
    subject: string,
    text: string,
    { expectedLastSeq }: PublishOptions = {},
  ): Promise<PublishOutcome> {
    await this.way;
    if (expectedLastSeq !== (this.kept.get(subject)?.seq ?? 0)) return { type: "overtaken" };
    const seq = ++this.#seq;
    this.kept.set(subject, { seq, text, at: 0 });
    await this.gate;
    if (this.mute) return { type: "unknown", reason: "No answer" };
    return { type: "stored", seq, duplicate: false };
  }

  purge(subject: string, seq = Infinity): Promise<void> {
    if ((this.kept.get(subject)?.seq ?? 0) <= seq) this.kept.delete(subject);
    return Promise.resolve();
  }
}

/** The answer of the node where a client was, if there is one. */
type Answer = number | undefined;

const SILENT = { n: undefined };

function directoryOf(
  node: string,
  link: Stream,
  answer: { n: Answer } | { promise: Promise<Answer> } = { n: 5 },
  taken: string[] = [],
  detector = new FailureDetector(node, { probeMs: 1_000, leaseMs: 5_000 }),
): ClientDirectory {
  const never = () => {
    throw new Error("Nothing is said here");
  };
  return new ClientDirectory(node, {
    graceMs: 1_000,
    link,
    detector,
    queue: new PublishQueue({
      denied: never,
      isOpen: never,
      isHere: never,
      publish: never,
      find: never,
      repeated: never,
      refused: never,
    }),
    handovers: { ask: () => "n" in answer ? Promise.resolve(answer.n) : answer.promise },
    taken: (id, mayBeHere) => void taken.push(mayBeHere ? `${id} perhaps` : id),
  });
}

/** Ana, who is at another node, and the clients of this one. */
async function anaElsewhere(
  answer?: { n: Answer } | { promise: Promise<Answer> },
): Promise<{ stream: Stream; here: ClientDirectory }> {
  const stream = new Stream();
  const there = directoryOf("there", stream);
  there.remember("ana", "Ana", 0);
  await there.written();
  return { stream, here: directoryOf("here", stream, answer) };
}

const ANA = { id: "ana", name: "Ana", n: 5, doubtUpTo: 0 };

/** Somebody who comes back, and says nothing of its messages. */
const BACK = { isHere: () => true };

pure("a client that comes from another node is at this one from then on", async () => {
  const { here } = await anaElsewhere();
  assertEquals([await here.isHere("ana"), here.claimOf("ana")], [false, 0]);
  assertEquals(await here.recall("ana", BACK, 0), ANA);
  assertEquals([await here.isHere("ana"), here.claimOf("ana")], [true, 2]);
  assertEquals(await here.recall("ana", BACK, 0), undefined);
});

pure("what is forgotten of a client while it comes back does not undo its coming", async () => {
  const { stream, here } = await anaElsewhere();
  const gate = Promise.withResolvers<void>();
  const recalled = here.recall("ana", BACK, 0);
  stream.gate = gate.promise;
  while (!stream.kept.get("client.ana")?.text.includes(`"here"`)) await Promise.resolve();
  here.forget("ana");
  gate.resolve();
  assertEquals(await recalled, ANA);
  await here.written();
  assertEquals([here.has("ana"), await here.isHere("ana")], [true, true]);
});

pure("a client that says hello twice at once is taken over once", async () => {
  const { here } = await anaElsewhere();
  const recalled = [here.recall("ana", BACK, 0), here.recall("ana", BACK, 0)];
  assertEquals(await Promise.all(recalled), [ANA, undefined]);
  assertEquals([await here.isHere("ana"), here.claimOf("ana")], [true, 3]);
});

pure("a client that comes back once more while it is taken over is asked again", async () => {
  const { stream, here } = await anaElsewhere(SILENT);
  const gate = Promise.withResolvers<void>();
  stream.gate = gate.promise;
  const gone = here.recall("ana", { isHere: () => false, n: 6, sent: 9 }, 0);
  const back = here.recall("ana", { isHere: () => true, n: 8, sent: 9 }, 0);
  gate.resolve();
  await assertRejects(() => gone, Error, "Client ana has gone again");
  assertEquals(await back, { ...ANA, n: 8, doubtUpTo: 9 });
});

pure("a client that another node takes over while it is asked for is not here", async () => {
  const asked = Promise.withResolvers<Answer>();
  const { here } = await anaElsewhere(asked);
  const late = here.recall("ana", BACK, 0);
  while (here.claimOf("ana") === 0) await Promise.resolve();
  const handedOver = here.handOver("ana");
  asked.resolve(5);
  await assertRejects(() => late, Error, "Client ana has come in elsewhere");
  assertEquals([await handedOver, here.has("ana")], [5, false]);
});

pure("a client that is here already goes on from its own word where that may be so", async () => {
  const { here } = await anaElsewhere(SILENT);
  assertEquals(await here.recall("ana", { ...BACK, n: 6, sent: 9 }, 0), {
    ...ANA,
    n: 6,
    doubtUpTo: 9,
  });
  assertEquals(await here.recall("ana", { ...BACK, n: 8, sent: 9 }, 0), undefined);
  assertEquals(here.admitOnProbation("ana", BACK).n, 8);
});

pure("a client that comes while it is asked where it is is here", async () => {
  const { stream, here } = await anaElsewhere();
  const gate = Promise.withResolvers<void>();
  stream.gate = gate.promise;
  const isHere = here.isHere("ana");
  stream.gate = Promise.resolve();
  await here.recall("ana", BACK, 0);
  gate.resolve();
  assertEquals(await isHere, true);
});

pure(
  "a client that another node is faster to take over is not found, and may try again",
  async () => {
    const { stream, here } = await anaElsewhere();
    const third = directoryOf("third", stream);
    const gate = Promise.withResolvers<void>();
    stream.gate = gate.promise;
    const late = here.recall("ana", BACK, 0);
    stream.gate = Promise.resolve();
    assertEquals(await third.recall("ana", BACK, 0), ANA);
    gate.resolve();
    await assertRejects(() => late, Error, "Client ana cannot be taken over");
    assert(!here.has("ana"));
    assertEquals(await here.recall("ana", BACK, 0), ANA);
    assertEquals([await third.isHere("ana"), await here.isHere("ana")], [false, true]);
  },
);

pure("a client whose taking over got no answer is found when it tries again", async () => {
  const { stream, here } = await anaElsewhere();
  stream.mute = true;
  await assertRejects(
    () => here.recall("ana", BACK, 0),
    Error,
    "Client ana cannot be taken over",
  );
  stream.mute = false;
  assertEquals(await here.recall("ana", BACK, 0), ANA);
  assertEquals([await here.isHere("ana"), here.claimOf("ana")], [true, 3]);
});

pure("a client whose node does not answer goes on from its own word, and not without", async () => {
  const { stream, here } = await anaElsewhere(SILENT);
  assertEquals(await here.recall("ana", { ...BACK, n: 7, sent: 9 }, 0), {
    ...ANA,
    n: 7,
    doubtUpTo: 9,
  });
  const third = directoryOf("third", stream, SILENT);
  assertEquals(await third.recall("ana", BACK, 0), undefined);
  await third.written();
  assertEquals([third.has("ana"), stream.kept.has("client.ana")], [false, false]);
});

pure("a node that ends writes down what is stored, and nobody has to answer", async () => {
  const { stream, here } = await anaElsewhere();
  await here.recall("ana", BACK, 0);
  here.leave(0);
  await here.written();
  const third = directoryOf("third", stream, SILENT);
  assertEquals(await third.recall("ana", BACK, 0), ANA);
  // What it came by itself with is not known for certain, and not written either.
  const { stream: other, here: doubtful } = await anaElsewhere(SILENT);
  await doubtful.recall("ana", { ...BACK, n: 7 }, 0);
  doubtful.leave(0);
  await doubtful.written();
  assertEquals(await directoryOf("third", other, SILENT).recall("ana", BACK, 0), undefined);
});

pure(
  "a client that another node asks for while it is coming is handed over afterwards",
  async () => {
    const { stream, here } = await anaElsewhere();
    const gate = Promise.withResolvers<void>();
    const recalled = here.recall("ana", BACK, 0);
    stream.gate = gate.promise;
    const handedOver = here.handOver("ana");
    gate.resolve();
    assertEquals([await recalled, await handedOver], [ANA, 5]);
  },
);

pure("who is back at its node is not taken over for a connection before that", async () => {
  const stream = new Stream();
  const there = directoryOf("there", stream);
  there.remember("ana", "Ana", 0);
  await there.written();
  const here = directoryOf("here", stream);
  const way = Promise.withResolvers<void>();
  stream.way = way.promise;
  const late = here.recall("ana", BACK, 0);
  while (here.claimOf("ana") === 0) await Promise.resolve();
  stream.way = Promise.resolve();
  assertEquals(await there.recall("ana", BACK, 0), undefined);
  way.resolve();
  await assertRejects(() => late, Error, "Client ana cannot be taken over");
  assertEquals([await there.isHere("ana"), await here.isHere("ana")], [true, false]);
});

pure(
  "a client that was elsewhere unnoticed, at a node that is gone, is not who it was here",
  async () => {
    const stream = new Stream();
    const taken: string[] = [];
    const detector = new FailureDetector("here", { probeMs: 1_000, leaseMs: 5_000 });
    const here = directoryOf("here", stream, { n: 5 }, taken, detector);
    here.remember("ana", "Ana", 0);
    await here.written();
    assertEquals(await directoryOf("there", stream).recall("ana", BACK, 0), ANA);
    // This node hears itself all the time, and nothing of the other one.
    for (let now = 0; now <= 10_000; now += 1_000) detector.heard("here", now, now);
    assertEquals(await here.recall("ana", BACK, 10_000), undefined);
    assertEquals(taken, ["ana perhaps"]);
  },
);

pure("a client that is let in while nobody can be asked goes on from its own word", async () => {
  const { here } = await anaElsewhere();
  await here.recall("ana", BACK, 0);
  assertEquals(here.admitOnProbation("ana", BACK), { ...ANA, doubtUpTo: Infinity });
  assertEquals(here.onProbation, []);
  const back = { ...BACK, n: 6, sent: 8 };
  assertEquals(here.admitOnProbation("ana", back), { ...ANA, n: 6, doubtUpTo: 8 });
  const newer = { ...back };
  here.admitOnProbation("ana", newer);
  here.asked("ana", back);
  assertEquals([here.onProbation, here.isOnProbation("ana")], [[["ana", newer]], true]);
  here.asked("ana", newer);
  assertEquals([here.onProbation, here.isOnProbation("ana")], [[], false]);
});

pure("nothing is said of a client that was let in before it was asked for", async () => {
  const { stream, here } = await anaElsewhere();
  await here.recall("ana", BACK, 0);
  here.admitOnProbation("ana", { ...BACK, n: 6, sent: 6 });
  const { seq } = stream.kept.get("client.ana")!;
  here.tick(1e9);
  here.leave(1e9);
  await here.written();
  assertEquals(stream.kept.get("client.ana")!.seq, seq);
  await assertRejects(() => here.isHere("ana"), Error, "Client ana was not asked for yet");
  here.forget("ana");
  assertEquals(here.isOnProbation("ana"), false);
});

pure(
  "a client whose connection has gone while it was looked for is not taken over for it",
  async () => {
    const { stream, here } = await anaElsewhere();
    const gone = { isHere: () => false };
    await assertRejects(() => here.recall("ana", gone, 0), Error, "Client ana has gone again");
    assertEquals([here.has("ana"), await here.isHere("ana")], [false, false]);
    assertEquals(stream.kept.get("client.ana")?.text.includes("there"), true);
  },
);

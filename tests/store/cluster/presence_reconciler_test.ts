import { assertEquals } from "@std/assert";
import { AnnouncedPresence } from "../../../src/store/cluster/announced_presence.ts";
import { PresenceReconciler } from "../../../src/store/cluster/presence_reconciler.ts";
import { pure } from "../../support/pure.ts";

const ANA = { from: "ana", name: "Ana" };

/** A room to which ana was announced, a reconciler, and what comes of it. */
class Bench {
  readonly room = { id: "a", announced: new AnnouncedPresence("me") };
  readonly done: string[] = [];
  readonly answers: PromiseWithResolvers<boolean>[] = [];
  readonly reconciler = new PresenceReconciler({
    isHere: () => {
      const answer = Promise.withResolvers<boolean>();
      this.answers.push(answer);
      return answer.promise;
    },
    announce: ({ id }, { event, from, name }) =>
      this.done.push(`${id}: ${from} (${name}) ${event}`),
    taken: (from, roomId) => this.done.push(`${roomId}: ${from} taken`),
  });

  constructor() {
    this.room.announced.announce({ event: "join", ...ANA });
  }

  decide(): Promise<void> {
    return this.reconciler.decide(this.room, ANA);
  }

  /** Asks where she is, and answers after something else has happened. */
  async answered(isHere: boolean, meanwhile = () => {}): Promise<void> {
    const decided = this.decide();
    meanwhile();
    this.answers.at(-1)!.resolve(isHere);
    await decided;
  }
}

pure("somebody of whom two nodes tell is told of again by the one where it is", async () => {
  const bench = new Bench();
  await bench.answered(true);
  assertEquals(bench.done, ["a: ana (Ana) back"]);
});

pure("somebody of whom two nodes tell is given up by the one where it is not", async () => {
  const bench = new Bench();
  await bench.answered(false);
  assertEquals(bench.done, ["a: ana taken"]);
  assertEquals(bench.room.announced.has("ana"), false);
});

for (const event of ["leave", "away"] as const) {
  for (const isHere of [true, false]) {
    const answer = isHere ? "here" : "elsewhere";
    pure(
      `nothing is told any more of a ${event} that comes before the answer "${answer}"`,
      async () => {
        const bench = new Bench();
        await bench.answered(isHere, () => bench.room.announced.announce({ event, ...ANA }));
        assertEquals(bench.done, []);
      },
    );
  }
}

pure("where somebody is is asked once at a time, and again when nobody knew", async () => {
  const bench = new Bench();
  const decided = bench.decide();
  await bench.decide();
  assertEquals(bench.answers.length, 1);
  bench.answers[0]!.reject(new Error("No answer in time"));
  await decided;
  await bench.answered(true);
  assertEquals(bench.done, ["a: ana (Ana) back"]);
});

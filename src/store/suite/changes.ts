/**
 * Tests of stores that let messages be changed: a model says what becomes of each message.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import type { StoredRoom } from "../../core/store/store.ts";
import type { ChangeParts, ClientDraft, MessageNow } from "../../protocol/frames.ts";
import { entriesOf, type StoreBench, textsOf } from "./bench.ts";
import type { Declare, StoreTraits } from "./suite.ts";

/** The steps of the random story, and its seeds. */
const STEPS = 120;
const SEEDS = [1, 2, 3];

const PEOPLE = ["ana", "ben", "cleo"];
const REACTIONS = ["👍", "+1", "\u0000"];

/** A message as it should be. */
interface Told {
  from: string;
  body: string;
  edited: boolean;
  redacted: boolean;
  reactions: Map<string, Set<string>>;
  replies: number;
  last: number;
}

/** A model of a room, which says things in a store and knows what comes of them. */
class Model {
  readonly messages = new Map<number, Told>();
  /** The texts that were redacted. */
  readonly gone: string[] = [];
  readonly #bench: StoreBench;
  readonly #numbers = new Map<string, number>();
  #words = 0;

  constructor(bench: StoreBench) {
    this.#bench = bench;
  }

  /** Says something; returns the code of its refusal, or its `seq`. */
  async say(from: string, what: { re?: number } | ChangeParts): Promise<string | number> {
    const n = (this.#numbers.get(from) ?? 0) + 1;
    const isChange = Object.keys(what).some((field) => field !== "re");
    const body = `word${++this.#words}.`;
    const draft = { at: 1, from, n, name: undefined, ...(isChange ? {} : { body }), ...what };
    const report = await this.#bench.append("a", draft as ClientDraft);
    if (report.type === "refused") return report.error.code;
    this.#numbers.set(from, n);
    const room = await this.#bench.store.open("a");
    const seq = room!.log.head;
    if (!isChange) {
      const fresh = { from, body, edited: false, redacted: false, replies: 0, last: seq };
      this.messages.set(seq, { ...fresh, reactions: new Map() });
    }
    this.#follow(seq, from, what);
    return seq;
  }

  /** A text for an edit, which no other has. */
  word(): string {
    return `word${++this.#words}.`;
  }

  /** The states that the store should tell. */
  nows(after: number): Map<number, MessageNow> {
    const touched = [...this.messages].filter(([seq, { last }]) => seq > after && last > seq);
    return new Map(touched.map(([seq, { body, edited, redacted, reactions, replies, last }]) => {
      const counts = [...reactions].map(([name, { size }]) => [name, size]);
      return [seq, {
        seq: last,
        ...(edited && !redacted ? { body, edited_at: 1 } : {}),
        ...(redacted ? { redacted } : {}),
        ...(counts.length > 0 ? { reactions: Object.fromEntries(counts) } : {}),
        ...(replies > 0 ? { replies } : {}),
      }];
    }));
  }

  #follow(seq: number, from: string, what: { re?: number } & Partial<ChangeParts>): void {
    const { re = 0, edit, redact, react, unreact } = what;
    const target = this.messages.get(re);
    if (target === undefined) return;
    target.last = seq;
    if (edit !== undefined) {
      this.#texts(re).push(edit);
      Object.assign(target, { body: edit, edited: true });
    } else if (redact) {
      this.gone.push(target.body, ...this.#texts(re));
      target.redacted = true;
      target.reactions.clear();
    } else if (react !== undefined) {
      target.reactions.set(react, (target.reactions.get(react) ?? new Set()).add(from));
    } else if (unreact !== undefined) {
      const people = target.reactions.get(unreact);
      people?.delete(from);
      if (people?.size === 0) target.reactions.delete(unreact);
    } else target.replies++;
  }

  readonly #edits = new Map<number, string[]>();

  #texts(seq: number): string[] {
    const texts = this.#edits.get(seq) ?? [this.messages.get(seq)!.body];
    this.#edits.set(seq, texts);
    return texts;
  }
}

/** The states that a room tells, from `after` on. */
function nowsOf(room: StoredRoom, after: number): Map<number, MessageNow> {
  const nows = room.states!.nows(after, room.log.head);
  return new Map(
    [...nows].filter(([seq]) => seq > after).map(([seq, now]) => [seq, JSON.parse(now)]),
  );
}

/** Sorts reactions, whose order says nothing. */
function sorted(nows: Map<number, MessageNow>): unknown {
  return [...nows].sort(([a], [b]) => a - b).map(([seq, { reactions = {}, ...now }]) => [
    seq,
    now,
    Object.entries(reactions).sort(([a], [b]) => a < b ? -1 : 1),
  ]);
}

/** Declares the tests. */
export function testChanges(test: Declare, { durable }: StoreTraits): void {
  for (const seed of SEEDS) {
    test(`messages become what their changes add up to, by seed ${seed}`, async (bench) => {
      if (!bench.store.changes) return;
      let state = seed;
      const below = (most: number) => {
        state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
        return (state >>> 16) % most;
      };
      let room = await bench.store.create("a", "Lobby");
      const model = new Model(bench);
      for (const person of PEOPLE) bench.store.clients?.remember(person, undefined);
      let refused = 0;
      for (let step = 0; step < STEPS; step++) {
        const from = PEOPLE[below(3)]!;
        const re = Math.max(1, room.log.head - below(10));
        const reaction = REACTIONS[below(3)]!;
        const kinds = [
          {},
          { re },
          { re, edit: model.word() },
          { re, redact: true as const },
          { re, react: reaction },
          { re, unreact: reaction },
        ];
        const said = await model.say(from, step === 0 ? {} : kinds[below(kinds.length)]!);
        ok(said !== "out_of_order");
        if (typeof said === "string") refused++;
        if (durable && step === STEPS >> 1) {
          await bench.reopen();
          for (const person of PEOPLE) await bench.known(person);
          room = (await bench.store.open("a"))!;
        }
      }
      const { tail } = room.log;
      deepStrictEqual(sorted(nowsOf(room, tail)), sorted(model.nows(tail)));
      ok(
        model.gone.length > 0 && refused > 0 && refused < STEPS * 3 / 4,
        `${refused} were refused`,
      );
      const kept = textsOf(room).join();
      deepStrictEqual(model.gone.filter((text) => kept.includes(`"${text}"`)), []);
      if (!durable) return;
      await bench.reopen();
      const again = (await bench.store.open("a"))!;
      deepStrictEqual(sorted(nowsOf(again, tail)), sorted(model.nows(tail)));
      deepStrictEqual(entriesOf(again), entriesOf(room));
    });
  }

  test("a change that cannot be is refused with its code, and uses no number", async (bench) => {
    if (!bench.store.changes) return;
    const room = await bench.store.create("a", "Lobby", "ana");
    const model = new Model(bench);
    const seq = Number(await model.say("ben", {}));
    const other = Number(await model.say("ana", {}));
    deepStrictEqual(await model.say("ben", { re: seq + 9, edit: "x" }), "message_not_found");
    deepStrictEqual(await model.say("ana", { re: seq, edit: "x" }), "forbidden");
    deepStrictEqual(await model.say("ben", { re: other, redact: true }), "forbidden");
    deepStrictEqual(await model.say("ben", { re: seq, unreact: "x" }), "unchanged");
    for (let i = 0; i < 32; i++) await model.say("ben", { re: seq, react: `${i}` });
    deepStrictEqual(await model.say("ana", { re: seq, react: "x" }), "too_many_reactions");
    deepStrictEqual(await model.say("ben", { re: seq, react: "1" }), "unchanged");
    // Ana has made the room, and may take back what others say.
    deepStrictEqual(typeof await model.say("ana", { re: seq, redact: true }), "number");
    deepStrictEqual(await model.say("ben", { re: seq, edit: "x" }), "message_redacted");
    deepStrictEqual(sorted(nowsOf(room, 0)), sorted(model.nows(0)));
  });

  test("a message, its edit and its redaction may come in one turn", async (bench) => {
    if (!bench.store.changes) return;
    const room = await bench.store.create("a", "Lobby");
    const author = { at: 1, from: "ana", name: undefined };
    const re = room.log.head + 1;
    bench.store.append("a", { ...author, n: 1, body: "secret" });
    bench.store.append("a", { ...author, n: 2, re, edit: "secret again" });
    bench.store.append("a", { ...author, n: 3, re, redact: true });
    bench.store.append("a", { ...author, n: 4, re, edit: "once more" });
    bench.store.append("a", { ...author, n: 5, body: "comes behind a refused one" });
    await bench.reported(5);
    const codes = bench.reports.map((report) => report.type === "refused" && report.error.code);
    deepStrictEqual(codes, [false, false, false, "message_redacted", "out_of_order"]);
    ok(!textsOf(room).join().includes("secret"));
    deepStrictEqual([...nowsOf(room, 0).values()], [{ seq: re + 2, redacted: true }]);
  });
}

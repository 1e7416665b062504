import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Batches } from "../../../src/core/log/batches.ts";
import { LoggedStates } from "../../../src/core/log/logged_states.ts";
import { changeDenial, encodeNow, withNow } from "../../../src/core/log/message_states.ts";
import { Log } from "../../../src/core/log/log.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";
import type { ChangeParts, ClientDraft, MessageNow } from "../../../src/protocol/frames.ts";
import { pure } from "../../support/pure.ts";

/** A log with its states, into which people say things. */
class Scene {
  readonly log: Log;
  readonly states: LoggedStates;

  constructor(logEntries = 1_000, logBytes = 1_048_576) {
    this.log = new Log("e", { logEntries, logBytes });
    this.states = new LoggedStates(this.log);
  }

  /** Says something, and returns its `seq`, or the code of its refusal. */
  say(from: string, what: string | ChangeParts, re?: number): number | string {
    const author = { at: 1, from, n: 1, name: undefined };
    const draft: ClientDraft = typeof what === "string"
      ? { ...author, body: what, ...(re === undefined ? {} : { re }) }
      : { ...author, ...what };
    if (typeof what !== "string") {
      const target = this.states.target(what.re);
      const denied = changeDenial({ ...author, ...what }, target, "room");
      if (denied !== undefined) return denied.code;
    }
    const seq = this.log.head + 1;
    this.log.push(seq, encodeEntry(seq, draft));
    if (draft.re !== undefined) this.states.take(seq, draft);
    return seq;
  }

  now(seq: number): MessageNow | undefined {
    const now = this.states.nows(seq - 1, seq).get(seq);
    return now === undefined ? undefined : JSON.parse(now);
  }

  get text(): string {
    return this.log.size === 0 ? "" : this.log.after(this.log.tail, Infinity).text;
  }
}

pure("a message is what the newest edit says, with its reactions and the number of answers", () => {
  const scene = new Scene();
  scene.say("ana", "helo");
  assertEquals(scene.now(1), undefined);
  scene.say("ana", { re: 1, edit: "hello" });
  scene.say("ana", { re: 1, edit: "hello!" });
  for (const from of ["ana", "ben"]) scene.say(from, { re: 1, react: "👍" });
  scene.say("ben", { re: 1, react: "+1" });
  scene.say("ben", { re: 1, unreact: "+1" });
  scene.say("ben", "hi", 1);
  const body = "hello!";
  assertEquals(scene.now(1), { seq: 8, body, edited_at: 1, reactions: { "👍": 2 }, replies: 1 });
  assertEquals(scene.now(8), undefined);
});

pure("a redaction takes the text and all edits from the log, and what was said about them", () => {
  const scene = new Scene();
  scene.say("ana", "the secret");
  scene.say("ana", { re: 1, edit: "the secret again €€€" });
  scene.say("ben", { re: 1, react: "👍" });
  scene.say("ana", { re: 1, edit: "a secret" });
  scene.say("ben", "what?", 1);
  const length = new TextEncoder().encode(scene.text).length;
  scene.say("ana", { re: 1, redact: true, reason: "wrong room" });
  assertEquals(scene.text.includes("secret"), false);
  assertEquals(scene.now(1), { seq: 6, redacted: true, replies: 1 });
  const entries = JSON.parse(`[${scene.text}]`);
  assertEquals(entries.map(({ seq }: { seq: number }) => seq), [1, 2, 3, 4, 5, 6]);
  assertEquals([entries[0].body, entries[1].edit, entries[3].edit], ["", "", ""]);
  const kept = new TextEncoder().encode(scene.text).length;
  assertEquals(kept, length + 1 + encodeLength(entries[5]));
  assertEquals(scene.say("ana", "goes on"), 7);
});

function encodeLength(entry: unknown): number {
  return JSON.stringify(entry).length;
}

pure("a change that cannot be is refused with its code, and changes nothing", () => {
  const scene = new Scene();
  scene.say("ana", "hello");
  scene.say("ana", { re: 1, react: "👍" });
  const before = scene.text;
  const cases: [from: string, change: ChangeParts, code: string][] = [
    ["ana", { re: 7, edit: "x" }, "message_not_found"],
    ["ana", { re: 2, edit: "x" }, "message_not_found"],
    ["ben", { re: 1, edit: "x" }, "forbidden"],
    ["ana", { re: 1, react: "👍" }, "unchanged"],
    ["ben", { re: 1, unreact: "👍" }, "unchanged"],
  ];
  for (const [from, change, code] of cases) assertEquals(scene.say(from, change), code);
  assertEquals([scene.text, scene.now(1)], [before, { seq: 2, reactions: { "👍": 1 } }]);
  for (let i = 1; i < 32; i++) scene.say("ben", { re: 1, react: `${i}` });
  assertEquals(scene.say("ben", { re: 1, react: "one more" }), "too_many_reactions");
  assertEquals(typeof scene.say("ben", { re: 1, react: "👍" }), "number");
  scene.say("ana", { re: 1, redact: true });
  const changes = [{ edit: "x" }, { react: "x" }, { unreact: "👍" }, { redact: true as const }];
  for (const change of changes) {
    assertEquals(scene.say("ana", { re: 1, ...change }), "message_redacted");
  }
});

pure("a message that fell off the log has no state, and what is kept of states is bounded", () => {
  const scene = new Scene(10);
  scene.say("ana", "first");
  scene.say("ana", { re: 1, edit: "FIRST" });
  for (let i = 0; i < 1_000; i++) {
    const seq = Number(scene.say("ana", `${i}`));
    scene.say("ben", { re: seq, react: "👍" });
  }
  assertEquals(scene.say("ana", { re: 1, edit: "x" }), "message_not_found");
  const { log } = scene;
  const kept = [...scene.states.nows(0, log.head).keys()];
  assertEquals(kept.length <= 128, true);
  assertEquals(kept.filter((seq) => seq > log.tail).length, 5);
});

const change = fc.oneof(
  fc.string().map((edit) => ({ edit })),
  fc.constant({ redact: true as const }),
  fc.constantFrom("👍", "+1", "x").map((react) => ({ react })),
  fc.constantFrom("👍", "+1", "x").map((unreact) => ({ unreact })),
);
const step = fc.record({
  from: fc.constantFrom("ana", "ben", "cleo"),
  re: fc.nat({ max: 12 }),
  what: fc.oneof(fc.string({ maxLength: 30 }), change),
  answers: fc.boolean(),
});

pure("states follow from the log alone: read again from its start, they are the same", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 5, max: 90 }),
      (steps, most) => {
        const scene = new Scene(most);
        for (const { from, re, what, answers } of steps) {
          const about = Math.max(1, scene.log.head - re);
          scene.say(
            from,
            typeof what === "string" ? what : { re: about, ...what },
            answers ? about : undefined,
          );
        }
        const { log, states } = scene;
        const again = new LoggedStates(log);
        for (const entry of JSON.parse(`[${scene.text}]`)) again.take(entry.seq, entry);
        assertEquals(
          [...again.nows(log.tail, log.head)].sort(),
          [...states.nows(log.tail, log.head)].sort(),
        );
      },
    ),
    { numRuns: 300 },
  );
});

pure("frames of history carry the states, and are no larger than they may be", () => {
  const scene = new Scene();
  for (let i = 1; i <= 20; i++) scene.say("ana", `${i}`);
  const plain = new Batches("id", scene.log, 2_000, undefined, scene.states).after(0);
  assertEquals(plain?.upTo, 20);
  for (let i = 1; i <= 20; i++) scene.say("ana", { re: i, edit: "x".repeat(900) });
  const batches = new Batches("id", scene.log, 2_000, undefined, scene.states);
  let cursor = 0;
  const bodies: unknown[] = [];
  while (cursor < 20) {
    const { frame, upTo } = batches.after(cursor)!;
    assertEquals(frame.length < 2_200, true);
    bodies.push(...JSON.parse(frame).entries.map(({ now }: { now?: MessageNow }) => now?.body));
    cursor = upTo;
  }
  assertEquals(bodies.slice(0, 20), Array(20).fill("x".repeat(900)));
});

pure("an entry that was read before its redaction is shown without its text", () => {
  const entry = encodeEntry(1, {
    at: 1,
    from: "ana",
    n: 1,
    name: "Ana",
    body: "secret",
    data: "[1]",
  });
  const now = encodeNow({ seq: 2, redacted: true, reactions: [], replies: 0 });
  const shown = { seq: 1, at: 1, from: "ana", n: 1, name: "Ana", body: "" };
  assertEquals(JSON.parse(withNow(entry, now)), { ...shown, now: { seq: 2, redacted: true } });
  assertEquals(withNow(entry, undefined), entry);
});

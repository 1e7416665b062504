import { assert, assertEquals } from "@std/assert";
import { Charter } from "../../../src/core/authority/charter.ts";
import type { Entry } from "../../../src/protocol/frames.ts";
import { encodeAuthor, Judgement } from "../../../src/store/cluster/judgement.ts";
import { Log } from "../../../src/core/log/log.ts";
import { StreamedStates } from "../../../src/store/cluster/streamed_states.ts";
import { pure } from "../../support/pure.ts";

const said = (seq: number, from: string): Entry => ({ seq, at: 1, from, n: seq, body: "x" });
const ban = (seq: number, from: string, to: string): Entry => ({
  seq,
  at: 1,
  from,
  event: "role",
  to,
  role: "none",
});

const plain = { by: "", about: "", remains: "" };

function judgementOf(owner: string): Judgement {
  const log = new Log("e", { logEntries: 100, logBytes: 100_000 });
  return new Judgement("r", Charter.of(owner), new StreamedStates(log));
}

/** Judges entries of clients that brought nothing; returns the `seq`s of those that are void. */
function voidIn(judgement: Judgement, entries: readonly Entry[]): number[] {
  return entries.filter((entry) =>
    judgement.judge({ seq: entry.seq, ...plain }, entry).denied !== undefined
  ).map(({ seq }) => seq);
}

pure("a Judgement voids what stands behind a ban, and bans of who may not ban", () => {
  const judgement = judgementOf("ana");
  assert(judgement.takesAll(plain));
  const entries = [
    said(1, "ben"),
    ban(2, "ben", "ana"),
    ban(3, "ana", "ben"),
    said(4, "ben"),
    ban(5, "ben", "cid"),
    said(6, "cid"),
  ];
  assertEquals(voidIn(judgement, entries), [2, 4, 5]);
  assertEquals([1, 2, 3, 4].map((seq) => judgement.isVoid(seq)), [false, true, false, true]);
  assertEquals(judgement.charter.roleOf("ben", 1), "none");
  assert(!judgement.takesAll(plain));
});

pure("a Judgement says the same again from what was kept of it, wherever that was", () => {
  const entries = [
    ban(1, "ana", "ben"),
    said(2, "ben"),
    said(3, "cid"),
    ban(4, "ana", "cid"),
    said(5, "cid"),
  ];
  const whole = judgementOf("ana");
  voidIn(whole, entries);
  for (let cut = 0; cut <= entries.length; cut++) {
    const first = judgementOf("ana");
    voidIn(first, entries.slice(0, cut));
    const second = judgementOf("ana");
    second.reset(JSON.parse(JSON.stringify(first.kept())));
    voidIn(second, entries.slice(cut));
    assertEquals(second.kept(), whole.kept());
  }
});

pure("a Judgement judges an author by what its token gave it", () => {
  const judgement = judgementOf("ana");
  const by = encodeAuthor({ sub: "zoë", given: "moderator", most: "moderator" });
  assert(/^[ -~]+$/.test(by), "a header is ASCII");
  assert(!judgement.takesAll({ by, about: "" }));
  const { moderation } = judgement.judge({ ...plain, seq: 1, by }, ban(1, "client", "ben"));
  assertEquals(moderation?.by, { sub: "zoë", given: "moderator", most: "moderator" });
  const narrowed = encodeAuthor({ sub: "ana", given: "reader", most: "reader" });
  assertEquals(
    judgement.judge({ ...plain, seq: 2, by: narrowed }, said(2, "x")).denied?.code,
    "forbidden",
  );
  assertEquals(encodeAuthor(undefined), "");
});

import { assertEquals } from "@std/assert";
import { Charter } from "../../../src/core/authority/charter.ts";
import { Log } from "../../../src/core/log/log.ts";
import { encodeRedacted, withoutSeq } from "../../../src/protocol/encode.ts";
import type { ChangeParts, Entry } from "../../../src/protocol/frames.ts";
import { Judgement } from "../../../src/store/cluster/judgement.ts";
import { encodeRemains, remainOf } from "../../../src/store/cluster/remains.ts";
import { StreamedStates } from "../../../src/store/cluster/streamed_states.ts";
import { pure } from "../../support/pure.ts";

/** A node that reads a stream from some place on. */
class Reader {
  readonly log = new Log("e", { logEntries: 1_000, logBytes: 1_000_000 });
  readonly states = new StreamedStates(this.log);
  readonly judgement = new Judgement("r", Charter.open, this.states);

  /** Reads an entry, about a message of somebody; returns why it is void. */
  read(entry: Entry, author = "", remains = ""): string | undefined {
    const about = author === "" ? "" : JSON.stringify(author);
    const message = { seq: entry.seq, by: "", about, remains };
    const { denied, isStale } = this.judgement.judge(message, entry);
    this.log.push(entry.seq, JSON.stringify(entry));
    if (denied !== undefined || isStale) return denied?.code ?? "stale";
    if (about !== "") this.states.take(message, entry as Entry & ChangeParts);
  }
}

const said = (seq: number, from: string): Entry => ({ seq, at: seq, from, n: seq, body: "secret" });
const changed = (seq: number, from: string, parts: ChangeParts): Entry => (
  { seq, at: seq, from, n: seq, ...parts } as Entry
);
const remainsOf = (edit: number, ...entries: Entry[]) =>
  encodeRemains({
    edit,
    left: entries.map((entry) => remainOf(entry.seq, encodeRedacted(JSON.stringify(entry)), "")),
  });

pure("changes in a stream are judged at their places", () => {
  const reader = new Reader();
  const message = said(1, "ana");
  const edit = changed(3, "ana", { re: 1, edit: "secret too" });
  const outcomes = [
    reader.read(message),
    reader.read(changed(2, "ben", { re: 1, edit: "mine" }), "ana"),
    reader.read(edit, "ana"),
    reader.read(changed(4, "ben", { re: 1, react: "+1" }), "ana"),
    reader.read(changed(5, "ben", { re: 1, react: "+1" }), "ana"),
    // Its publisher did not know the edit.
    reader.read(changed(6, "ana", { re: 1, redact: true }), "ana", remainsOf(0, message)),
    reader.read(changed(7, "ana", { re: 1, redact: true }), "ana", remainsOf(3, message, edit)),
    reader.read(changed(8, "ana", { re: 1, edit: "x" }), "ana"),
    reader.read(changed(9, "ana", { re: 99, edit: "x" })),
  ];
  assertEquals(outcomes, [
    undefined,
    "forbidden",
    undefined,
    undefined,
    "unchanged",
    "stale",
    undefined,
    "message_redacted",
    "message_not_found",
  ]);
  const { log, states } = reader;
  assertEquals([...states.nows(0, 9)], [[1, '{"seq":7,"redacted":true}']]);
  assertEquals([log.find(1)?.includes("secret"), log.find(3)?.includes("secret")], [false, false]);
  assertEquals(states.remainsIn(0, 9).map(({ seq }) => seq), [1, 3]);
  assertEquals(states.redacts(1, withoutSeq(JSON.stringify(message))), true);
  assertEquals(states.redacts(1, withoutSeq(JSON.stringify(said(1, "ben")))), false);
});

pure("where the message is gone from the stream, the publisher of a change is believed", () => {
  const late = new Reader();
  late.log.skipTo(10);
  late.states.begin(10);
  const outcomes = [
    late.read(changed(11, "ben", { re: 1, unreact: "+1" }), "ana"),
    late.read(changed(12, "ben", { re: 1, react: "+1" }), "ana"),
    late.read(changed(13, "ana", { re: 1, redact: true }), "ana", remainsOf(3, said(1, "ana"))),
    late.read(changed(14, "ben", { re: 1, edit: "x" }), "ana"),
  ];
  assertEquals(outcomes, [undefined, undefined, undefined, "forbidden"]);
});

pure("what is known of messages that are gone is forgotten", () => {
  const reader = new Reader();
  for (let seq = 1; seq <= 200; seq += 2) {
    reader.read(said(seq, "ana"));
    reader.read(changed(seq + 1, "ben", { re: seq, react: "+1" }), "ana");
  }
  assertEquals([reader.states.isFull, reader.states.nows(0, 200).size], [true, 100]);
  reader.states.begin(180);
  assertEquals([reader.states.isFull, reader.states.nows(0, 200).size], [false, 10]);
});

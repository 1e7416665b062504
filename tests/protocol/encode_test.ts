import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  encodeEntries,
  encodeEntry,
  encodeError,
  encodeFrame,
  encodePage,
  encodePlain,
  encodePlainEntry,
  encodeVoid,
  PLAIN_SENT,
  timestampOf,
  withoutSeq,
  withSeq,
} from "../../src/protocol/encode.ts";
import { encodeNow, withNow } from "../../src/core/log/message_states.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Entry, ServerFrame } from "../../src/protocol/frames.ts";
import { essence, SERVER_FRAMES } from "../support/golden_frames.ts";
import { pure } from "../support/pure.ts";

/** Writes a frame that was read, with the functions the server writes it with. */
function rewrite(dialect: "plain" | "v1", text: string): string {
  if (dialect === "plain") return encodePlain(JSON.parse(text));
  const frame: ServerFrame = JSON.parse(text);
  if ("status" in frame && frame.status === "error") {
    const { code, message, retry_after_ms: wait, ref, n } = frame;
    const error = new ChatError(code, message, wait === undefined ? {} : { retryAfterMs: wait });
    return encodeError("v1", error, {
      ...(ref === undefined ? {} : { ref }),
      ...(n === undefined ? {} : { n }),
    });
  }
  if ("event" in frame && frame.event === "entries") {
    return encodeEntries(frame.room_id, frame.entries.map(rewriteEntry).join(","));
  }
  if ("status" in frame && "entries" in frame) {
    const { entries = [], ref, ...page } = frame;
    return encodePage(page, entries.map(rewriteEntry), ref);
  }
  if (!("ref" in frame)) return encodeFrame(frame);
  const { ref, ...rest } = frame;
  return encodeFrame(rest as ServerFrame, ref);
}

function rewriteEntry(entry: Entry): string {
  const { seq, name } = entry;
  if ("event" in entry) {
    if (entry.event === "void") return encodeVoid(seq, entry.at);
    return encodeEntry(seq, { ...entry, n: 0, name, by: { sub: entry.from } });
  }
  if (!("body" in entry)) return encodeEntry(seq, { ...entry, name });
  const { data, now, ...rest } = entry;
  const text = encodeEntry(seq, {
    ...{ ...rest, name },
    ...(data === undefined ? {} : { data: JSON.stringify(data) }),
  });
  if (now === undefined) return text;
  const { edited_at: at = 0, reactions = {}, redacted = false, replies = 0, body } = now;
  const edit = body === undefined ? undefined : { body, at };
  const state = { seq: now.seq, edit, redacted, reactions: Object.entries(reactions), replies };
  return withNow(text, encodeNow(state));
}

for (const golden of SERVER_FRAMES) {
  const text = JSON.stringify(essence(golden));
  if (golden.later || text === undefined) continue;
  pure(`a golden frame is written byte for byte: ${golden.name}`, () => {
    if (golden.mustIgnore.length === 0) assertEquals(text, golden.text);
    assertEquals(rewrite(golden.dialect, text), text);
  });
}

pure("an error whose code is not of the wire is told as one of the server", () => {
  for (const dialect of ["plain", "v1"] as const) {
    const text = encodeError(dialect, new ChatError("timeout", "Too late"), { n: 3 });
    const { code, ...rest } = JSON.parse(text);
    assertEquals([code, rest.message], [dialect === "v1" ? "internal" : undefined, "Too late"]);
  }
});

pure("an entry is read back as it was written, whatever name and body are", () => {
  const text = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(text, fc.option(text, { nil: undefined }), (body, name) => {
    const message = encodeEntry(5, { at: 1, from: "ana", n: 2, name, body });
    const said = { seq: 5, at: 1, from: "ana", n: 2, body };
    assertEquals(JSON.parse(message), name === undefined ? said : { ...said, name });
    const more = encodeEntry(5, { at: 1, from: "ana", n: 2, name: "A", body, re: 3, data: "[1]" });
    assertEquals(JSON.parse(more), { ...said, name: "A", re: 3, data: [1] });
    assertEquals(encodePlainEntry(more), encodePlainEntry(message));
    const presence = encodeEntry(5, { at: 1, event: "join", from: "ana", n: 0, name });
    const came = { seq: 5, at: 1, event: "join", from: "ana" };
    assertEquals(JSON.parse(presence), name === undefined ? came : { ...came, name });
    assertEquals(encodePlainEntry(message), {
      from: "ana",
      text: encodePlain({ from: "ana", body }),
    });
    assertEquals([timestampOf(message), timestampOf(presence)], [1, 1]);
    for (const entry of [message, presence]) assertEquals(withSeq(5, withoutSeq(entry)), entry);
    assertEquals(encodePlainEntry(presence), null);
  }));
});

pure("encodeEntries() puts entries together as they are", () => {
  assertEquals(
    encodeEntries("id", `{"seq":1},{"seq":2}`),
    `{"event":"entries","room_id":"id","entries":[{"seq":1},{"seq":2}]}`,
  );
});

pure("encodeFrame() adds a ref at the end, also one that counts as false", () => {
  assertEquals(encodeFrame({ event: "pong" }, 0), `{"event":"pong","ref":0}`);
  assertEquals(encodeFrame({ event: "pong" }, ""), `{"event":"pong","ref":""}`);
  assertEquals(encodeFrame({ event: "pong" }), `{"event":"pong"}`);
});

pure("encodeError() tells plain clients a text and nothing else", () => {
  const told = (error: ChatError) => encodeError("plain", error, { ref: 1, n: 2 });
  assertEquals(
    told(new ChatError("invalid_json", `Invalid JSON: "x"`)),
    `{"status":"error","message":"Invalid JSON format"}`,
  );
  assertEquals(
    told(new ChatError("invalid_action", `Invalid action "x"`)),
    `{"status":"error","message":"Invalid action"}`,
  );
  assertEquals(
    told(new ChatError("rate_limited", "Too fast: wait 5 ms", { retryAfterMs: 5 })),
    `{"status":"error","message":"Too fast: wait 5 ms"}`,
  );
  assertEquals(PLAIN_SENT, `{"status":"success","message":"Message sent"}`);
});

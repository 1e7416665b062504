import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode, replyTarget } from "../../src/protocol/decode.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { ACTIONS, MAX_BODY_BYTES, MAX_FRAME_CHARS } from "../../src/protocol/frames.ts";
import { CLIENT_FRAMES, essence } from "../support/golden_frames.ts";
import { pure } from "../support/pure.ts";

/** `room_id` as the code calls it: `roomId`. */
function camelCase(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key === "room_name" ? "roomName" : key.replace(/_(.)/g, (_, c) => c.toUpperCase()),
      value,
    ]),
  );
}

for (const golden of CLIENT_FRAMES) {
  const { name, dialect, text, mustIgnore, means, error } = golden;
  pure(`decode() of a golden frame: ${name}`, () => {
    if (means === undefined) {
      assertEquals(assertThrows(() => decode(text, dialect), ChatError).code as string, error);
      return;
    }
    assertEquals(decode(text, dialect) as unknown, camelCase(means));
    if (mustIgnore.length === 0) return;
    assertEquals(decode(JSON.stringify(essence(golden)), dialect) as unknown, camelCase(means));
  });
}

pure("the golden frames show each action", () => {
  const shown = new Set(CLIENT_FRAMES.flatMap(({ means }) => means?.action ?? []));
  assertEquals(shown, new Set<unknown>(ACTIONS));
});

/** Text that looks like a frame more often than chance would make it. */
const frameLike = fc.record(
  {
    action: fc.oneof(fc.constantFrom(...ACTIONS, "__proto__", "constructor"), fc.jsonValue()),
    body: fc.oneof(
      fc.string(),
      fc.array(fc.string(), { maxLength: 300 }),
      fc.dictionary(
        fc.constantFrom("room_id", "room_name", "name", "session", "after", "last", "epoch"),
        fc.oneof(fc.string(), fc.integer(), fc.jsonValue()),
      ),
      fc.jsonValue(),
    ),
    room_id: fc.oneof(fc.string(), fc.jsonValue()),
    n: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
    ref: fc.oneof(fc.string(), fc.integer(), fc.jsonValue()),
    ["__proto__"]: fc.jsonValue(),
  },
  { requiredKeys: [] },
).map((frame) => JSON.stringify(frame));

const anyText = fc.oneof(
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 200 })
    .map((units) => String.fromCharCode(...units)),
  fc.json(),
  frameLike,
  // Frames that were cut or damaged on their way.
  fc.tuple(frameLike, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, dirt]) => {
    const i = at % (text.length + 1);
    return text.slice(0, i) + dirt + text.slice(i + 1);
  }),
);

pure("decode() makes a frame or a ChatError of any text, and nothing else", () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom("plain", "v1"), (text, dialect) => {
      try {
        const frame = decode(text, dialect);
        assert(ACTIONS.includes(frame.action));
        assertEquals(Object.getPrototypeOf(frame), Object.prototype);
        const texts = Object.values(frame).flat().filter((value) => typeof value === "string");
        assert(texts.every((text) => text.isWellFormed()), JSON.stringify(frame));
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        assert(error.message.isWellFormed(), error.message);
        assert(error.message.length < 300, error.message);
      }
      assertEquals(Reflect.ownKeys({}), []);
      assertEquals(Object.keys(Object.prototype), []);
    }),
    { numRuns: 3_000 },
  );
});

pure("replyTarget() never throws, and repeats only what a request may carry", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { ref, n, ...rest } = replyTarget(text) ?? {};
      assertEquals(rest, {});
      assert(ref === undefined || typeof ref === "string" || Number.isFinite(ref));
      assert(n === undefined || Number.isSafeInteger(n));
    }),
    { numRuns: 2_000 },
  );
});

pure("decode() takes a ref that every parser reads as the same number, and no other", () => {
  const decoded = (ref: string) => decode(`{"action":"ping","ref":${ref}}`, "v1").ref;
  for (const ref of ["0", "-1.5", "1e-7", "9007199254740991", "-9007199254740991"]) {
    assertEquals(decoded(ref), Number(ref));
  }
  for (const ref of ["9007199254740992", "-18446744073709551616", "1e308", "1e309"]) {
    assertThrows(() => decoded(ref), ChatError, `"ref" must be a number of at most`);
  }
});

pure("replyTarget() finds ref and n in a frame that is refused for something else", () => {
  assertEquals(replyTarget(`{"action":"dance","ref":"r","n":4}`), { ref: "r", n: 4 });
  assertEquals(replyTarget(`{"ref":{},"n":4}`), { n: 4 });
  assertEquals(replyTarget(`{"ref":1,"n":4.5}`), { ref: 1 });
  assertEquals(replyTarget(`{"action":"message"}`), {});
  assertEquals(replyTarget(`{"action":"messages","n":4,"bodies":5}`), { n: 4 });
  assertEquals(replyTarget(`{"action":"leave","ref":"r","n":4}`), { ref: "r" });
  assertEquals(replyTarget(`[1]`), undefined);
  assertEquals(replyTarget(`{"ref":1}${" ".repeat(MAX_FRAME_CHARS)}`), undefined);
  // Whoever sends what is too much to parse shall know which message it was.
  for (const data of ["[1,".repeat(5_000) + "1" + "]".repeat(5_000), `[${"{},".repeat(5_000)}1]`]) {
    const text = `{"x":"${"y[".repeat(9_000)}","data":${data},"n":7,"ref":"r","z":[{"n":8}]}`;
    assertEquals(replyTarget(text), { n: 7, ref: "r" });
  }
  assertEquals(replyTarget("{".repeat(300_000)), undefined);
  assertEquals(replyTarget(`{${`"n":1,`.repeat(50_000)}"n":2}`), undefined);
});

pure(
  "decode() reads nothing that nests deeper than anybody needs, whatever stands in strings",
  () => {
    const frame = (open: string, close: string, depth: number, rest = "x") =>
      `{"action":"ping","x":${open.repeat(depth)}1${close.repeat(depth)},"y":"${rest}"}`
        .padEnd(5_000);
    for (const [open, close] of [["[", "]"], [`{"a":`, "}"]] as const) {
      assertEquals(decode(frame(open, close, 63), "v1").action, "ping");
      const error = assertThrows(() => decode(frame(open, close, 64), "v1"), ChatError);
      assertEquals([error.code, error.message], [
        "invalid_json",
        "JSON must not nest deeper than 64",
      ]);
      assertEquals(replyTarget(frame(open, close, 64)), {});
    }
    const deep = "[".repeat(100);
    for (const said of [deep, `\\"${deep}`, `${deep}\\\\`, `\\\\\\"${deep}\\"`]) {
      assertEquals(decode(frame("[", "]", 1, said), "v1").action, "ping", said);
    }
    for (
      const text of ["[".repeat(390_000), `"${deep}`.padEnd(5_000, "["), `{"a":"\\`.padEnd(5_000)]
    ) {
      assertEquals(assertThrows(() => decode(text, "v1"), ChatError).code, "invalid_json");
    }
  },
);

pure("decode() reads nothing of more structure than anybody needs, but as much as a batch", () => {
  const frame = (item: string, times: number) =>
    `{"action":"ping","x":[${Array(times).fill(item).join()}],"y":"${",:[{".repeat(5_000)}"}`
      .padEnd(5_000);
  // Besides the items, with a comma behind each, there are six.
  for (const [item, marks] of [["1", 1], [`[]`, 2], [`{"a":1}`, 3]] as const) {
    const most = Math.floor((4_096 - 6) / marks);
    assertEquals(decode(frame(item, most), "v1").action, "ping", item);
    const error = assertThrows(() => decode(frame(item, most + 1), "v1"), ChatError);
    assertEquals([error.code, error.message], [
      "invalid_json",
      "JSON must not have more than 4096 of [ { , :",
    ]);
    assertEquals(replyTarget(frame(item, most + 1)), {});
  }
});

pure("decode() counts the bytes of a body as TextEncoder does", () => {
  const encoder = new TextEncoder();
  const units = fc.array(fc.constantFrom("a", "é", "€", "😀", "\ud800", "\udc00"), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(units, (parts) => {
      const unit = parts.join("");
      // Around the limit, with a body made of whole repetitions and a rest of single bytes.
      const bytes = encoder.encode(unit).length;
      const body = unit.repeat(Math.floor((MAX_BODY_BYTES - 8) / bytes));
      for (const rest of [7, 8, 9, 10]) {
        const padded = body + "x".repeat(rest);
        const fits = encoder.encode(padded).length <= MAX_BODY_BYTES;
        const text = JSON.stringify({ action: "message", body: padded });
        if (fits) decode(text, "plain");
        else assertEquals(assertThrows(() => decode(text, "plain"), ChatError).code, "too_large");
      }
    }),
    { numRuns: 20 },
  );
});

pure("decode() takes the largest body in its worst spelling", () => {
  const body = "\\u0061".repeat(MAX_BODY_BYTES);
  const text = `{"action":"message","room_id":"k7q2-m9xd-4hwn-r3tc","n":1,"body":"${body}"}`;
  const frame = decode(text, "v1");
  assert(frame.action === "message");
  assertEquals(frame.bodies[0]?.length, MAX_BODY_BYTES);
});

pure("decode() refuses a body that takes more than twice its most bytes in JSON", () => {
  const most = Math.floor(2 * MAX_BODY_BYTES / 6);
  const text = (body: string) => JSON.stringify({ action: "message", body });
  decode(text("\u0001".repeat(most)), "plain");
  decode(text('\n"'.repeat(MAX_BODY_BYTES / 2)), "plain");
  const error = assertThrows(
    () => decode(text("\u0001".repeat(most + 1)), "plain"),
    ChatError,
    "131076 bytes of JSON, at most 131072 are allowed",
  );
  assertEquals(error.code, "too_large");
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../src/protocol/decode.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { ACTIONS, type Dialect, PLAIN_ACTIONS } from "../../src/protocol/frames.ts";
import type { Frame } from "../support/fixtures.ts";
import { DEFS, fits, kindsIn, kindsOf } from "../support/frame_schema.ts";
import { CLIENT_FRAMES, essence, SERVER_FRAMES } from "../support/golden_frames.ts";
import "../support/ignore_unpermitted.ts";
import { PERMITTED } from "../support/permissions.ts";
import { pure } from "../support/pure.ts";

/** Values of which some are right in some places. */
const value = fc.oneof(
  fc.constantFrom<unknown>("Ana", "k7q2-m9xd-4hwn-r3tc", "", "  ", "\u2028", "x".repeat(128)),
  fc.constantFrom<unknown>("x".repeat(129), 0, 1, -1, 1.5, 10_000, 10_001, 2 ** 53 - 1, 2 ** 53),
  fc.constantFrom<unknown>(null, true, {}, [], [""], ["x", 1], Array(256).fill(""), Array(257)),
  fc.jsonValue(),
);

/** Objects with some of these fields, or something else. */
function objectOf(...fields: string[]): fc.Arbitrary<unknown> {
  const record = Object.fromEntries(fields.map((field) => [field, value]));
  return fc.record(record, { requiredKeys: [] });
}

/** Values that may be frames: nearly always an action, with a body that some action has. */
const request = fc.record({
  action: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<unknown>(...ACTIONS) },
    { weight: 1, arbitrary: value },
  ),
  body: fc.oneof(
    value,
    objectOf("room_id", "after", "epoch", "last", "room_name"),
    objectOf("name", "session", "for_ms"),
    objectOf("room_id", "before", "after", "around", "limit"),
    objectOf("room_id", "before", "text", "limit"),
    objectOf("room_name"),
  ),
  room_id: fc.oneof(fc.constant("k7q2-m9xd-4hwn-r3tc"), value),
  n: fc.oneof(fc.constant(7), value),
  data: value,
  edit: value,
  redact: fc.oneof(fc.constant(true), value),
  reason: value,
  react: fc.oneof(fc.constant("+1"), value),
  unreact: value,
  re: fc.oneof(fc.constant(37), value),
  ref: fc.oneof(fc.constant("r"), value),
  colour: value,
}, { requiredKeys: ["action"] });

for (const dialect of ["v1", "plain"] as const) {
  pure(`decode() takes exactly the frames that the schema has for ${dialect} clients`, () => {
    let taken = 0;
    fc.assert(
      fc.property(request, (frame) => {
        const text = JSON.stringify(frame);
        const right = fits(`${dialect}_client_frame`, JSON.parse(text));
        assertEquals(codeOf(text, dialect) === undefined, right, text);
        taken += Number(right);
      }),
      { numRuns: 5_000 },
    );
    assert(taken > 100, `Only ${taken} were right`);
  });
}

for (const { name, dialect, text, error } of CLIENT_FRAMES) {
  // The schema knows no bytes, no UTF-16 units and no depth, and begins where there is an object.
  const beyond = ["too_large", "too_deep", "invalid_json"].includes(error ?? "");
  if (beyond || error !== undefined && /\p{Emoji_Presentation}/u.test(text)) continue;
  pure(`the schema and a golden frame agree: ${name}`, () => {
    assertEquals(fits(`${dialect}_client_frame`, JSON.parse(text)), error === undefined);
  });
}

for (const golden of SERVER_FRAMES) {
  const { name, dialect, text, mustIgnore, means, later } = golden;
  pure(`the schema and a golden frame agree: ${name}`, () => {
    const frame = essence(golden);
    if (later || frame === undefined) return;
    const set = `${dialect}_server_frame` as const;
    assertEquals(kindsOf(set, frame), [means.kind]);
    assertEquals(kindsOf(set, JSON.parse(text)), mustIgnore.length === 0 ? [means.kind] : []);
    assert(fits(set, JSON.parse(text)));
  });
}

pure(
  "the golden frames show each kind of frame, each error and each presence, in each dialect",
  () => {
    for (const dialect of ["v1", "plain"] as const) {
      const shown = SERVER_FRAMES.filter((frame) => frame.dialect === dialect);
      const kinds = new Set(shown.map(({ means }) => means.kind));
      assertEquals(kindsIn(`${dialect}_server_frame`).filter((kind) => !kinds.has(kind)), []);
      const actions = CLIENT_FRAMES.filter((frame) => frame.dialect === dialect)
        .map(({ means }) => means?.action);
      const all = dialect === "v1" ? ACTIONS : PLAIN_ACTIONS;
      assertEquals([...all].filter((action) => !actions.includes(action)), []);
    }
    const frames = SERVER_FRAMES.filter(({ later }) => !later).map(essence) as Frame[];
    const codes = frames.flatMap((frame) => frame?.status === "error" ? frame.code ?? [] : []);
    assertEquals(new Set(codes), new Set(DEFS.error_code!.enum));
    const entries = frames.flatMap((frame) => frame?.entries ?? []) as Frame[];
    const events = entries.flatMap(({ event }) => event ?? []);
    const presence = DEFS.presence_entry!.properties!.event!.enum ?? [];
    assertEquals(
      new Set(events),
      new Set([
        ...presence,
        ...["role", "kick", "room", "link", "unlink", "use", "void"],
      ]),
    );
  },
);

pure("the schema names the actions that each dialect has", () => {
  const actions = (set: "v1_client_frame" | "plain_client_frame") =>
    kindsIn(set).map((kind) => kind.replace("plain_", "")).toSorted();
  assertEquals(actions("v1_client_frame"), [...ACTIONS].toSorted());
  assertEquals(actions("plain_client_frame"), [...PLAIN_ACTIONS].toSorted());
});

pure("the schema passes over what a later version may add, and closed it does not", () => {
  const frame = { event: "pong", ref: 1, colour: "red" };
  assert(fits("v1_server_frame", frame));
  assertEquals(kindsOf("v1_server_frame", frame), []);
  assertEquals(kindsOf("v1_server_frame", { event: "pong", ref: 1 }), ["pong_event"]);
  assert(!fits("v1_server_frame", { event: "pong", ref: null }));
});

Deno.test("every frame of the session in PROTOCOL.md is in the schema, each in one place", async () => {
  const page = await Deno.readTextFile(new URL("../../PROTOCOL.md", import.meta.url));
  const lines = [...page.matchAll(/^(\w+ )?([<>]) (\{.*\})$/gm)];
  assert(lines.length > 30);
  for (const [line, name, direction, text = ""] of lines) {
    const dialect = name === undefined ? "plain" : "v1";
    const side = direction === ">" ? "client" : "server";
    assertEquals(kindsOf(`${dialect}_${side}_frame`, JSON.parse(text)).length, 1, line);
  }
});

/** The code with which a frame is refused; undefined where it is read. */
function codeOf(text: string, dialect: Dialect): string | undefined {
  try {
    decode(text, dialect);
    return undefined;
  } catch {
    return assertThrows(() => decode(text, dialect), ChatError).code;
  }
}

Deno.test("no definition of the schema stands there twice", { ignore: !PERMITTED }, () => {
  const text = Deno.readTextFileSync(new URL("../../protocol.schema.json", import.meta.url));
  const defs = text.slice(text.indexOf('"$defs"'));
  const names = [...defs.matchAll(/^ {4}"(\w+)": \{/gm)].map(([, name]) => name);
  assertEquals(names, [...new Set(names)]);
  assert(names.length > 20);
});

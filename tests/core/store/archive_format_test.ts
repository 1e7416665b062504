import { assertEquals, assertThrows } from "@std/assert";
import {
  ArchiveError,
  ArchiveReader,
  encodeArchived,
  encodeBegin,
  encodeEnd,
  encodeHead,
  encodeMarker,
  encodeOver,
} from "../../../src/core/store/archive_format.ts";

const BEGIN = encodeBegin(5);
const HEAD = encodeHead({
  id: "k7q2-m9xd-4hwn-r3tc",
  name: "Lobby",
  settings: { topic: "Ships", slow_ms: 5 },
  roles: [{ to: "ana", role: "owner" }, { to: "bo", role: "none", until: 7 }],
  links: [{ id: "x", role: "member", until: 9, uses: 3, to: "bo", counts: { c: 1 }, ended: ["y"] }],
  came: [{ to: "bo", id: "x.y", role: "reader", unproven: true }],
  members: [{ client_id: "a", name: "Ana", away: true, sub: "ana" }],
});
const ENTRY = encodeArchived({ seq: 4, text: '{"seq":4,"at":1,"from":"a","n":1,"body":"x"}  ' });
const WHOLE = [
  BEGIN,
  HEAD,
  ENTRY,
  encodeMarker({ person: "ana", seq: 4 }),
  encodeEnd(1, 1),
  encodeOver(1),
];

function readAll(lines: readonly string[]) {
  const reader = new ArchiveReader();
  const read = lines.map((line) => reader.take(line));
  reader.end();
  return read;
}

Deno.test("lines of an archive are read as they were written", () => {
  const [begin, room, entry, marker, end, over] = readAll(WHOLE);
  assertEquals([begin?.type, end?.type, over?.type], ["begin", "end", "over"]);
  assertEquals(room?.type === "room" && encodeHead(room.head), HEAD);
  assertEquals(entry, {
    type: "entry",
    entry: { seq: 4, text: '{"seq":4,"at":1,"from":"a","n":1,"body":"x"}' },
  });
  assertEquals(marker, { type: "marker", marker: { person: "ana", seq: 4 } });
});

Deno.test("an entry that another program has written in another way is put in order", () => {
  const line = '{ "entry": { "n": 1, "seq": 4, "body": "x", "from": "a", "at": 1 } }';
  const [, , entry] = readAll([BEGIN, HEAD, line, encodeEnd(1, 0), encodeOver(1)]);
  const text = entry?.type === "entry" ? entry.entry.text : "";
  assertEquals(text, '{"seq":4,"n":1,"body":"x","from":"a","at":1}');
});

Deno.test("a broken archive is refused with the number of the line", () => {
  const entry = (fields: object) =>
    JSON.stringify({ entry: { seq: 5, at: 1, from: "a", n: 2, ...fields } });
  const changed = (at: number, line: string) => WHOLE.with(at, line);
  const broken: [line: number, lines: string[]][] = [
    [1, []],
    [1, ["nothing"]],
    [1, ["[]"]],
    [1, ['{"hello":1}']],
    [1, ['{"parley_archive":2}']],
    [2, [BEGIN]],
    [2, changed(1, ENTRY)],
    [2, changed(1, '{"room":{"id":"a b","name":"x"}}')],
    [2, changed(1, '{"room":{"id":"a","name":5}}')],
    [2, changed(1, '{"room":{"id":"a","name":"x"},"more":1}')],
    [2, changed(1, '{"room":{"id":"a","name":"x","settings":{"join":"maybe"}}}')],
    [2, changed(1, '{"room":{"id":"a","name":"x","roles":[{"to":"a","role":"king"}]}}')],
    [2, changed(1, '{"room":{"id":"a","name":"x","members":[{}]}}')],
    [2, changed(1, '{"room":{"id":"a","name":"x","links":[{"id":"x"}]}}')],
    [2, changed(1, '{"room":{"id":"a","name":"x","came":[{"to":5,"id":"x","role":"reader"}]}}')],
    [3, changed(2, ENTRY.slice(0, -1))],
    [3, changed(2, ENTRY.slice(0, 20))],
    [3, changed(2, "")],
    [3, changed(2, '{"entry":5}')],
    [3, changed(2, entry({ seq: 0 }))],
    [3, changed(2, entry({ at: "now", body: "x" }))],
    [3, changed(2, entry({ n: 0, body: "x" }))],
    [3, changed(2, entry({ body: 5 }))],
    [3, changed(2, entry({ body: "x".repeat(65_537) }))],
    [3, changed(2, entry({}))],
    [3, changed(2, entry({ re: 4 }))],
    [3, changed(2, entry({ re: 4, edit: "x", redact: true }))],
    [3, changed(2, entry({ event: "role", to: "a", role: "king" }))],
    [3, changed(2, entry({ body: "x", data: "y".repeat(400_000) }))],
    [4, changed(3, ENTRY)],
    [4, changed(3, encodeMarker({ person: "ana", seq: 5 }))],
    [4, changed(3, encodeMarker({ person: "", seq: 4 }))],
    [5, changed(4, encodeEnd(2, 1))],
    [5, changed(4, ENTRY)],
    [6, changed(5, encodeOver(2))],
    [6, WHOLE.slice(0, 5)],
    [6, [...WHOLE.slice(0, 5), HEAD]],
    [7, [...WHOLE, ENTRY]],
  ];
  for (const [line, lines] of broken) {
    const error = assertThrows(() => readAll(lines), ArchiveError, `line ${line}: `, `${lines}`);
    assertEquals(error.line, line);
  }
});

import { assert, assertEquals } from "@std/assert";
import { DEFAULTS } from "../../src/core/state/options.ts";
import * as CLOSE from "../../src/protocol/close_codes.ts";
import {
  ACTIONS,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_FRAME_CHARS,
  MAX_LAST,
  MAX_NAME_BYTES,
  PLAIN_ACTIONS,
} from "../../src/protocol/frames.ts";
import "../support/ignore_unpermitted.ts";
import { DEFS, partOf, type SchemaObject } from "../support/frame_schema.ts";
import { pure } from "../support/pure.ts";

const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));

/** The members of a union of string literals in a source file. */
function unionOf(source: string, name: string): string[] {
  const code = source.replace(/\/\*\*.*?\*\//gs, "");
  const [, members = ""] = code.match(new RegExp(`export type ${name} =([^;]*);`)) ?? [];
  return [...members.matchAll(/"(\w+)"/g)].map(([, member = ""]) => member);
}

/** The first column of the table under a heading of a document. */
function firstColumn(document: string, heading: string): string[] {
  const [, section = ""] = document.split(`\n## ${heading}\n`);
  return [...section.split("\n## ")[0]!.matchAll(/^\| `?(\w+)`? +\|/gm)]
    .map(([, cell = ""]) => cell);
}

/** The rows of the table number `index` below a heading, each as its cells. */
function table(document: string, heading: string, index = 0): string[][] {
  const [, behind = ""] = document.split(`\n${heading}\n`);
  const [section = ""] = behind.split(/\n##/);
  const tables = section.trim().split("\n\n").filter((block) => block.startsWith("|"));
  const [, , ...rows] = (tables[index] ?? "").split("\n");
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** A field of the schema as the tables call its type. */
function typeOf({ $ref, type, items, properties, const: value }: SchemaObject): string {
  if ($ref !== undefined) return typeOf(DEFS[partOf($ref)]!);
  if (items !== undefined) return "list";
  if (properties !== undefined) return "object";
  if (type === undefined && value === undefined) return "any";
  return type === "integer" ? "number" : String(type ?? typeof value);
}

/** The rows that a table has to have: each field, but those that stand elsewhere, with its type. */
function rowsOf(part: SchemaObject | undefined, ...without: string[]): string[][] {
  return Object.entries(part?.properties ?? {})
    .filter(([name]) => !without.includes(name))
    .map(([name, field]) => [`\`${name}\``, typeOf(field)]);
}

pure("plain clients have some of the actions, and no others", () => {
  const actions = new Set<string>(ACTIONS);
  for (const action of PLAIN_ACTIONS) assert(actions.has(action), action);
  assertEquals([...PLAIN_ACTIONS], ["create", "join", "leave", "message"]);
});

pure("a frame may be as long as the largest body in its longest spelling and an envelope", () => {
  assertEquals(MAX_FRAME_CHARS, 6 * MAX_BODY_BYTES + 1_024);
});

Deno.test("PROTOCOL.md lists exactly the error codes there are", async () => {
  const codes = unionOf(await read("../../src/protocol/errors.ts"), "ErrorCode");
  assert(codes.length > 10);
  const listed = firstColumn(await read("../../PROTOCOL.md"), "Error codes");
  assertEquals(listed.filter((cell) => cell !== "Code").toSorted(), codes.toSorted());
});

Deno.test("README.md lists exactly the codes of what a client finds by itself", async () => {
  const codes = unionOf(await read("../../src/protocol/errors.ts"), "ClientErrorCode");
  assert(codes.length > 5);
  const listed = table(await read("../../README.md"), "### When something fails");
  assertEquals(listed.map(([code = ""]) => code), codes.map((code) => `\`${code}\``));
});

Deno.test("PROTOCOL.md lists exactly the close codes there are", async () => {
  const listed = firstColumn(await read("../../PROTOCOL.md"), "Close codes");
  const codes = Object.values(CLOSE).map(String);
  assertEquals(listed.filter((cell) => cell !== "Code").toSorted(), codes.toSorted());
});

Deno.test("PROTOCOL.md tells the limits and defaults that the server has", async () => {
  const [, section = ""] = (await read("../../PROTOCOL.md")).split("\n## Limits\n");
  const limits = section.split("\n## ")[0]!.replaceAll(",", "");
  for (
    const value of [
      MAX_BODY_BYTES,
      MAX_FRAME_CHARS,
      MAX_NAME_BYTES,
      MAX_BATCH,
      MAX_LAST,
      DEFAULTS.logEntries,
      DEFAULTS.maxRooms,
      DEFAULTS.maxRoomsPerClient,
      DEFAULTS.maxConnections,
      DEFAULTS.presenceLimit,
      DEFAULTS.rate,
      DEFAULTS.graceMs / 1_000,
      DEFAULTS.pauseMs / 3_600_000,
      DEFAULTS.sessionMs / 3_600_000,
      DEFAULTS.emptyRoomMs / 60_000,
      DEFAULTS.heartbeatMs / 1_000,
      DEFAULTS.helloMs / 1_000,
      DEFAULTS.stuckMs / 1_000,
    ]
  ) assert(new RegExp(`\\b${value}\\b`).test(limits), `The limits do not say ${value}`);
});

Deno.test("the tables of PROTOCOL.md have the fields of the schema, with their types", async () => {
  const page = await read("../../PROTOCOL.md");
  const body = (name: string) => {
    const { anyOf, ...itself } = DEFS[name]!.properties!.body!;
    return anyOf?.find(({ type }) => type === "object") ?? itself;
  };
  const tables: [heading: string, index: number, rows: string[][]][] = [
    ["### hello", 0, rowsOf(body("hello"))],
    ["### hello", 1, rowsOf(DEFS.connected, "ref")],
    ["### join", 0, rowsOf(body("join"))],
    ["### join", 1, rowsOf(DEFS.entered, "status", "message", "ref")],
    ["### history", 0, rowsOf(body("history"))],
    ["### history", 1, rowsOf(DEFS.page, "status", "before", "ref")],
    ["### search", 0, rowsOf(body("search"))],
    ["### rooms", 0, rowsOf(DEFS.room_summary)],
    ["### message", 0, rowsOf(DEFS.message, "action", "ref")],
  ];
  for (const [heading, index, rows] of tables) {
    const told = table(page, heading, index).map(([field = "", type = ""]) => [field, type]);
    assertEquals(told.toSorted(), rows.toSorted(), `${heading}, table ${index + 1}`);
  }
  for (const name of ["hello", "join", "history", "search"]) {
    const { properties = {}, required = [] } = body(name);
    for (const [field = "", , meaning = ""] of table(page, `### ${name}`)) {
      const isRequired = required.includes(field.replaceAll("`", ""));
      assertEquals(meaning.includes("optional"), !isRequired, `${field} of ${name}`);
    }
    assert(Object.keys(properties).length > 0);
  }
  const first = (heading: string, index = 0) =>
    table(page, heading, index).map(([field = ""]) => field.replaceAll("`", "")).toSorted();
  const fields = (...parts: string[]) =>
    [...new Set(parts.flatMap((part) => Object.keys(DEFS[part]!.properties!)))].toSorted();
  assertEquals(first("### hello", 3), fields("limits"));
  assertEquals(first("## Entries"), fields("message_entry", "change_entry", "presence_entry"));
  assertEquals(first("### What became of a message"), fields("now"));
  assertEquals(first("## Presence"), DEFS.presence_entry!.properties!.event!.enum?.toSorted());
});

Deno.test("PROTOCOL.md has a section for each action", async () => {
  const document = await read("../../PROTOCOL.md");
  for (const action of ACTIONS) assert(document.includes(`\n### ${action}\n`), action);
});

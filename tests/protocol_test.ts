import { assert, assertEquals } from "@std/assert";
import { CLOSE } from "../src/errors.ts";
import { DEFAULTS } from "../src/options.ts";
import {
  ACTIONS,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_FRAME_CHARS,
  MAX_LAST,
  MAX_NAME_CHARS,
  PLAIN_ACTIONS,
} from "../src/protocol.ts";
import "./ignore_unpermitted.ts";
import { pure } from "./pure.ts";

const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));

/** The members of a union of string literals in a source file. */
function unionOf(source: string, name: string): string[] {
  const [, members = ""] = source.match(new RegExp(`export type ${name} =([^;]*);`)) ?? [];
  return [...members.matchAll(/"(\w+)"/g)].map(([, member = ""]) => member);
}

/** The first column of the table under a heading of a document. */
function firstColumn(document: string, heading: string): string[] {
  const [, section = ""] = document.split(`\n## ${heading}\n`);
  return [...section.split("\n## ")[0]!.matchAll(/^\| `?(\w+)`? +\|/gm)]
    .map(([, cell = ""]) => cell);
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
  const codes = unionOf(await read("../src/errors.ts"), "ErrorCode");
  assert(codes.length > 10);
  const listed = firstColumn(await read("../PROTOCOL.md"), "Error codes");
  assertEquals(listed.filter((cell) => cell !== "Code").toSorted(), codes.toSorted());
});

Deno.test("PROTOCOL.md lists exactly the close codes there are", async () => {
  const listed = firstColumn(await read("../PROTOCOL.md"), "Close codes");
  const codes = Object.values(CLOSE).map(String);
  assertEquals(listed.filter((cell) => cell !== "Code").toSorted(), codes.toSorted());
});

Deno.test("PROTOCOL.md tells the limits and defaults that the server has", async () => {
  const [, section = ""] = (await read("../PROTOCOL.md")).split("\n## Limits\n");
  const limits = section.split("\n## ")[0]!.replaceAll(",", "");
  for (
    const value of [
      MAX_BODY_BYTES,
      MAX_FRAME_CHARS,
      MAX_NAME_CHARS,
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

Deno.test("PROTOCOL.md has a section for each action", async () => {
  const document = await read("../PROTOCOL.md");
  for (const action of ACTIONS) assert(document.includes(`\n### ${action}\n`), action);
});

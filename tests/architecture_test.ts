/**
 * The rules of ARCHITECTURE.md that a program can check. To add a file, add its row to
 * {@linkcode MAY_SEE}, behind all that it imports.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import "./ignore_unpermitted.ts";
import { PERMITTED } from "./permissions.ts";
import { pathsIn, read } from "./source_files.ts";

/**
 * Which file may import what. The rows are in order: a file sees only files above it, so
 * that there are no cycles. `type` before a name allows its types alone, which may also
 * stand below. Names without a suffix are files in `src/`.
 */
const MAY_SEE: Record<string, string[]> = {
  // Both sides of the wire.
  "errors": [],
  "close_codes": [],
  "protocol": ["type errors"],
  "backoff": [],
  "visible": [],
  "program": [],
  "utf8": [],
  "names": ["errors", "protocol", "utf8"],
  "decode": ["errors", "names", "protocol", "utf8"],
  "encode": ["type errors", "type protocol"],
  "roster": ["type protocol"],
  "wait": [],

  // The server's rules.
  "ids": [],
  "rate_limit": ["type protocol"],
  "segments": ["utf8"],
  "order": [],
  "memory_bound": ["order"],
  "log": ["encode", "segments", "type memory_bound", "utf8"],
  "store/store": ["type errors", "type log", "type protocol", "type roster"],
  "store/sends": ["type memory_bound"],
  "store/memory": [
    "errors",
    "encode",
    "log",
    "memory_bound",
    "roster",
    "store/sends",
    "type protocol",
    "store/store",
  ],
  "store/outgoing": ["errors", "memory_bound", "store/sends", "type protocol", "type store/store"],
  "store/nodes": [],
  "store/told": ["type protocol"],
  "store/disputes": ["type protocol", "type store/told"],
  "options": ["type store/store"],
  "batches": ["encode", "type log"],
  "fair_share": ["type room"],
  "room": ["fair_share", "batches", "type log", "type protocol", "type roster", "type store/store"],
  "memberships": ["type room"],
  "sessions": ["errors", "ids", "memberships", "rate_limit", "type room", "type store/store"],
  "effects": ["type protocol", "type room", "type sessions"],
  "aging": ["type effects"],
  "shares": ["order"],
  "rooms": [
    "aging",
    "errors",
    "ids",
    "memory_bound",
    "names",
    "order",
    "room",
    "shares",
    "type effects",
    "type options",
    "type protocol",
    "type sessions",
    "type store/store",
  ],
  "presence": ["encode", "type effects", "type protocol", "type room"],
  "replies": [
    "close_codes",
    "encode",
    "errors",
    "protocol",
    "rate_limit",
    "type effects",
    "type options",
    "type room",
    "type sessions",
  ],
  "absence": ["order", "type options", "type room", "type sessions"],
  "departures": [
    "presence",
    "type absence",
    "type effects",
    "type options",
    "type room",
    "type sessions",
  ],
  "messages": [
    "close_codes",
    "encode",
    "errors",
    "replies",
    "type departures",
    "type effects",
    "type protocol",
    "type room",
    "type sessions",
    "type store/store",
  ],
  "liveness": ["close_codes", "errors", "type options", "type sessions"],
  "hub": [
    "close_codes",
    "absence",
    "departures",
    "errors",
    "protocol",
    "encode",
    "ids",
    "liveness",
    "messages",
    "presence",
    "rate_limit",
    "replies",
    "type room",
    "rooms",
    "sessions",
    "type effects",
    "type options",
    "type store/store",
  ],

  // The server's edge.
  "timers": [],
  "line_queue": [],
  "log_limit": [],
  "logger": [
    "line_queue",
    "log_limit",
    "visible",
    "wait",
    "@std/log/base-handler",
    "@std/log/levels",
    "@std/log/logger",
    "timers",
  ],
  "closed_sockets": [],
  "terminate": [],
  "machine": ["options", "node:v8"],
  "connection": [
    "errors",
    "rate_limit",
    "terminate",
    "timers",
    "type closed_sockets",
    "type options",
    "type protocol",
    "type sessions",
  ],
  "clock": ["type effects", "node:timers"],
  "gathering": [],
  "line": ["gathering", "node:timers"],
  "pump": ["encode", "line", "type batches", "type clock", "type connection", "room"],
  "session_key": ["ids", "node:crypto"],
  "store/nats_address": [],
  "store/continuity": ["type log"],
  "store/jetstream_streams": ["errors", "type @nats-io/jetstream", "store/store"],
  "store/jetstream_marks": [
    "store/jetstream_streams",
    "type @nats-io/jetstream",
    "type @nats-io/transport-node",
  ],
  "store/jetstream_life": [
    "errors",
    "ids",
    "type store/jetstream_link",
    "store/jetstream_marks",
    "type @nats-io/transport-node",
  ],
  "store/jetstream_publish": ["errors", "type store/continuity", "store/jetstream_streams"],
  "store/jetstream_history": [
    "store/jetstream_streams",
    "type @nats-io/jetstream",
    "type @nats-io/transport-node",
  ],
  "store/jetstream_link": [
    "errors",
    "utf8",
    "store/continuity",
    "store/jetstream_history",
    "store/jetstream_life",
    "type store/jetstream_marks",
    "store/jetstream_publish",
    "store/jetstream_streams",
    "type @nats-io/jetstream",
    "type @nats-io/transport-node",
  ],
  "store/jetstream_metas": ["errors", "type store/jetstream_link"],
  "store/jetstream_room": [
    "encode",
    "log",
    "type protocol",
    "roster",
    "store/continuity",
    "type store/jetstream_link",
    "store/jetstream_metas",
    "store/jetstream_streams",
    "type store/store",
    "store/told",
  ],
  "store/awaited": ["type protocol"],
  "store/node_bus": ["type store/jetstream_link"],
  "store/handovers": ["type store/node_bus"],
  "store/jetstream_clients": [
    "type store/handovers",
    "type store/jetstream_link",
    "store/jetstream_streams",
    "type store/nodes",
    "type store/outgoing",
    "type store/store",
  ],
  "store/jetstream_health": ["type store/jetstream_publish", "type store/nodes", "wait"],
  "store/jetstream": [
    "encode",
    "errors",
    "ids",
    "type protocol",
    "store/awaited",
    "store/disputes",
    "store/handovers",
    "store/jetstream_clients",
    "store/jetstream_health",
    "store/jetstream_link",
    "store/jetstream_metas",
    "store/jetstream_room",
    "type store/nats_address",
    "store/node_bus",
    "store/nodes",
    "store/outgoing",
    "store/store",
    "wait",
    "timers",
  ],
  "store/sqlite_errors": ["errors"],
  "store/sqlite_schema": ["type node:sqlite"],
  "store/sqlite_lock": [],
  "store/sqlite_database": [
    "errors",
    "store/sqlite_errors",
    "store/sqlite_lock",
    "store/sqlite_schema",
    "node:path",
    "node:sqlite",
  ],
  "store/sqlite_file": [
    "store/sqlite_database",
    "store/sqlite_errors",
    "type protocol",
    "type store/store",
  ],
  "store/sqlite_sweeper": ["type store/sqlite_file"],
  "store/sqlite_room": [
    "encode",
    "log",
    "type protocol",
    "roster",
    "store/sqlite_errors",
    "type store/sqlite_file",
    "type store/store",
    "utf8",
  ],
  "store/sqlite": [
    "aging",
    "errors",
    "type log",
    "type protocol",
    "store/sqlite_errors",
    "store/sqlite_file",
    "store/sqlite_room",
    "store/sqlite_sweeper",
    "store/store",
    "node:timers",
    "timers",
  ],
  "choose_store": ["ids", "session_key", "store/memory", "type store/store"],
  "intake": [
    "connection",
    "decode",
    "errors",
    "rate_limit",
    "wait",
    "node:timers",
    "type clock",
    "type effects",
    "type hub",
    "type protocol",
    "type pump",
    "type sessions",
    "type store/store",
  ],
  "engine": [
    "close_codes",
    "clock",
    "closed_sockets",
    "errors",
    "decode",
    "encode",
    "hub",
    "ids",
    "intake",
    "presence",
    "choose_store",
    "connection",
    "pump",
    "rate_limit",
    "session_key",
    "type effects",
    "type logger",
    "type options",
    "type protocol",
    "type room",
    "type sessions",
    "type store/store",
    "timers",
  ],
  "start_page": [],
  "handshake": [],
  "requests": [],
  "server_flags": ["logger", "machine", "options", "program", "@std/cli/parse-args"],
  "server.ts": [
    "deno.json",
    "node:fs",
    "protocol",
    "errors",
    "type log",
    "type memory_bound",
    "type roster",
    "logger",
    "machine",
    "options",
    "type store/store",
    "choose_store",
    "engine",
    "handshake",
    "requests",
    "start_page",
    "server_flags",
  ],

  // The client.
  "page": [],
  "feed": ["wait"],
  "outbox": ["errors", "protocol", "utf8"],
  "link": ["close_codes", "errors", "protocol", "roster", "wait"],
  "lifeline": ["close_codes", "errors", "backoff", "feed", "link", "page", "type protocol", "wait"],
  "sender": ["backoff", "errors", "protocol", "link", "outbox", "utf8", "wait"],
  "chat_room": ["errors", "feed", "type protocol", "roster", "wait"],
  "client.ts": [
    "backoff",
    "errors",
    "protocol",
    "chat_room",
    "feed",
    "lifeline",
    "link",
    "page",
    "outbox",
    "sender",
    "wait",
  ],

  // The terminal chat.
  "cli_keys": [],
  "cli_lines": [],
  "cli_input": [],
  "cli_commands": [],
  "cli_columns": [],
  "cli_editor": ["protocol", "utf8", "visible", "cli_columns", "cli_keys"],
  "cli_footer": ["cli_columns", "type cli_editor"],
  "cli_names": ["names", "unhomoglyph"],
  "cli_flags": ["errors", "names", "program", "protocol", "cli_names", "@std/cli/parse-args"],
  "cli_problem": ["errors", "visible", "cli_columns", "client.ts"],
  "cli_render": ["names", "visible", "cli_columns", "type cli_names", "client.ts"],
  "terminal": [
    "protocol",
    "cli_editor",
    "cli_footer",
    "cli_input",
    "cli_keys",
    "cli_lines",
  ],
  "cli_session": [
    "errors",
    "protocol",
    "utf8",
    "client.ts",
    "cli_commands",
    "type cli_editor",
    "cli_names",
    "cli_render",
    "type terminal",
  ],
  "cli.ts": [
    "deno.json",
    "program",
    "client.ts",
    "cli_flags",
    "cli_problem",
    "cli_render",
    "cli_session",
    "terminal",
  ],
};

/** What stands in the code of one file only, or of a few. */
const ONLY_IN: [what: string, pattern: RegExp, files: string[]][] = [
  ["Deno.serve", /\bDeno\.serve\b/, ["server.ts"]],
  ["Deno.upgradeWebSocket", /\bDeno\.upgradeWebSocket\b/, ["server.ts"]],
  ["sending on a socket", /socket\??\.send\(/i, ["connection", "link"]],
  ["new WebSocket", /\bnew WebSocket\b/, ["link"]],
  ["exiting", /\bDeno\.exit\b/, ["server.ts", "cli.ts"]],
  ["the console", /\bconsole\./, ["server.ts", "cli.ts"]],
];

const FILES = PERMITTED ? [...pathsIn(""), ...pathsIn("src/")].map(read) : [];

Deno.test("every file has its row in the import table, and every row its file", () => {
  const missing = FILES.filter(({ name }) => MAY_SEE[name] === undefined).map(({ path }) => path);
  assertEquals(missing, [], "Add these files to MAY_SEE in tests/architecture_test.ts");
  const names = new Set(FILES.map(({ name }) => name));
  const stale = Object.keys(MAY_SEE).filter((name) => !names.has(name));
  assertEquals(stale, [], "Take these rows out of MAY_SEE in tests/architecture_test.ts");
});

Deno.test("the imports of a file are found, and types told from values", () => {
  const { imports = [] } = FILES.find(({ name }) => name === "engine") ?? {};
  const found = (name: string) => imports.find((imported) => imported.name === name)?.typesOnly;
  assertEquals([found("hub"), found("choose_store"), found("effects"), found("log")], [
    false,
    false,
    true,
    undefined,
  ]);
});

Deno.test("the import table itself points one way", () => {
  const rows = Object.keys(MAY_SEE);
  rows.forEach((name, row) => {
    for (const seen of MAY_SEE[name] ?? []) {
      const place = rows.indexOf(seen);
      const outside = /^@|:|\.json$|^unhomoglyph$/.test(seen);
      if (outside || seen.startsWith("type ")) continue;
      assert(place >= 0 && place < row, `${name} may see ${seen}, which must stand above it`);
    }
  });
});

for (const { name, path, imports } of FILES) {
  Deno.test(`${path} imports what it may`, () => {
    const allowed = MAY_SEE[name] ?? [];
    const wrong = imports.filter((imported) =>
      !allowed.includes(imported.name) &&
      !(imported.typesOnly && allowed.includes(`type ${imported.name}`))
    ).map((imported) => `${imported.typesOnly ? "type " : ""}${imported.name}`);
    assertEquals(wrong, [], `${path} may see only ${allowed.join(", ") || "nothing"}`);
  });
}

for (const [what, pattern, files] of ONLY_IN) {
  Deno.test(`${what} stands in ${files.join(" and ")} only`, () => {
    const found = FILES.filter(({ code }) => pattern.test(code)).map(({ name }) => name);
    assertEquals(found.filter((name) => !files.includes(name)), []);
  });
}

Deno.test("the client reaches no file of the server", () => {
  const byName = new Map(FILES.map((file) => [file.name, file]));
  const reached = new Set<string>();
  const visit = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    byName.get(name)?.imports.forEach((imported) => visit(imported.name));
  };
  visit("client.ts");
  const server = ["hub", "room", "sessions", "log", "engine", "connection", "pump", "logger"];
  assertEquals(server.filter((name) => reached.has(name)), []);
  assertEquals([...reached].filter((name) => /^@|:/.test(name)), [], "There is nothing to install");
});

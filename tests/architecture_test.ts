/**
 * The rules of ARCHITECTURE.md that a program can check. A file needs no row here, a folder does:
 * add it to {@linkcode MAY_SEE}, behind all that it imports.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import "./support/ignore_unpermitted.ts";
import { PERMITTED } from "./support/permissions.ts";
import { pathsIn, read } from "./support/source_files.ts";

/** The folders of the rules. The hub, which stands over them, is seen by the edge of the server alone. */
const RULES = [
  "src/core/limits",
  "src/core/log",
  "src/core/authority",
  "src/core/store",
  "src/core/state",
];

/**
 * Imports that the files of a folder may have besides each other: files of other folders, programs at
 * the top, packages. `type` before a name allows its types alone. The rows are in order: a
 * folder sees only those above it. `src/server` has no word for the stores of SQLite and NATS:
 * whoever mounts a chat in memory loads neither.
 */
const MAY_SEE: Record<string, string[]> = {
  // What all programs need, whatever they are.
  "src": [],

  // Both sides of the wire.
  "src/protocol": [],

  // The client: there is nothing to install.
  "src/client": ["src/protocol"],
  "src/client/conversation": ["src/client", "src/protocol"],
  "src/client/shared": ["src/client", "src/protocol"],
  "client.ts": ["src/client", "src/protocol"],

  // The rules of the server.
  "src/core/limits": ["src/protocol"],
  "src/core/log": ["src/core/limits", "src/protocol"],
  "src/core/authority": ["src/core/log", "src/protocol"],
  "src/core/store": ["src/core/authority", "src/core/log", "src/protocol"],
  "src/core/state": [
    "src/core/authority",
    "src/core/limits",
    "src/core/log",
    "src/core/store",
    "src/protocol",
  ],
  "src/core": [...RULES, "src/protocol"],
  // Tokens, whose library is loaded when there are any.
  "src/auth": ["src/core/authority", "src/core/state", "src/protocol", "type jose"],

  // The stores.
  "src/store": [...RULES, "src/protocol"],
  // The suite, which runs where a store of somebody else is tested.
  "src/store/suite": ["src/core/log", "src/core/store", "src/protocol", "node:assert/strict"],
  "store.ts": [...RULES, "src/protocol", "src/store", "src/store/suite"],
  "src/store/sqlite/file": ["src/core/store", "src/protocol", "node:path", "node:sqlite"],
  "src/store/sqlite": [
    "src",
    ...RULES,
    "src/protocol",
    "src/store",
    "src/store/sqlite/file",
    "node:sqlite",
    "node:url",
  ],
  // The rules of many nodes, whatever carries their words: it knows nothing of NATS.
  "src/store/cluster": [...RULES, "src/protocol", "src/store"],
  "src/store/jetstream/link": [
    "src/core/authority",
    "src/core/store",
    "src/protocol",
    "src/store/cluster",
    "type @nats-io/jetstream",
    "type @nats-io/transport-node",
  ],
  "src/store/jetstream": [
    "src",
    ...RULES,
    "src/protocol",
    "src/store",
    "src/store/cluster",
    "src/store/jetstream/link",
    "node:crypto",
  ],

  // The edge of the server.
  "src/server/logging": [
    "src",
    "src/protocol",
    "@std/log/base-handler",
    "@std/log/levels",
    "@std/log/logger",
  ],
  "src/server/admission": ["src/core/state", "src/server/logging", "node:v8"],
  "src/server/connections": [
    "src",
    "src/core",
    ...RULES,
    "src/protocol",
    "src/server/logging",
    "node:buffer",
  ],
  "src/server": [
    "src",
    "src/core",
    ...RULES,
    "src/protocol",
    "src/store",
    "src/server/admission",
    "src/server/connections",
    "src/server/logging",
    "node:buffer",
    "node:crypto",
    "node:zlib",
  ],
  // What those who run a chat see of it.
  "src/ops": ["src", ...RULES, "src/protocol", "src/server", "node:crypto", "node:process"],
  // What receivers of webhooks are told.
  "src/webhooks": [
    "src",
    ...RULES,
    "src/protocol",
    "src/server",
    "src/server/admission",
    "src/server/logging",
    "node:crypto",
    "node:dns",
    "node:http",
    "node:https",
  ],
  // The server as a program.
  "src/daemon/flags": [
    "src",
    ...RULES,
    "src/auth",
    "src/server",
    "src/server/admission",
    "src/server/logging",
    "src/store/jetstream",
    "src/webhooks",
    "@std/cli/parse-args",
  ],
  "src/daemon": [
    "src",
    ...RULES,
    "src/auth",
    "src/client/conversation",
    "src/daemon/flags",
    "src/protocol",
    "src/server",
    "src/server/logging",
    "src/store/jetstream",
    "src/webhooks",
    "@std/cli/parse-args",
    "node:crypto",
  ],
  "server.ts": [
    "src/daemon",
    "src/daemon/flags",
    "src/ops",
    "src/protocol",
    "src/server",
    "src/server/logging",
    "deno.json",
    "node:fs",
  ],

  // The page: it stands on the public client alone.
  "web": ["client.ts", "src/client", "src/client/conversation", "src/client/shared", "web/dist"],

  // The terminal chat.
  "src/cli/words": ["src/protocol", "src/client/conversation", "client.ts", "unhomoglyph"],
  "src/cli/screen": ["src/cli/words", "src/protocol"],
  "src/cli": [
    "src",
    "src/cli/screen",
    "src/cli/words",
    "src/client/conversation",
    "src/protocol",
    "client.ts",
    "@std/cli/parse-args",
  ],
  "cli.ts": ["src", "src/cli", "src/cli/screen", "src/cli/words", "client.ts", "deno.json"],
};

/** Files that hand on what the connections of clients say. */
const SHARED = ["client/shared/shared_leader", "client/shared/shared_socket"];

/** Words that stand in the code of one file only, or of a few. */
const ONLY_IN: [what: string, pattern: RegExp, files: string[]][] = [
  ["Deno.serve", /\bDeno\.serve\b/, ["daemon/open_port"]],
  ["Deno.upgradeWebSocket", /\bDeno\.upgradeWebSocket\b/, ["server/chat"]],
  ["sending on a socket", /socket\??\.send\(/i, [
    "server/connections/connection",
    "client/connection",
    ...SHARED,
  ]],
  ["new WebSocket", /\bnew WebSocket\b/, ["client/connection", "web/person.ts"]],
  ["exiting", /\bDeno\.exit\b/, ["server.ts", "cli.ts"]],
  ["the console", /\bconsole\./, ["server.ts", "cli.ts"]],
];

const FILES = PERMITTED ? ["", "src/", "web/"].flatMap((folder) => pathsIn(folder)).map(read) : [];
const BY_NAME = new Map(FILES.map((file) => [file.name, file]));

/** The row of what is imported under a name: its folder, or the name itself. */
function rowOf(name: string): string {
  const path = BY_NAME.get(name)?.path ?? name;
  return /^(src|web)\//.test(path) ? path.slice(0, path.lastIndexOf("/")) : path;
}

Deno.test("every folder has its row in the import table, and every row its folder", () => {
  const folders = new Set(FILES.map(({ name }) => rowOf(name)));
  const missing = [...folders].filter((folder) => MAY_SEE[folder] === undefined);
  assertEquals(missing, [], "Add these to MAY_SEE in tests/architecture_test.ts");
  const stale = Object.keys(MAY_SEE).filter((row) => !folders.has(row));
  assertEquals(stale, [], "Take these rows out of MAY_SEE in tests/architecture_test.ts");
});

Deno.test("the imports of a file are found, and types told from values", () => {
  const { imports = [] } = BY_NAME.get("server/engine") ?? {};
  const found = (name: string) => imports.find((imported) => imported.name === name)?.typesOnly;
  assertEquals(
    [
      found("core/hub"),
      found("server/memory_store"),
      found("core/state/effects"),
      found("core/log/log"),
    ],
    [false, false, true, undefined],
  );
});

Deno.test("the import table itself points one way", () => {
  const rows = Object.keys(MAY_SEE);
  rows.forEach((name, row) => {
    for (const seen of MAY_SEE[name] ?? []) {
      const outside = /@|:|\.json$|^unhomoglyph$|\/dist$|jose$/.test(seen);
      const place = rows.indexOf(seen);
      assert(
        outside || place >= 0 && place < row,
        `${name} may see ${seen}, which must stand above`,
      );
    }
  });
});

for (const { name, path, imports } of FILES) {
  Deno.test(`${path} imports what its folder may`, () => {
    const allowed = MAY_SEE[rowOf(name)] ?? [];
    const wrong = imports.filter((imported) => {
      const row = rowOf(imported.name);
      return row !== rowOf(name) && !allowed.includes(row) &&
        !(imported.typesOnly && allowed.includes(`type ${row}`));
    }).map((imported) => `${imported.typesOnly ? "type " : ""}${imported.name}`);
    assertEquals(wrong, [], `${path} may see only ${allowed.join(", ") || "nothing"}`);
  });
}

Deno.test("no file needs itself, by whatever way", () => {
  const done = new Set<string>();
  const visit = (name: string, way: string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    done.add(name);
    // Types are gone when the program runs.
    const values = BY_NAME.get(name)?.imports.filter(({ typesOnly }) => !typesOnly) ?? [];
    for (const imported of values) {
      const circle = visit(imported.name, [...way, name]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const { name } of FILES) assertEquals(visit(name, [])?.join(" > "), undefined);
});

for (const [what, pattern, files] of ONLY_IN) {
  Deno.test(`${what} stands in ${files.join(" and ")} only`, () => {
    const found = FILES.filter(({ code }) => pattern.test(code)).map(({ name }) => name);
    assertEquals(found.filter((name) => !files.includes(name)), []);
  });
}

/**
 * Rules for each file by itself: tested, short, and pure where it is to be.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { isPure } from "../tools/check_marked.ts";
import "./support/ignore_unpermitted.ts";
import { PERMITTED } from "./support/permissions.ts";
import { pathsIn, read } from "./support/source_files.ts";

/** Files whose test is not where {@linkcode testOf} says, or that cannot have one. */
const TESTED_BY: Record<string, string | null> = {
  "client/limits": "client/outbox_test.ts",
  "client/token": "client/client_token_test.ts",
  "client/room_events": "client/room_test.ts",
  "cli/words/shown": null,
  "cli/moderate": "cli/room_view_test.ts",
  "cli/unsent": "cli/session_test.ts",
  "cli/words/room_words": "cli/words/render_test.ts",
  "cli/look_up": "cli/room_view_test.ts",
  "cli/screen/screen": "cli/screen/terminal_test.ts",
  "cli/screen/line_screen": "cli/reader_test.ts",
  "auth/sign": "daemon/token_command_test.ts",
  "client/outbox_store": "client/offline_test.ts",
  "client/shared/shared_leader": "client/shared/shared_test.ts",
  "client/shared/shared_outbox": "client/shared/shared_test.ts",
  "client/shared/shared_socket": "client/shared/shared_test.ts",
  "client/shared/shared_words": "client/shared/shared_test.ts",
  "store/jetstream/nats": "store/jetstream/options_test.ts",
  "store/jetstream/link/marks": "cluster/restore_test.ts",
  "store/jetstream/link/life": "cluster/restore_test.ts",
  "store/jetstream/link/streams": "store/jetstream/link/link_test.ts",
  "store/jetstream/link/history": "store/jetstream/store_test.ts",
  "store/jetstream/publisher": "cluster/moderation_test.ts",
  "store/jetstream/link/socket_errors": "store/jetstream/link/link_test.ts",
  "store/jetstream/link/publish": "cluster/nats_refusals_test.ts",
  "store/jetstream/room_records": "store/jetstream/store_test.ts",
  "store/jetstream/pages": "store/jetstream/store_test.ts",
  "store/jetstream/kept_roster": "store/jetstream/room_test.ts",
  "store/jetstream/link/stream_message": "store/jetstream/link/link_test.ts",
  "store/jetstream/targets": "store/jetstream/changes_test.ts",
  "store/cluster/ascii_json": "store/cluster/judgement_test.ts",
  "core/log/message_fold": "core/log/message_states_test.ts",
  "core/log/logged_states": "core/log/message_states_test.ts",
  "store/jetstream/markers": "store/jetstream/store_test.ts",
  "store/sqlite/markers": "store/sqlite/store_test.ts",
  "store/sqlite/history": "store/sqlite/store_test.ts",
  "store/sqlite/file/private_file": "store/sqlite/file/database_test.ts",
  "store/sqlite/scrubber": "store/sqlite/states_test.ts",
  "store/sqlite/revocations": "wire/v1_tokens_test.ts",
  "store/sqlite/file/lock": "store/sqlite/file/database_test.ts",
  "store/sqlite/writes": "store/sqlite/store_test.ts",
  "store/sqlite/transactions": "store/sqlite/store_test.ts",
  "store/jetstream/asked": "store/jetstream/store_test.ts",
  "store/sqlite/room": "store/sqlite/store_test.ts",
  // The suite that each implementation runs through.
  "core/store/store": "store/suite/suite_test.ts",
  "store/suite/bench": "store/suite/suite_test.ts",
  "store/suite/search": "store/suite/suite_test.ts",
  "store/suite/changes": "store/suite/suite_test.ts",
  "store/suite/markers": "store/suite/suite_test.ts",
  "store/suite/history": "store/suite/suite_test.ts",
  "store/suite/moderation": "store/suite/suite_test.ts",
  "store/suite/drafts": "store/suite/suite_test.ts",
  "store.ts": "examples/file_store_test.ts",
  "protocol/reading": "protocol/decode_test.ts",
  "protocol/limits": "protocol/frames_test.ts",
  "protocol/changes": "protocol/decode_test.ts",
  "protocol/decode_message": "protocol/decode_test.ts",
  "protocol/fields": "protocol/decode_test.ts",
  "protocol/close_codes": "protocol/frames_test.ts",
  "protocol/hello": "protocol/decode_test.ts",
  "protocol/link_frames": "protocol/decode_test.ts",
  "server/engine_store": "server/hostile_store_test.ts",
  "server/inside": "ops/ops_test.ts",
  "ops/families": "ops/exposition_test.ts",
  "ops/usage": "ops/ops_test.ts",
  "server/connections/connections": "server/engine_test.ts",
  "server/admission/machine": "daemon/flags/flags_test.ts",
  "server/page_files": "tools/build_page_test.ts",
  "server/memory_store": "server/chat_test.ts",
  "server/connections/terminate": "server/connections/closed_sockets_test.ts",
  "server.ts": "deploy/server_process_test.ts",
  // Types only.
  "core/state/effects": null,
  "core/authority/authenticate": null,
  "client/options": null,
  "protocol/moderation": null,
  "store/jetstream/snapshot": null,
  "store/jetstream/room_setting": null,
};

/** Words that a pure module cannot use, besides what does not compile there. */
const IMPURE =
  /\basync\b|\bawait\b|\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b|\bcrypto\b|\bDeno\b|\bconsole\b/;

const MAX_LINES = 500;

/** Names of two types: the ends of a connection, at the client and at the server. */
const MANY_MEANINGS = ["Connection"];

/**
 * Files and folders that let time pass, and why. Every other test waits for a condition
 * (`until`, `bounded`), or turns the clock that it hands in.
 */
const REAL_TIME: Record<string, string> = {
  "tests/attacks/": "what attackers do takes its time, and so does what is measured of it",
  "tests/bench/tampering_proxy.ts": "it stalls a connection",
  "tests/chaos/": "faults last, and clocks of processes go on meanwhile",
  "tests/client/client_errors_test.ts": "a timeout that was left behind would come later",
  "tests/client/client_membership_test.ts": "what is asked for too often would come meanwhile",
  "tests/client/client_reconnect_test.ts": "a server says how long to wait",
  "tests/client/reconnect_test.ts": "what a busy client sends would come meanwhile",
  "tests/deploy/deploy_proxy_test.ts": "a request that comes byte by byte",
  "tests/runtimes/browser_page_test.ts": "a page is silent for longer than a server waits",
  "tests/store/sqlite/store_test.ts": "what is tried again at once would come meanwhile",
  "tests/support/fault_proxy_test.ts": "what a blackhole lets through would come meanwhile",
  "tests/support/page_client.ts": "a server says how long to wait",
  "tests/support/scripted_server.ts": "a flood has a rate",
  "tests/support/waiting.ts": "it is where waiting is made of time",
  "tests/wire/server_sequences.ts": "sequences about time say how much passes",
  "tests/wire/v1_limits_test.ts": "a server says how long to wait",
};

/** A call of `pause` of the tests, or a promise made of a timer. */
const SLEEP = /(?<![.\w#])(?<!async |function )pause\((?!\w+:)|Promise[^;]*\bsetTimeout\(resolve/;

/** A doc comment that begins like a question. */
const ASKING = /\/\*\*\s*(?:\*\s*)?(?:What|How|Whether)\b.*/g;

/** Folders in which no doc comment begins with any question word. */
const READ_OVER = ["src/cli/", "src/protocol/", "src/store/"];

/** A doc comment that begins with a place, a time or a reason, before its subject. */
const CIRCLING = /\/\*\*\s*(?:\*\s*)?(?:Where|When|Why|Who|Which)\b.*/g;

/** Words of sentences that wind, where there is a plainer one: "`most` messages", "those that". */
const WINDING = /.*\b(?:so many|whom|of which|how manieth|far away)\b.*/g;

const FILES = PERMITTED ? [...pathsIn(""), ...pathsIn("src/")].map(read) : [];
const AROUND = PERMITTED
  ? ["web/", "tests/", "tools/", "bench/", "examples/"].flatMap((folder) => pathsIn(folder)).map(
    read,
  )
  : [];
const PAGES = PERMITTED ? [...pathsIn("", ".md"), ...pathsIn("docs/", ".md")].map(read) : [];

Deno.test("pure modules use no clock, no chance and no platform", () => {
  const pure = FILES.filter(({ path, text }) => isPure(path, text));
  assert(pure.length > 10);
  const impure = pure.flatMap(({ path, code }) => code.match(IMPURE)?.map((word) => [path, word]));
  assertEquals(impure.filter((found) => found !== undefined), []);
});

/** The place of the test of a file: at the same path, and that of a program in the folder of its name. */
function testOf(name: string): string {
  const program = name.match(/^(\w+)\.ts$/)?.[1];
  return program === undefined ? `${name}_test.ts` : `${program}/${program}_test.ts`;
}

Deno.test("every file has a test at the same path", () => {
  const tests = new Set(pathsIn("tests/"));
  const untested = FILES.filter(({ name, code }) => {
    const test = TESTED_BY[name];
    if (test === null) return /^export (?!type|interface)/m.test(code);
    return !tests.has(`tests/${test ?? testOf(name)}`);
  });
  assertEquals(untested.map(({ path }) => path), [], "Write their tests");
});

Deno.test("the name of a type means one thing", () => {
  const declared = FILES.flatMap(({ path, code }) =>
    [...code.matchAll(/^(?:export )?(?:class|interface|type) (\w+)/gm)]
      .map(([, name = ""]) => ({ name, path }))
  );
  assert(declared.length > 200);
  const twice = [...Map.groupBy(declared, ({ name }) => name)]
    .filter(([name, places]) => places.length > 1 && !MANY_MEANINGS.includes(name))
    .map(([name, places]) => [name, ...places.map(({ path }) => path)]);
  assertEquals(twice, []);
});

Deno.test("doc comments begin with a noun or a verb", () => {
  const found = [...FILES, ...AROUND].flatMap(({ path, text }) =>
    text.match(ASKING)?.map((comment) => `${path}: ${comment}`) ?? []
  );
  assertEquals(found, []);
});

Deno.test("doc comments of folders that were read over begin with their subject", () => {
  const found = FILES.filter(({ path }) => READ_OVER.some((folder) => path.startsWith(folder)))
    .flatMap(({ path, text }) =>
      text.match(CIRCLING)?.map((comment) => `${path}: ${comment}`) ?? []
    );
  assertEquals(found, []);
});

Deno.test("sentences go straight on", () => {
  const found = [...FILES, ...PAGES].flatMap(({ path, text }) =>
    text.match(WINDING)?.map((line) => `${path}: ${line}`) ?? []
  );
  assertEquals(found, []);
});

Deno.test("tests wait for conditions, and let time pass only where it is their subject", () => {
  const asleep = AROUND.filter(({ path, code }) => path.startsWith("tests/") && SLEEP.test(code))
    .map(({ path }) => path);
  const reasons = Object.keys(REAL_TIME);
  const without = asleep.filter((path) => !reasons.some((place) => path.startsWith(place)));
  assertEquals(without, [], "Wait for a condition with `until` of tests/support/waiting.ts");
  const stale = reasons.filter((place) => !asleep.some((path) => path.startsWith(place)));
  assertEquals(stale, [], "Take these out of REAL_TIME");
});

Deno.test(`no file has more than ${MAX_LINES} lines`, () => {
  const all = [...FILES, ...AROUND];
  const long = all.filter(({ text }) => text.split("\n").length - 1 > MAX_LINES);
  assertEquals(long.map(({ path }) => path), []);
});

import { assert, assertEquals } from "@std/assert";
import { FAMILIES } from "../../src/ops/families.ts";
import { findProgram, PERMITTED } from "../support/permissions.ts";

const ROOT = new URL("../../", import.meta.url);

/** The names as they are in `/metrics`. */
const NAMES = FAMILIES.map(({ name, type }) =>
  type === "counter" ? `${name}_total` : type === "info" ? `${name}_info` : name
);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Finds the names of metrics in a text, without the endings of histograms. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:parley|process)_[a-z_]+/g)]
    .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ""));
}

Deno.test(
  "docs/operate.md has a row for each metric, in their order",
  { ignore: !PERMITTED },
  () => {
    const rows = [...read("docs/operate.md").matchAll(/^\| `((?:parley|process)_\w+)`/gm)];
    assertEquals(rows.map(([, name]) => name), NAMES);
  },
);

for (const path of ["docs/dashboard.json", "docs/alerts.yml"]) {
  Deno.test(`${path} asks for metrics that there are`, { ignore: !PERMITTED }, () => {
    const asked = new Set(namesIn(read(path)));
    assert(asked.size > 5);
    assertEquals([...asked].filter((name) => !NAMES.includes(name)), []);
  });
}

Deno.test("the dashboard shows every metric but the facts of the build and the start", {
  ignore: !PERMITTED,
}, () => {
  const asked = namesIn(read("docs/dashboard.json"));
  assertEquals(NAMES.filter((name) => !asked.includes(name)), [
    "parley_build_info",
    "parley_connections_opened_total",
    "parley_requests_total",
    "parley_gap_entries_total",
    "process_start_time_seconds",
  ]);
  const panels = JSON.parse(read("docs/dashboard.json")).panels;
  assertEquals(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length);
});

Deno.test("promtool takes the alert rules", {
  ignore: findProgram("promtool") === undefined,
}, async () => {
  const { code, stderr } = await new Deno.Command("promtool", {
    args: ["check", "rules", "docs/alerts.yml"],
    cwd: ROOT,
    stdout: "null",
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

/**
 * The figures that chaos tests are to reach, what they found, and the page that says both.
 *
 * @module
 */

import { type Row, ROWS } from "./scoreboard_rows.ts";

/** The report of a test: see `tests/chaos/setting.ts`. */
export interface Report {
  row: string;
  what: string;
  figures: Record<string, string | number>;
  missed: string[];
}

/** One run of `deno task chaos`. */
export interface Run {
  /** The day it began, like `2026-11-25`. */
  date: string;
  minutes: number;
  /** The machine that it ran on, in words. */
  machine: string;
}

/** The findings of a row. */
export interface Finding {
  /** The seed of its run. */
  seed: string;
  /** `true` where a test of it failed. */
  failed: boolean;
  reports: Omit<Report, "row">[];
}

/** All findings: each row with the last run in which all its tests took part. */
export interface Scoreboard {
  /** The runs by their seeds. */
  runs: Record<string, Run>;
  rows: Record<string, Finding>;
}

/** `before` with what a run found about `rows`; runs that no row is from any more are dropped. */
export function withRun(
  before: Scoreboard,
  seed: string,
  run: Run,
  rows: Record<string, Finding>,
): Scoreboard {
  const merged = { ...before.rows, ...rows };
  const inOrder = Object.keys(ROWS).flatMap((row): [string, Finding][] => {
    const finding = merged[row];
    return finding === undefined ? [] : [[row, finding]];
  });
  const seeds = new Set(inOrder.map(([, finding]) => finding.seed));
  const runs = Object.entries({ ...before.runs, [seed]: run }).filter(([it]) => seeds.has(it));
  return { runs: Object.fromEntries(runs), rows: Object.fromEntries(inOrder) };
}

/** The page about a scoreboard, in Markdown that is not formatted yet. */
export function scoreboardPage(
  { runs, rows }: Scoreboard,
  all: Readonly<Record<string, Row>> = ROWS,
): string {
  const parts = [...Map.groupBy(Object.entries(all), ([, { part }]) => part)];
  const table = parts.map(([part, own]) => overview(part, own.map(([row]) => row), rows));
  const sections = parts.map(([part, own]) =>
    [`## ${part}`, ...own.map(([row, it]) => section(row, it, rows[row]))].join("\n\n")
  );
  const list = Object.entries(runs).map(([seed, { date, minutes, machine }]) =>
    `- ${date}, seed ${seed}, ${minutes.toFixed(0)} minutes: ${machine}`
  );
  return `# Scoreboard

What \`deno task chaos\` found. Every message that was sent is followed to every subscriber:

- _lost_ is acknowledged and absent,
- _told missing_ is absent, and the subscriber was told so,
- a _silent gap_ is a jump in a room's log that nobody spoke of.

R1 and R3 have the store in SQLite. R2, R9 and what names several nodes have NATS. All others are one
node in memory unless they name a store. \`deno task chaos r06\` tries one row again, and
\`CHAOS_SEED\` repeats a run.

| part | reached | other rows |
| --- | --- | --- |
${table.join("\n")}

${sections.join("\n\n")}

## Runs

${list.join("\n")}
`;
}

/** The line of the overview about the rows of a part. */
function overview(part: string, own: readonly string[], rows: Scoreboard["rows"]): string {
  const byResult = Map.groupBy(own, (row) => resultOf(rows[row]));
  const reached = byResult.get(REACHED)?.join(" ") ?? "";
  byResult.delete(REACHED);
  const others = [...byResult].map(([result, its]) => `${its.join(" ")}: ${result}`);
  const anchor = part.toLowerCase().replaceAll(" ", "-");
  return `| [${part}](#${anchor}) | ${reached} | ${others.join("; ")} |`;
}

function section(row: string, { figure, since = {}, note }: Row, finding?: Finding): string {
  const result = `${resultOf(finding)}.${finding === undefined ? "" : ` Seed ${finding.seed}.`}`;
  const looksFor = Object.entries(since).map(([date, what]) =>
    `Since ${date} it looks for ${what}.`
  );
  return [`### ${row}: ${figure}`, result, measured(finding?.reports ?? []), ...looksFor, note]
    .filter((part) => part !== undefined && part !== "").join("\n\n");
}

/** The reports of a row. Where they are many, those that reached the figure are folded away. */
function measured(reports: Finding["reports"]): string {
  if (reports.length <= MOST_SHOWN) return reports.map(measurement).join("\n");
  const [missed, reached] = [true, false].map((isMissed) =>
    reports.filter(({ missed }) => missed.length > 0 === isMissed).map(measurement)
  );
  const folded = ["<details>", `<summary>Reached: ${reached!.length}</summary>`];
  return [missed!.join("\n"), folded.join("\n"), reached!.join("\n"), "</details>"]
    .filter((part) => part !== "").join("\n\n");
}

/** The line of one report: what was missed, the figures, and last the names of those that are 0. */
function measurement({ what, figures, missed }: Finding["reports"][number]): string {
  const [none = [], some = []] = [true, false].map((isNone) =>
    Object.entries(figures).filter(([name, value]) =>
      (value === 0 && !MEASURED.test(name)) === isNone
    )
  );
  const told = some.map(([name, value]) => `${name} ${value}`);
  if (none.length > 0) told.push(`zero: ${none.map(([name]) => name).join(" · ")}`);
  // Names of misses repeat what was tried.
  const names = missed.map((name) => name.replace(` (${what})`, "").replace(` of ${what}`, ""));
  const result = names.length > 0 ? ` (${MISSED}: ${names.join(", ")})` : "";
  return `- _${what}_${result}: ${told.join(" · ")}`;
}

function resultOf(finding: Finding | undefined): string {
  if (finding === undefined) return "Not run";
  if (finding.failed) return "**Not reached**";
  return finding.reports.some(({ missed }) => missed.length > 0) ? MISSED : REACHED;
}

const REACHED = "Reached";
const MISSED = "**Missed**";

/** Names of figures with a unit, which are measured and not counted. */
const MEASURED = /\b(?:MB|ms|s)\b|%/;

/** The most reports of a row that are shown when the page is opened. */
const MOST_SHOWN = 6;

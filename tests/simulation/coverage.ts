/**
 * The pairs of what happened and the state in which it did, counted over many worlds.
 *
 * @module
 */

/** The states of those that things happen to. */
export const STATES: Readonly<Record<string, readonly string[]>> = {
  person: [
    "new",
    "connecting",
    "connected",
    "in a room",
    "sending",
    "reconnecting",
    "closed",
    "gone",
  ],
  plain: ["new", "connecting", "connected", "in a room"],
  stranger: ["new", "connecting", "connected", "in a room"],
  node: ["up", "closing", "down"],
};

/** Writes the counts as a table: a row for each thing that happened, a column for each state. */
export function coverageTable(coverage: ReadonlyMap<string, number>): string {
  const rows = new Map<string, Map<string, number>>();
  for (const [pair, count] of coverage) {
    const [what = "", state = ""] = pair.split(" | ");
    const row = rows.get(what) ?? new Map<string, number>();
    rows.set(what, row.set(state, count));
  }
  const states = [...new Set(Object.values(STATES).flat())];
  const lines = [...rows].toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([what, row]) => [what, ...states.map((state) => `${row.get(state) ?? ""}`)]);
  const table = [["", ...states], ...lines];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    )
      .join("  ")
  ).join("\n");
}

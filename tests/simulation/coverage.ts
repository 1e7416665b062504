/**
 * The pairs of what happened and the state in which it did, counted over many worlds.
 *
 * @module
 */

/** The states of those that things happen to. */
export const STATES: readonly string[] = [
  "new",
  "connecting",
  "connected",
  "in a room",
  "sending",
  "reconnecting",
  "closed",
  "gone",
  "up",
  "closing",
  "down",
];

/** Things that somebody does in a room. */
const IN_ROOM = [
  ...["leave", "say", "typing", "history"],
  ...["answer", "edit", "redact", "react", "unreact", "read", "role", "kick", "link", "admit"],
];

/** The reason why something cannot happen in a state; undefined where it can. */
export function reasonAgainst(what: string, state: string): string | undefined {
  const [kind = "", verb = ""] = what.split(" ");
  const isNode = ["up", "closing", "down"].includes(state);
  if (kind === "nats") return state === "up" ? undefined : "it is always up here";
  if ((kind === "node") !== isNode) return "it is the state of somebody else";
  if (kind === "node") {
    if (verb === "start") return state === "down" ? undefined : "it runs already";
    if (state === "down") return "it does not run";
    return ["stop", "delete"].includes(verb) && state === "closing" ? "it is closing" : undefined;
  }
  if (kind === "net") {
    return verb !== "stall" && ["new", "gone"].includes(state) ? "it has no connection" : undefined;
  }
  if (kind !== "person") {
    if (["sending", "reconnecting", "closed", "gone"].includes(state)) {
      return "only real clients are that";
    }
    if (verb === "connect") return state === "new" ? undefined : "it has one connection";
    return ["new", "connecting"].includes(state) ? "it has no open connection" : undefined;
  }
  if (verb === "return") return state === "gone" ? undefined : "its program runs";
  if (state === "gone") return "its program has ended";
  if (verb === "connect") return ["new", "closed"].includes(state) ? undefined : "it has a client";
  if (state === "new") return "it has no client yet";
  const hasNoRoom = ["connected", "closed"].includes(state);
  return IN_ROOM.includes(verb) && hasNoRoom ? "it is in no room" : undefined;
}

/** Finds something that can happen in a state in which it was not seen; undefined where all were. */
export function unseen(coverage: ReadonlyMap<string, number>): string | undefined {
  for (const what of new Set([...coverage.keys()].map((pair) => pair.split(" | ")[0]!))) {
    for (const state of STATES) {
      if (reasonAgainst(what, state) === undefined && !coverage.has(`${what} | ${state}`)) {
        return what;
      }
    }
  }
  return undefined;
}

/** Writes the counts as a table: a row for each thing that happened, a column for each state; `-` is what cannot be. */
export function coverageTable(coverage: ReadonlyMap<string, number>): string {
  const rows = new Map<string, Map<string, number>>();
  for (const [pair, count] of coverage) {
    const [what = "", state = ""] = pair.split(" | ");
    const row = rows.get(what) ?? new Map<string, number>();
    rows.set(what, row.set(state, count));
  }
  const missing: string[] = [];
  const cell = (what: string, state: string, count: number | undefined) => {
    if (count !== undefined) return `${count}`;
    if (reasonAgainst(what, state) !== undefined) return "-";
    missing.push(`${what} | ${state}`);
    return "0";
  };
  const lines = [...rows].toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([what, row]) => [what, ...STATES.map((state) => cell(what, state, row.get(state)))]);
  const table = [["", ...STATES], ...lines];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const text = table.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join("  ")
  );
  const seen = [...coverage.keys()].length;
  const end = missing.length === 0
    ? `All ${seen} pairs that can be were seen.`
    : `${seen} pairs were seen, and ${missing.length} that can be were not: ${missing.join(", ")}`;
  return [...text, end].join("\n");
}

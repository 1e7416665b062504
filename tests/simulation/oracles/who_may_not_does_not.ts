import type { Entry } from "../../../src/protocol/frames.ts";
import type { Oracle } from "../oracle.ts";

/** Nothing is in a log that its author was not allowed to write, by the roles that the log gave before. */
export function whoMayNotDoesNot(): Oracle {
  const roles = new Map<string, string>();
  return (sight) => {
    if (sight.type !== "stored") return undefined;
    const { book: { epoch }, entry } = sight;
    const role = roles.get(`${epoch} ${entry.from}`);
    if ("event" in entry && entry.event === "role") {
      roles.set(`${epoch} ${entry.to}`, entry.role);
    }
    if (role === undefined || ALLOWED[needOf(entry)]?.includes(role) !== false) return undefined;
    return `${entry.from} is ${role}, and ${JSON.stringify(entry)} is stored`;
  };
}

/** The roles that each kind of entry is allowed to. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  come: ["reader", "member", "moderator", "owner"],
  say: ["member", "moderator", "owner"],
  moderate: ["moderator", "owner"],
};

function needOf(entry: Entry): string {
  if (!("event" in entry)) return "say";
  if (["join", "back", "rename"].includes(entry.event)) return "come";
  // One may give oneself a lower role.
  const isOwn = entry.event === "role" && entry.to === entry.from;
  return ["role", "kick"].includes(entry.event) && !isOwn ? "moderate" : "";
}

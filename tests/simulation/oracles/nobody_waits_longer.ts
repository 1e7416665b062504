import type { Oracle } from "../oracle.ts";

/** Whatever is promised to end in time does. */
export function nobodyWaitsLonger(): Oracle {
  return (sight, { promises, timeline: { now } }) => {
    if (sight.type !== "tick") return undefined;
    for (const { process, what, until } of promises) {
      const late = now - Math.max(until, process.stoodUntil + 100);
      if (late > 0 && process.alive) return `${what} takes longer than promised`;
    }
    return undefined;
  };
}

import type { Oracle } from "../oracle.ts";

/** Worlds that have ended hold nothing. */
export function endedHoldsNothing(): Oracle {
  return (sight, { people, network }) => {
    if (sight.type === "empty") {
      for (const { name, process, reading } of people) {
        if (!process.alive) continue;
        if (process.timers.size > 0) {
          return `${name} is closed, and has ${process.timers.size} timers`;
        }
        if (reading > 0) return `${name} is closed, and reads ${reading} rooms`;
      }
      // A kernel waits long for a peer that is gone without a word.
      const { length } = [...network.links].filter(({ broken }) => broken !== "lost");
      if (length > 0) return `Everybody is gone, and ${length} connections are there`;
    }
    if (sight.type === "closed") {
      const { name, process, chat } = sight.node;
      if (process.timers.size > 0) {
        return `${name} has closed, and has ${process.timers.size} timers`;
      }
      const { connections = 0 } = chat?.size ?? {};
      if (connections > 0) return `${name} has closed, and has ${connections} connections`;
    }
    return undefined;
  };
}

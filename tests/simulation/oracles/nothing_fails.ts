import type { Oracle } from "../oracle.ts";

/** No program has a fault: no error in the log of a server, nothing thrown, no rejection that nobody takes. */
export function nothingFails(): Oracle {
  return (sight) => {
    if (sight.type === "logged" && sight.line.level === "error") {
      // Disks may be full.
      if (sight.line.event === "store cannot write") return undefined;
      return `${sight.node.name} logs ${sight.line.event} ${JSON.stringify(sight.line.fields)}`;
    }
    return undefined;
  };
}

import type { Oracle } from "../oracle.ts";

/** Nobody is sent away for good who keeps to the protocol. */
export function nobodyIsSentAway(): Oracle {
  return (sight) => {
    if (sight.type !== "status" || sight.status.type !== "closed") return undefined;
    const { person, status: { code, reason } } = sight;
    return code >= 4500 ? `${person} is sent away: ${code} ${reason}` : undefined;
  };
}

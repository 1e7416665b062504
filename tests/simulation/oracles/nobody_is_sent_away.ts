import type { Oracle } from "../oracle.ts";

/** Nobody is sent away for good who keeps to the protocol. */
export function nobodyIsSentAway(): Oracle {
  return (sight, { greeted, people }) => {
    if (sight.type !== "status" || sight.status.type !== "closed") return undefined;
    const { person, status: { code, reason } } = sight;
    // The hello of a page that was loaded again at once may come behind that of the next one.
    const { process } = people.find(({ name }) => name === person)!;
    if (greeted.get(person) !== process) return undefined;
    return code >= 4500 ? `${person} is sent away: ${code} ${reason}` : undefined;
  };
}

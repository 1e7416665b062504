import type { Oracle } from "../oracle.ts";

/** When all has mended, whatever is said is stored soon. */
export function saidInCalmIsStored(): Oracle {
  let isCalm = false;
  const waiting = new Map<string, string>();
  return (sight, world) => {
    if (sight.type === "calm") isCalm = true;
    if (sight.type === "said" && isCalm) waiting.set(sight.mark, sight.person);
    if (sight.type === "acknowledged") waiting.delete(sight.mark);
    // Rooms that were deleted are told of now, and who may read only is told so.
    if (sight.type === "refused" && (world.deleted.size > 0 || sight.code === "forbidden")) {
      waiting.delete(sight.mark);
    }
    if (sight.type !== "settled") return undefined;
    const [first] = waiting;
    return first && `${first[0]} of ${first[1]} is said in a calm world, and not acknowledged`;
  };
}

import type { Oracle } from "../oracle.ts";

/** An empty world has no rooms open at its servers. */
export function emptyWorldsHaveNoRooms(): Oracle {
  return (sight, { nodes }) => {
    if (sight.type !== "empty") return undefined;
    const node = nodes.find(({ chat }) =>
      (chat?.size.rooms ?? 0) + (chat?.size.connections ?? 0) > 0
    );
    return node && `Everybody is gone, and ${node.name} has ${JSON.stringify(node.chat!.size)}`;
  };
}

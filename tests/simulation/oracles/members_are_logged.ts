import type { Oracle } from "../oracle.ts";

/** The member list of a client is that of the log where the client is in it. */
export function membersAreLogged(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type !== "seen" || !("seq" in sight.event)) return undefined;
    const { reader: { room, person, chat }, event } = sight;
    // Later entries may have come in the same frame. What lies in a gap is asked for first.
    const isBehind = event.seq !== room.cursor || event.seq < room.head;
    if (isBehind || event.epoch !== room.epoch) return undefined;
    if (Reflect.get(room, "stale") === true || !room.presence) return undefined;
    const logged = chronicle.books.get(event.epoch)?.members(event.seq);
    const where = `${person} at ${event.seq} of ${room.name}`;
    // A room that has been empty tells again who comes, before the entry of the first who does.
    if (logged === undefined) return undefined;
    // A client is told that it is in the room before the entry comes that says so.
    const others = [...room.members.values()].filter(({ clientId }) => clientId !== chat.clientId);
    const [has, should] = [
      others.map(({ clientId, name, away }) => textOf(clientId, name, away)),
      [...logged].filter(([id]) => id !== chat.clientId)
        .map(([id, { name, away }]) => textOf(id, name, away)),
    ].map((members) => members.toSorted().join(", "));
    return has === should ? undefined : `${where} has members ${has}, and the log ${should}`;
  };
}

function textOf(id: string, name: string | undefined, away: boolean | undefined): string {
  return `${id} ${name ?? "-"}${away ? " away" : ""}`;
}

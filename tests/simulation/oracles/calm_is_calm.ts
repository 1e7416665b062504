import type { Oracle } from "../oracle.ts";

/** When all has mended, everybody is connected and up to date, and the members of rooms are who is there. */
export function calmIsCalm(): Oracle {
  return (sight, world) => {
    if (sight.type !== "calm") return undefined;
    const waiting = [...world.promises].find(({ process }) => process.alive);
    if (waiting !== undefined) return `${waiting.what} has no end`;
    const epochs = new Map<string, string>();
    for (const person of world.people) {
      const { chat, name } = person;
      if (chat === undefined || !person.process.alive) continue;
      const { status } = chat;
      if (status.type === "closed") continue;
      if (status.type !== "connected") return `${name} is ${JSON.stringify(status)}`;
      for (const room of chat.rooms.values()) {
        if (world.deleted.has(room.id)) continue;
        const book = world.chronicle.books.get(room.epoch);
        if (book === undefined) return `${name} is in ${room.name}, which no log is of`;
        if (room.cursor < book.head) {
          return `${name} is at ${room.cursor} of ${book.head} in ${room.name}`;
        }
        epochs.set(room.id, room.epoch);
      }
    }
    for (const [roomId, epoch] of epochs) {
      const logged = world.chronicle.books.get(epoch)!.members();
      if (logged === undefined) continue;
      const there = world.places().filter((place) => place[1] === roomId).map(([id]) => id);
      const has = [...logged].map(([id, { away }]) => `${id}${away ? " away" : ""}`);
      const [a, b] = [has.toSorted().join(", "), there.toSorted().join(", ")];
      if (a !== b) return `Room ${roomId} has ${a}; there are ${b}`;
    }
    return undefined;
  };
}

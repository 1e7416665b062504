/**
 * Oracles, which say what must be so in every simulated world. An oracle is a function that is told what happens, and
 * returns a sentence where that is not so. To add one, write it here and add it to {@linkcode ORACLES}.
 *
 * @module
 */

import type { Entry } from "../../src/protocol/frames.ts";
import type { LogLine } from "../support/recording_logger.ts";
import { type LogBook, markOf } from "./chronicle.ts";
import type { Observation, Reader } from "./person.ts";
import type { ServerNode } from "./server_node.ts";
import type { World } from "./world.ts";

/** Everything that oracles are told. */
export type Sight =
  | Observation
  /** An entry is in a log for the first time. */
  | { type: "stored"; book: LogBook; entry: Entry }
  /** A server has logged a line. */
  | { type: "logged"; node: ServerNode; line: LogLine }
  /** Half a second has passed. */
  | { type: "tick" }
  /** All faults are over, and what came of them should be: from now on nothing changes by itself. */
  | { type: "mended" }
  /** All faults are over, and there was time enough to mend. */
  | { type: "calm" }
  /** Everybody had time to say one more thing in each room, and to see that it is stored. */
  | { type: "settled" }
  /** Everybody has gone home, and the rooms had time to end. */
  | { type: "empty" }
  /** A server has closed. */
  | { type: "closed"; node: ServerNode };

/** Says what is wrong with what has just happened; undefined where nothing is. */
export type Oracle = (sight: Sight, world: World) => string | undefined;

/** The bytes that may wait in a socket besides its high-water mark: what is sent between two looks, and one answer. */
const UNSEEN_BYTES = 4 * 65_536;

/** The timers that a program of a person may have at once, besides one for each thing that it waits for. */
const MOST_TIMERS = 64;

/** Acknowledged is what is stored, at the place that was named. */
function acknowledgedIsStored(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type !== "acknowledged") return undefined;
    const { person, mark, seq } = sight;
    const places = chronicle.places.get(mark) ?? [];
    if (places.length === 0) return `${mark} of ${person} is acknowledged, and in no log`;
    if (seq === undefined || places.some((place) => place.seq === seq)) return undefined;
    return `${mark} of ${person} is acknowledged at ${seq}, and is at ${places[0]!.seq}`;
  };
}

/** Refused is what is not stored, and never will be. */
function refusedIsAbsent(): Oracle {
  const refused = new Map<string, string>();
  return (sight, { chronicle }) => {
    if (sight.type === "refused" && !sight.mayBeStored) {
      const { mark, person, code } = sight;
      refused.set(mark, `${person} was told: ${code || "refused"}`);
      if (chronicle.places.has(mark)) return `${mark} is stored, but ${refused.get(mark)}`;
    } else if (sight.type === "said") {
      refused.delete(sight.mark);
    } else if (sight.type === "stored" && "body" in sight.entry) {
      const why = refused.get(markOf(sight.entry.body));
      if (why !== undefined) return `${markOf(sight.entry.body)} is stored, but ${why}`;
    }
    return undefined;
  };
}

/** A message is stored once, as it was said by who said it, and each author's in the order they were said. */
function storedOnce(): Oracle {
  const said = new Map<string, { clientId: string; index: number; person: string }>();
  const last = new Map<string, number>();
  return (sight, { chronicle }) => {
    if (sight.type === "said") {
      const { mark, clientId, person } = sight;
      said.set(mark, { clientId, person, index: said.size });
    } else if (sight.type === "stored" && "body" in sight.entry) {
      const mark = markOf(sight.entry.body);
      const { from, n } = sight.entry;
      const known = said.get(mark);
      if (known === undefined) return `${mark} of ${from} was never said`;
      if (chronicle.places.get(mark)!.length > 1) {
        return `${mark} of ${known.person} is stored twice`;
      }
      if (known.index < (last.get(from) ?? -1)) {
        return `${mark} of ${known.person} is stored behind what was said later (n ${n})`;
      }
      last.set(from, known.index);
    }
    return undefined;
  };
}

/** Each reader gets every entry of the log from where it begins, once, in its order, or is told of a gap. */
function readersMissNothing(): Oracle {
  interface Position {
    epoch: string;
    seq: number;
    isSure: boolean;
  }
  const positions = new Map<Reader, Position>();
  const place = (reader: Reader, epoch: string, seq: number, isSure: boolean) => {
    positions.set(reader, { epoch, seq, isSure });
    return undefined;
  };
  return (sight, { chronicle }) => {
    if (sight.type === "entered") {
      return place(sight.reader, sight.reader.epoch, sight.reader.after, true);
    }
    if (sight.type !== "seen") return undefined;
    const { reader, event } = sight;
    const { epoch, seq, isSure } = positions.get(reader)!;
    const who = `${reader.person} in ${reader.room.name}`;
    switch (event.type) {
      case "typing":
      case "closed":
        return undefined;
      case "recovered":
        return event.recovered ? undefined : place(reader, "", 0, false);
      case "gap": {
        const { fromSeq, toSeq } = event;
        if (isSure && fromSeq > seq + 1 && hasBetween(chronicle.books.get(epoch), seq, fromSeq)) {
          return `${who} was at ${seq}, and is told of a gap from ${fromSeq} to ${toSeq}`;
        }
        return place(reader, epoch, Math.max(seq, toSeq), isSure);
      }
      default: {
        const book = chronicle.books.get(event.epoch);
        const entry = book?.entries.get(event.seq);
        if (entry === undefined) {
          return `${who} sees ${event.seq} of ${event.epoch}, which no log has`;
        }
        const wrong = differenceOf(event, entry);
        if (wrong !== undefined) return `${who} sees at ${event.seq} ${wrong}`;
        place(reader, event.epoch, event.seq, true);
        if (!isSure) return undefined;
        if (epoch !== event.epoch) {
          return `${who} comes from epoch ${epoch} to ${event.epoch} without a word`;
        }
        if (event.seq <= seq) return `${who} sees ${event.seq} behind ${seq}`;
        let before = book!.before.get(event.seq)!;
        while (before > seq && !isTold(book!.entries.get(before))) {
          before = book!.before.get(before)!;
        }
        if (before > seq) return `${who} sees ${event.seq} behind ${seq}: ${before} is missing`;
        return undefined;
      }
    }
  };
}

function hasBetween(book: LogBook | undefined, after: number, before: number): boolean {
  for (const [seq, entry] of book?.entries ?? []) {
    if (seq > after && seq < before && isTold(entry)) return true;
  }
  return false;
}

/** Says whether readers see an entry: links are no event of the client. */
function isTold(entry: Entry | undefined): boolean {
  return entry === undefined || !("event" in entry) || entry.event !== "use";
}

function differenceOf(
  event: { type: string; from: string; name?: string; body?: string; sentAt: number },
  entry: Entry,
): string | undefined {
  const [type, body] = "body" in entry
    ? ["message", entry.body]
    : ["event" in entry ? entry.event : "change", undefined];
  const logged = JSON.stringify([type, entry.from, entry.name, body, entry.at]);
  const seen = JSON.stringify([event.type, event.from, event.name, event.body, event.sentAt]);
  return logged === seen ? undefined : `${seen}, and the log has ${logged}`;
}

/** A page of history is a part of the log without a hole, where it was asked for. */
function pagesAreTheLog(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type !== "page") return undefined;
    const { person, query, asked, page: { epoch, events, recovered } } = sight;
    const book = chronicle.books.get(epoch);
    if (book === undefined || book.isPartial) return undefined;
    const where = `${person} reads a page ${JSON.stringify(query)}`;
    let last: number | undefined;
    for (const event of events) {
      const entry = book.entries.get(event.seq);
      if (entry === undefined) return `${where} with ${event.seq}, which no log has`;
      const wrong = differenceOf(event, entry);
      if (wrong !== undefined) return `${where} with ${wrong}`;
      if (last !== undefined && hasBetween(book, last, event.seq)) {
        return `${where} that lacks what is behind ${last}`;
      }
      last = event.seq;
    }
    // In another life the numbers mean other entries, and may lie ahead of all there are.
    if (asked !== epoch) return undefined;
    const { before, after } = query;
    if (last !== undefined && before !== undefined && hasBetween(book, last, before)) {
      return `${where} that ends at ${last}`;
    }
    const [first] = events;
    if (first === undefined || after === undefined || recovered !== true) return undefined;
    if (first.seq > after && !hasBetween(book, after, first.seq)) return undefined;
    return `${where} that begins at ${first.seq}, and nothing is said to be missing`;
  };
}

/** Plain clients are told every message of others, in the order of the log. */
function plainClientsMissNothing(): Oracle {
  const positions = new Map<string, { epoch: string; seq: number }>();
  return (sight, world) => {
    if (sight.type === "moved") positions.delete(sight.person);
    if (sight.type !== "heard") return undefined;
    const { person, mark } = sight;
    const { chronicle } = world;
    const places = chronicle.places.get(mark);
    if (places === undefined) return `${person} hears ${mark}, which no log has`;
    const { epoch, seq } = places.at(-1)!;
    const last = positions.get(person);
    positions.set(person, { epoch, seq });
    if (last === undefined || last.epoch !== epoch) return undefined;
    if (seq <= last.seq) return `${person} hears ${mark} at ${seq} behind ${last.seq}`;
    const own = world.idOf(person);
    for (const [between, entry] of chronicle.books.get(epoch)!.entries) {
      if (between <= last.seq || between >= seq || !("body" in entry)) continue;
      if (entry.from !== own) {
        return `${person} hears ${seq} behind ${last.seq}: ${between} is missing`;
      }
    }
    return undefined;
  };
}

/** The member list of a client is that of the log where the client is in it. */
function membersAreLogged(): Oracle {
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

/** When all has mended, everybody is connected and up to date, and the members of rooms are who is there. */
function calmIsCalm(): Oracle {
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

/** When all has mended, whatever is said is stored soon. */
function saidInCalmIsStored(): Oracle {
  let isCalm = false;
  const waiting = new Map<string, string>();
  return (sight, world) => {
    if (sight.type === "calm") isCalm = true;
    if (sight.type === "said" && isCalm) waiting.set(sight.mark, sight.person);
    if (sight.type === "acknowledged") waiting.delete(sight.mark);
    // Rooms that were deleted are told of now.
    if (sight.type === "refused" && world.deleted.size > 0) waiting.delete(sight.mark);
    if (sight.type !== "settled") return undefined;
    const [first] = waiting;
    return first && `${first[0]} of ${first[1]} is said in a calm world, and not acknowledged`;
  };
}

/** In a calm world, rooms are not told that somebody comes or goes who stays. */
function nothingFlickers(): Oracle {
  let isCalm = false;
  return (sight, { people }) => {
    if (sight.type === "mended") isCalm = true;
    if (sight.type === "calm") isCalm = false;
    if (!isCalm || sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    const { event, from } = sight.entry;
    const person = people.find(({ chat, process }) => chat?.clientId === from && process.alive);
    if (person?.chat?.status.type !== "connected") return undefined;
    return `${person.name} is connected in a calm world, and the room is told: ${event}`;
  };
}

/** Who was cut off keeps its places for the grace period. */
function placesAreKept(): Oracle {
  const away = new Map<string, number>();
  return (sight, { people, nodes, chronicle }) => {
    if (sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    // Where NATS was not reached, an entry that somebody is away is older than it says.
    if (chronicle.isShared) return undefined;
    const { event, from, at } = sight.entry;
    const key = `${from} ${sight.book.epoch}`;
    const since = away.get(key);
    if (event === "away") away.set(key, at);
    else if (event !== "rename") away.delete(key);
    if (event !== "leave" || since === undefined) return undefined;
    const { graceMs, maxAway, presenceLimit } = nodes[0]!.settings;
    const person = people.find(({ chat }) => chat?.clientId === from);
    // Whoever is back may have left; where many are away, some have to go sooner.
    const isCutOff = person !== undefined &&
      (!person.process.alive || person.chat?.status.type === "reconnecting");
    if (!isCutOff || maxAway < 100 || presenceLimit < 100) return undefined;
    const isSkewed = nodes.some((node) => node.isSkewed);
    if (isSkewed || at - since >= graceMs - 600) return undefined;
    return `${person.name} is away for ${at - since} ms, and has lost its place`;
  };
}

/** Who moves from one node to another has not left, while nothing happens to nodes. */
function movesAreNoDepartures(): Oracle {
  const connectedAt = new Map<string, number>();
  return (sight, world) => {
    const { now } = world.timeline;
    if (sight.type === "status" && sight.status.type === "connected") {
      connectedAt.set(sight.person, now);
    }
    if (sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    const { graceMs, maxAway, presenceLimit } = world.nodes[0]!.settings;
    if (sight.entry.event !== "leave" || world.isTroubled) return undefined;
    if (!world.chronicle.isShared || maxAway < 100 || presenceLimit < 100) return undefined;
    const { from } = sight.entry;
    const person = world.people.find(({ chat, process }) =>
      process.alive && chat?.clientId === from && chat.rooms.has(sight.book.roomId)
    );
    if (person === undefined || now - person.leftAt < 2 * graceMs) return undefined;
    const ms = now - (connectedAt.get(person.name) ?? now);
    if (person.chat?.status.type === "closed" || ms >= graceMs - 1_000) return undefined;
    return `${person.name} has left, ${Math.round(ms)} ms behind its last connection`;
  };
}

/** Nobody is sent away for good who keeps to the protocol. */
function nobodyIsSentAway(): Oracle {
  return (sight) => {
    if (sight.type !== "status" || sight.status.type !== "closed") return undefined;
    const { person, status: { code, reason } } = sight;
    return code >= 4500 ? `${person} is sent away: ${code} ${reason}` : undefined;
  };
}

/** Whatever is promised to end in time does. */
function nobodyWaitsLonger(): Oracle {
  return (sight, { promises, timeline: { now } }) => {
    if (sight.type !== "tick") return undefined;
    for (const { process, what, until } of promises) {
      const late = now - Math.max(until, process.stoodUntil + 100);
      if (late > 0 && process.alive) return `${what} takes longer than promised`;
    }
    return undefined;
  };
}

/** Buffers, logs and timers stay within their bounds. */
function boundsHold(): Oracle {
  return (sight, { network, nodes, people }) => {
    if (sight.type !== "tick") return undefined;
    for (const { server, host } of network.links) {
      const { highWaterBytes } = (host as ServerNode).settings;
      const waiting = server.out?.waitingBytes ?? 0;
      if (waiting > highWaterBytes + UNSEEN_BYTES) {
        return `${waiting} bytes wait in a socket of a server`;
      }
    }
    for (const { name, chat, rooms, settings } of nodes) {
      if ((chat?.size.connections ?? 0) > settings.maxConnections) {
        return `${name} has too many connections`;
      }
      for (const { log } of rooms.values()) {
        if (log.size > settings.logEntries) return `A log of ${name} has ${log.size} entries`;
      }
    }
    for (const { name, process, waits } of people) {
      if (process.timers.size > MOST_TIMERS + 2 * waits) {
        return `${name} has ${process.timers.size} timers`;
      }
    }
    return undefined;
  };
}

/** No program has a fault: no error in the log of a server, nothing thrown, no rejection that nobody takes. */
function nothingFails(): Oracle {
  return (sight) => {
    if (sight.type === "logged" && sight.line.level === "error") {
      // Disks may be full.
      if (sight.line.event === "store cannot write") return undefined;
      return `${sight.node.name} logs ${sight.line.event} ${JSON.stringify(sight.line.fields)}`;
    }
    return undefined;
  };
}

/** Worlds that have ended hold nothing. */
function endedHoldsNothing(): Oracle {
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

/** An empty world has no rooms open at its servers. */
function emptyWorldsHaveNoRooms(): Oracle {
  return (sight, { nodes }) => {
    if (sight.type !== "empty") return undefined;
    const node = nodes.find(({ chat }) =>
      (chat?.size.rooms ?? 0) + (chat?.size.connections ?? 0) > 0
    );
    return node && `Everybody is gone, and ${node.name} has ${JSON.stringify(node.chat!.size)}`;
  };
}

/** All oracles; each is made anew for each world. */
export const ORACLES: Readonly<Record<string, () => Oracle>> = {
  acknowledgedIsStored,
  refusedIsAbsent,
  storedOnce,
  readersMissNothing,
  pagesAreTheLog,
  plainClientsMissNothing,
  membersAreLogged,
  calmIsCalm,
  saidInCalmIsStored,
  nothingFlickers,
  placesAreKept,
  movesAreNoDepartures,
  nobodyIsSentAway,
  nobodyWaitsLonger,
  boundsHold,
  nothingFails,
  endedHoldsNothing,
  emptyWorldsHaveNoRooms,
};

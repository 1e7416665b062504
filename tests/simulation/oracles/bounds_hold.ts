import type { Oracle } from "../oracle.ts";
import type { ServerNode } from "../server_node.ts";

/** The bytes that may wait in a socket besides its high-water mark: what is sent between two looks, and one answer. */
const UNSEEN_BYTES = 4 * 65_536;

/** The timers that a program of a person may have at once, besides one for each thing that it waits for. */
const MOST_TIMERS = 64;

/** Buffers, logs and timers stay within their bounds. */
export function boundsHold(): Oracle {
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

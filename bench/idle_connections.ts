// deno-lint-ignore-file no-console -- a program whose output is read by others
/**
 * Opens connections that say nothing but that they live, and measures what they cost the
 * server; one run a process: `deno run -A bench/idle_connections.ts '{"port":8765,"pid":1,"connections":1000}'`
 * prints one line of JSON.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import { clientFrame } from "./frames.ts";
import { joinRoom } from "./joining.ts";
import { LibcSockets } from "./libc_sockets.ts";
import { cpuSecondsOf, rssOf } from "./usage.ts";

/** Settings of the program. */
export interface IdleOptions {
  port: number;
  /** The process of the server. */
  pid: number;
  connections: number;
}

/** Figures that it measured. */
export interface IdleResult {
  connections: number;
  bytesPerConnection: number;
  connectSeconds: number;
  /** The share of a core that the server uses for their heartbeats. */
  idleCpu: number;
}

/** Connections that are opened before the first look: a server that has just started has not warmed up. */
const FIRST = 100;

/** Members of each room. */
const ROOM_SIZE = 100;

/** From the first joins to the first look, in milliseconds. */
const WARM_MS = 3_000;

/**
 * The time with nothing but heartbeats before the second look, in milliseconds: within half a
 * minute after a burst V8 gives back most of what the burst has filled.
 */
const REST_MS = 45_000;

/** The part at the end of it in which the CPU time is counted, in milliseconds. */
const CPU_MS = 3_000;

/** The time between two signs of life of a connection, in milliseconds; a server may ask for one every 25 s. */
const HEARTBEAT_MS = 20_000;

/** The time between two groups of them that do, in milliseconds. */
const STEP_MS = 100;

async function measure({ port, pid, connections }: IdleOptions): Promise<IdleResult> {
  const sockets = new LibcSockets();
  const all: number[] = [];
  let roomId: string | undefined;
  function open(until: number): void {
    while (all.length < until) {
      if (all.length % ROOM_SIZE === 0) roomId = undefined;
      const room = Math.floor(all.length / ROOM_SIZE);
      const socket = sockets.connect(port);
      all.push(socket);
      roomId = joinRoom(sockets, socket, { dialect: "parley", port, room, roomId }).id;
    }
  }
  const ping = clientFrame(`{"action":"ping"}`);
  /** Nothing but heartbeats, those of all connections spread over their interval. */
  async function rest(forMs: number): Promise<void> {
    let next = 0;
    for (let passedMs = 0; passedMs < forMs; passedMs += STEP_MS) {
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      const until = all.length * (passedMs + STEP_MS) / HEARTBEAT_MS;
      for (; next < until; next++) sockets.sendAll(all[next % all.length]!, ping);
    }
  }

  open(FIRST);
  await rest(WARM_MS);
  const before = rssOf(pid) ?? NaN;
  const startMs = performance.now();
  open(FIRST + connections);
  const connectSeconds = (performance.now() - startMs) / 1_000;
  await rest(REST_MS - CPU_MS);
  const cpu = cpuSecondsOf(pid) ?? NaN;
  await rest(CPU_MS);
  return {
    connections,
    bytesPerConnection: ((rssOf(pid) ?? NaN) - before) / connections,
    connectSeconds,
    idleCpu: ((cpuSecondsOf(pid) ?? NaN) - cpu) / (CPU_MS / 1_000),
  };
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(Deno.args[0] ?? "{}"))));
    Deno.exit(0);
  } catch (error) {
    console.error(reasonOf(error));
    Deno.exit(1);
  }
}

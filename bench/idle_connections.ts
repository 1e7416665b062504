// deno-lint-ignore-file no-console -- a program whose output is read by others
/**
 * Opens connections that say nothing, and measures what they cost the server; one run a
 * process: `deno run -A bench/idle_connections.ts '{"port":8765,"pid":1,"connections":1000}'`
 * prints one line of JSON.
 *
 * @module
 */

import { joinRoom } from "./joining.ts";
import { LibcSockets } from "./libc_sockets.ts";
import { cpuSecondsOf, rssOf } from "./usage.ts";

/** What the program is told. */
export interface IdleOptions {
  port: number;
  /** The process of the server. */
  pid: number;
  connections: number;
}

/** What it measured. */
export interface IdleResult {
  connections: number;
  bytesPerConnection: number;
  connectSeconds: number;
  /** The share of a core that the server uses for nobody. */
  idleCpu: number;
}

/** Connections that are opened before the first look: a server that has just started has not warmed up. */
const FIRST = 100;

/** Members of each room. */
const ROOM_SIZE = 100;

/** From the last join to the second look, in milliseconds. */
const SETTLE_MS = 3_000;

async function measure({ port, pid, connections }: IdleOptions): Promise<IdleResult> {
  const sockets = new LibcSockets();
  let roomId: string | undefined;
  let opened = 0;
  function open(until: number): void {
    for (; opened < until; opened++) {
      if (opened % ROOM_SIZE === 0) roomId = undefined;
      const room = Math.floor(opened / ROOM_SIZE);
      const socket = sockets.connect(port);
      roomId = joinRoom(sockets, socket, { dialect: "parley", port, room, roomId }).id;
    }
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

  open(FIRST);
  await settle();
  const before = rssOf(pid) ?? NaN;
  const startMs = performance.now();
  open(FIRST + connections);
  const connectSeconds = (performance.now() - startMs) / 1_000;
  await settle();
  const cpu = cpuSecondsOf(pid) ?? NaN;
  await settle();
  return {
    connections,
    bytesPerConnection: ((rssOf(pid) ?? NaN) - before) / connections,
    connectSeconds,
    idleCpu: ((cpuSecondsOf(pid) ?? NaN) - cpu) / (SETTLE_MS / 1_000),
  };
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(Deno.args[0] ?? "{}"))));
    Deno.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}

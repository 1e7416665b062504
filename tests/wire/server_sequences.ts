/**
 * Plays the clients of the sequences for servers in `testdata/sequences.json`, by hand.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Frame } from "../support/fixtures.ts";
import { kindsOf } from "../support/frame_schema.ts";
import { allSteps, type Fill, Variables, withoutMark } from "../support/sequences.ts";
import { TcpWebSocket } from "../support/tcp_websocket.ts";
import { pause } from "../support/waiting.ts";
import file from "../testdata/sequences.json" with { type: "json" };

/** A sequence, with its opening. */
export interface ServerSequence {
  topic: string;
  name: string;
  /** Limits and times of the server. */
  settings: Record<string, number>;
  /** The number of servers that share a store. */
  nodes: number;
  steps: Step[];
}

/** A step of one client, which does or gets something; exactly one of the fields that are not of another. */
interface Step {
  client: string;
  connects?: "v1" | "plain";
  node?: number;
  sends?: unknown;
  sends_text?: string;
  sends_bytes?: string;
  times?: number;
  fill?: Fill;
  receives?: unknown;
  until?: unknown;
  room?: string;
  entries?: unknown[];
  until_entry?: unknown;
  silent?: true;
  pings?: true;
  reads?: boolean;
  waits?: unknown;
  closes?: number | null;
  cuts?: true;
  closed?: number;
  deletes?: string;
}

interface RawSequence extends Partial<ServerSequence> {
  topic: string;
  name: string;
  opening?: string;
  steps: Step[];
}

/** All sequences for servers. */
export const SERVER_SEQUENCES: ServerSequence[] = (file.servers as RawSequence[]).map(
  ({ topic, name, settings = {}, nodes = 1, ...rest }) => ({
    topic,
    name,
    settings,
    nodes,
    steps: allSteps(rest),
  }),
);

/** A server that is played with. */
export interface Opponent {
  /** Where it is, like `127.0.0.1:8765`. */
  host: string;
  /** Deletes a room as its operator. */
  delete(roomId: string): void;
}

/** One client of a sequence. */
class Client implements Disposable {
  readonly #socket: TcpWebSocket;
  readonly #variables: Variables;
  /** Entries that came in one frame with some that were asked for. */
  #entries: { room: unknown; entry: unknown }[] = [];

  constructor(socket: TcpWebSocket, variables: Variables) {
    this.#socket = socket;
    this.#variables = variables;
  }

  /** Does one step. */
  async act(step: Step): Promise<void> {
    const socket = this.#socket;
    const fill = (value: unknown) => this.#variables.fill(value);
    if (step.sends !== undefined) {
      const text = JSON.stringify(fill(step.sends));
      for (let i = 0; i < (step.times ?? 1); i++) await socket.send(text);
    } else if (step.sends_text !== undefined) await socket.send(step.sends_text);
    else if (step.sends_bytes !== undefined) {
      await socket.sendBinary(new TextEncoder().encode(step.sends_bytes));
    } else if (step.receives !== undefined) {
      this.#check(step.receives, await this.#next());
    } else if (step.until !== undefined) {
      while (this.#differs(step.until, await this.#next()));
    } else if (step.entries !== undefined) {
      for (const entry of step.entries) this.#check(entry, await this.#entry(fill(step.room)));
    } else if (step.until_entry !== undefined) {
      while (this.#differs(step.until_entry, await this.#entry(fill(step.room), true)));
    } else if (step.silent) {
      for (let i = 0; i < 2; i++) {
        await socket.send(`{"action":"ping"}`);
        assertEquals(await this.#next(), { event: "pong" });
      }
    } else if (step.pings) await socket.ping();
    else if (step.reads !== undefined) socket.reads = step.reads;
    else if (step.waits !== undefined) {
      // It is time that these sequences are about.
      await pause(Number(fill(step.waits)));
    } else if (step.closes !== undefined) await socket.close(step.closes ?? undefined);
    else if (step.cuts) socket[Symbol.dispose]();
    else if (step.closed !== undefined) assertEquals(await socket.closed(), step.closed);
    else throw new TypeError(`A step that does nothing: ${JSON.stringify(step)}`);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** The next frame, which must be in the schema with all its fields. */
  async #next(): Promise<Frame> {
    assertEquals(this.#entries, []);
    const text = await this.#socket.next();
    const frame = JSON.parse(text);
    const set = this.#socket.protocol === "" ? "plain_server_frame" : "v1_server_frame";
    assert(kindsOf(set, frame).length > 0, `The schema does not have ${text.slice(0, 500)}`);
    return frame;
  }

  /** The next entry, which must be of `room`; with `passing` over frames that are none of entries. */
  async #entry(room: unknown, passing = false): Promise<unknown> {
    while (this.#entries.length === 0) {
      const frame = await this.#next();
      if (frame.event === "entries") {
        const entries = frame.entries as unknown[];
        this.#entries = entries.map((entry) => ({ room: frame.room_id, entry }));
      } else if (!passing) throw new Error(`No entries: ${JSON.stringify(frame)}`);
    }
    const next = this.#entries.shift()!;
    assertEquals(next.room, room);
    return next.entry;
  }

  #check(pattern: unknown, value: unknown): void {
    const difference = this.#differs(pattern, value);
    if (difference !== undefined) throw new Error(`${difference} in ${JSON.stringify(value)}`);
  }

  #differs(pattern: unknown, value: unknown): string | undefined {
    return this.#variables.compare(pattern, value);
  }
}

/** Plays a sequence with as many servers as it needs; throws an error that names the step that went wrong. */
export async function play(sequence: ServerSequence, servers: readonly Opponent[]): Promise<void> {
  const variables = new Variables();
  const clients = new Map<string, Client>();
  using all = new DisposableStack();
  for (const [i, raw] of sequence.steps.entries()) {
    const step = withoutMark(raw);
    try {
      if (step.connects !== undefined) {
        const { host } = servers[(step.node ?? 1) - 1]!;
        const protocol = step.connects === "v1" ? "parley.v1" : undefined;
        const socket = await TcpWebSocket.open(host, protocol);
        assertEquals(socket.protocol, protocol ?? "");
        clients.set(step.client, all.use(new Client(socket, variables)));
      } else if (step.deletes !== undefined) {
        servers[0]!.delete(String(variables.fill(step.deletes)));
      } else {
        const client = clients.get(step.client);
        if (client === undefined) throw new RangeError(`${step.client} is not connected`);
        await client.act(step);
      }
    } catch (cause) {
      const what = JSON.stringify(raw);
      throw new Error(`Step ${i + 1}, ${what}: ${(cause as Error).message}`, { cause });
    }
  }
}

/**
 * An engine on its own, for tests of what is at the edge.
 *
 * @module
 */

import { DEFAULTS, type EngineOptions } from "../../src/core/state/options.ts";
import type { OpenStore } from "../../src/core/store/store.ts";
import type { Dialect } from "../../src/protocol/frames.ts";
import { Engine } from "../../src/server/engine.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";
import { turn } from "../support/waiting.ts";
import { FakeSocket } from "./fake_socket.ts";

/** An engine with nobody in it, what it logs, and connections to it that no network is needed for. */
export class Bench implements AsyncDisposable {
  readonly engine: Engine;
  readonly log: LogLine[] = [];
  /**
   * The time, which stands still but for what a test adds to it: how much is done in a turn depends on
   * how long things take. With `lookMs` so much passes between two looks at it.
   */
  readonly time = { ms: 0, lookMs: 0 };
  readonly #sockets: FakeSocket[] = [];

  constructor(options: Partial<EngineOptions> = {}, openStore?: OpenStore) {
    this.engine = new Engine(
      { ...DEFAULTS, closeMs: 50, ...options },
      recordingLogger(this.log),
      openStore,
      () => this.time.ms += this.time.lookMs,
    );
  }

  /** A connection that is open. */
  connect(dialect: Dialect): FakeSocket {
    const fake = new FakeSocket();
    this.#sockets.push(fake);
    this.engine.accept(fake.socket, dialect);
    fake.open();
    return fake;
  }

  /** A `parley.v1` connection that has said hello; its `client_id` and `session`. */
  v1(hello = {}): { socket: FakeSocket; id: string; session: string } {
    const socket = this.connect("v1");
    socket.hear({ action: "hello", body: hello });
    const [welcome] = socket.take();
    return { socket, id: String(welcome?.client_id), session: String(welcome?.session) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.readyState = WebSocket.CLOSED;
    await this.engine.close();
  }
}

/** A room with Ana and Ben, and what makes Ana say something; the socket of Ben takes nothing from now on. */
export async function withSlowBen(bench: Bench, dialect: Dialect) {
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.socket.take()[0]?.room_id;
  const ben = dialect === "v1" ? bench.v1().socket : bench.connect("plain");
  ben.hear({ action: "join", body: roomId });
  await turn();
  ben.take();
  ben.bufferedAmount = 1e9;
  const say = (body: string) =>
    ana.socket.hear({ action: "message", room_id: roomId, body, ref: 1 });
  return { roomId, ben, say };
}

/** The same, where Ben is known to be full. */
export async function withFullBen(bench: Bench, dialect: Dialect) {
  const all = await withSlowBen(bench, dialect);
  all.say("x".repeat(65_536));
  await turn();
  all.ben.take();
  return all;
}

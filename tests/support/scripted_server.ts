/**
 * A WebSocket server that does what a script says, good or bad, and a wire between a
 * client and any server that can be cut or go dead.
 *
 * @module
 */

import { SUBPROTOCOL } from "../../src/protocol/frames.ts";
import type { Frame } from "./fixtures.ts";
import "./ignore_unpermitted.ts";
import { bounded, pause } from "./waiting.ts";

/**
 * The flood of a server, in UTF-16 units a second: a line of 100 Mbit/s, full. A frame counts for a
 * least number of them: with more frames than that, timers of the runtime that reads them do not
 * come to their turn any more.
 */
const USUAL_FLOOD = 12_000_000;
const LEAST_FRAME = 6_000;

/** The most bytes of a flood that wait to be sent. */
const MAX_UNSENT = 1_048_576;

/** The answer that lets a client into room `r1`. */
export const LOBBY = {
  status: "success",
  room_id: "r1",
  room_name: "Lobby",
  epoch: "e1",
  seq: 0,
  after: 0,
  members: [],
  presence: true,
};

/** The error that a peer that is gone throws in a script: it ends the script and is no failure. */
class PeerGone extends Error {}

/** Plays one connection; `turn` counts the connections from 0. */
export type Script = (peer: ScriptedPeer, turn: number) => void | Promise<void>;

/** Options of a scripted server: its answer to the upgrade. */
export interface ScriptedOptions {
  /** The subprotocol it chooses; an empty one for none. */
  protocol?: string;
  /** Answers instead of an upgrade, where it returns something. */
  instead?: (turn: number) => Response | undefined;
}

/** A WebSocket server on a free port that follows a script. */
export class ScriptedServer implements AsyncDisposable {
  /** When each attempt to connect came, on the monotonic clock in milliseconds. */
  readonly attempts: number[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #played: Promise<void>[] = [];
  readonly #peers: ScriptedPeer[] = [];
  #failure: unknown;
  #arrived = Promise.withResolvers<void>();

  constructor(script: Script, { protocol = SUBPROTOCOL, instead }: ScriptedOptions = {}) {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => {
        const turn = this.attempts.length;
        this.attempts.push(performance.now());
        this.#arrived.resolve();
        this.#arrived = Promise.withResolvers();
        const answer = instead?.(turn);
        if (answer !== undefined) return answer;
        const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
        const peer = new ScriptedPeer(socket);
        this.#peers.push(peer);
        this.#played.push(this.#play(script, peer, turn));
        return response;
      },
    );
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Counts the frames with that action that have come, over all connections. */
  heard(action: string): number {
    return this.#peers.reduce((sum, peer) => sum + (peer.heard.get(action) ?? 0), 0);
  }

  /** Waits until there were `count` attempts to connect. */
  async attempted(count: number): Promise<void> {
    while (this.attempts.length < count) {
      await bounded(this.#arrived.promise, () => `${this.attempts.length} of ${count} attempts`);
    }
  }

  async #play(script: Script, peer: ScriptedPeer, turn: number): Promise<void> {
    try {
      await peer.opened;
      await script(peer, turn);
    } catch (error) {
      if (!(error instanceof PeerGone)) this.#failure ??= error;
    }
  }

  /** Ends everything; throws what a script threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.close();
    await bounded(this.#server.shutdown(), () => "the scripted server does not shut down");
    await bounded(Promise.all(this.#played), () => "a script does not end");
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** One connection of a scripted server. */
export class ScriptedPeer {
  /** Resolves when frames can be sent. */
  readonly opened: Promise<void>;
  /** Resolves when the connection has ended, with the client's close. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Set while pings are answered; they never show in `next`. */
  pongs = true;
  /** The number of pings that came. */
  pings = 0;
  /** The number of frames that have come, by action. */
  readonly heard = new Map<unknown, number>();
  /** Takes each frame that is no ping, instead of `next`. */
  onFrame: ((frame: Frame) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #gone = false;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.opened = new Promise((resolve) => socket.onopen = () => resolve());
    this.closed = new Promise((resolve) =>
      socket.onclose = ({ code, reason }) => {
        this.#gone = true;
        this.#wake();
        resolve({ code, reason });
      }
    );
    socket.onerror = () => {};
    socket.onmessage = ({ data }) => {
      const frame: Frame = JSON.parse(data);
      this.heard.set(frame.action, (this.heard.get(frame.action) ?? 0) + 1);
      if (frame.action === "ping") {
        this.pings++;
        if (this.pongs) this.send({ event: "pong", ref: frame.ref });
        this.#wake();
        return;
      }
      if (this.onFrame !== undefined) return this.onFrame(frame);
      this.#frames.push(frame);
      this.#wake();
    };
  }

  /** The next frame of the client that is no ping. */
  async next(): Promise<Frame> {
    await this.#until(() => this.#frames.length > 0, "a frame");
    return this.#frames.shift()!;
  }

  /** The number of frames that have come and that `next` did not give out, pings aside. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** Waits until `count` pings have come. */
  async pinged(count: number): Promise<void> {
    await this.#until(() => this.pings >= count, `${count} pings`);
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    while (!reached()) {
      if (this.#gone) throw new PeerGone();
      const arrival = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(arrival, () => `the client does not send ${what}`);
    }
  }

  /** Sends a value as JSON. */
  send(frame: unknown): void {
    this.sendRaw(JSON.stringify(frame));
  }

  /** Sends text, or bytes as a binary frame, as it is. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** Sends what `make` makes, so many UTF-16 units a second, until the client has gone. */
  async flood(make: (i: number) => unknown, unitsPerSecond = USUAL_FLOOD): Promise<void> {
    const begin = performance.now();
    let sent = 0;
    for (let i = 0; !this.#gone; i++) {
      const frame = make(i);
      const text = typeof frame === "string" ? frame : JSON.stringify(frame);
      this.sendRaw(text);
      sent += Math.max(text.length, LEAST_FRAME);
      const isEarly = () => performance.now() - begin < 1_000 * sent / unitsPerSecond;
      while (!this.#gone && (isEarly() || this.#socket.bufferedAmount > MAX_UNSENT)) await pause(1);
    }
  }

  /** Answers the client's `hello`, and returns it. */
  async welcome(fields: Frame = {}): Promise<Frame> {
    const hello = await this.next();
    this.send({
      status: "connected",
      ref: hello.ref,
      client_id: "me",
      session: "secret",
      resumed: false,
      n: 0,
      heartbeat_ms: 25_000,
      limits: { body_bytes: 65_536, name_chars: 128, batch: 256, rooms: 100, frame_bytes: 394_240 },
      message: "Welcome!",
      ...fields,
    });
    return hello;
  }

  /** Answers the client's next request, `create` or `join`, with room `r1`, and returns it. */
  async admit(fields: Frame = {}): Promise<Frame> {
    const request = await this.next();
    this.send({ ref: request.ref, ...LOBBY, ...fields });
    return request;
  }

  /** Sends entries of room `r1`. */
  entries(...entries: Frame[]): void {
    this.send({ event: "entries", room_id: "r1", entries });
  }

  /** Closes, with a code or with none. */
  close(code?: number, reason?: string): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }
}

/** A message entry of somebody, as a server sends it. */
export function said(seq: number, body: string, from = "other", n = seq): Frame {
  return { seq, at: 1, from, n, body };
}

/** A wire to a server at `host`, on a free port: it can be cut, and it can go dead. */
export class Wire implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #running: Promise<unknown>[] = [];
  readonly #ends = new Set<Deno.TcpConn>();
  /** Where new connections lead; undefined: they are taken and cut. */
  host: string | undefined;
  #dead = false;

  constructor(host: string) {
    this.host = host;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#running.push(this.#accept());
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Cuts every connection, without a word of WebSocket. */
  cut(): void {
    for (const end of this.#ends) closeQuietly(end);
    this.#ends.clear();
  }

  /** From now on nothing goes through any more, in either direction, and nobody is told. */
  die(): void {
    this.#dead = true;
  }

  /** New connections work again; what went through the dead wire is cut. */
  heal(): void {
    this.cut();
    this.#dead = false;
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      this.#ends.add(near);
      this.#running.push(this.#lead(near));
    }
  }

  async #lead(near: Deno.TcpConn): Promise<void> {
    if (this.host === undefined) return closeQuietly(near);
    const [hostname = "", port] = this.host.split(":");
    try {
      const far = await Deno.connect({ hostname, port: Number(port) });
      if (this.#ends.has(near)) this.#ends.add(far);
      else closeQuietly(far);
      await Promise.all([this.#carry(near, far), this.#carry(far, near)]);
    } catch {
      closeQuietly(near);
    }
  }

  async #carry(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(bytes);
        if (count === null) break;
        let sent = 0;
        while (!this.#dead && sent < count) sent += await to.write(bytes.subarray(sent, count));
      }
    } catch {
      // Cut on one side, or on this one.
    }
    if (this.#dead && this.#ends.has(to)) return;
    closeQuietly(from);
    closeQuietly(to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dead = false;
    this.#listener.close();
    this.cut();
    await bounded(Promise.allSettled(this.#running), () => "the wire does not end");
  }
}

function closeQuietly(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch {
    // It was closed before.
  }
}

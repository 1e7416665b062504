/**
 * One connection through a {@linkcode FaultProxy}: carries bytes both ways as the
 * weather allows.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Way, Weather } from "./fault_proxy.ts";

/** The proxy of a line, which it asks and tells. */
export interface LineEvents {
  /** The faults of the moment. */
  weather(): Weather;
  /** Bytes have been handed on. */
  passed(way: Way, bytes: number): void;
  /** The byte has passed after which everything is to be cut. */
  cut(): void;
}

/** The most bytes that a delayed line has on its way in one direction. */
const MAX_ON_THE_WAY = 4 * 1_048_576;

/** A throttled line passes the bytes of this many milliseconds at once. */
const SLICE_MS = 20;

/** A client's connection and the one to the server that goes with it. */
export class Line {
  /** Resolves when both connections are closed and nothing is on its way. */
  readonly ended: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #events: LineEvents;
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;

  /** Takes a client's connection and makes one to the server. */
  constructor(client: Socket, target: { hostname: string; port: number }, events: LineEvents) {
    this.#client = client;
    this.#events = events;
    this.#server = connect({ port: target.port, host: target.hostname, allowHalfOpen: true });
    this.#server.setNoDelay(true);
    const closed = [client, this.#server].map((socket) => {
      socket.on("error", () => this.end("close"));
      return new Promise<void>((resolve) => socket.on("close", () => resolve()));
    });
    const carried = [this.#carry("up"), this.#carry("down")];
    this.ended = Promise.all([...closed, ...carried]).then(() => {});
    Promise.all(carried).then(() => this.end("close"));
  }

  /** Ends both connections at once: with RST, or as if the process had gone. */
  end(how: "reset" | "close"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over.resolve();
    for (const socket of [this.#client, this.#server]) {
      const drop = () => {
        if (how === "reset") socket.resetAndDestroy();
        // The reset alone would wait until everything written has been taken.
        socket.destroy();
      };
      // One that is dropped while it connects would connect all the same, and stay.
      if (socket.connecting) socket.once("connect", drop);
      else drop();
    }
  }

  async #carry(way: Way): Promise<void> {
    const [from, to] = way === "up" ? [this.#client, this.#server] : [this.#server, this.#client];
    let onTheWay = 0;
    let last: Promise<void> = Promise.resolve();
    try {
      if (this.#server.connecting) {
        await new Promise((resolve) =>
          this.#server.once("connect", resolve).once("close", resolve)
        );
      }
      for await (const chunk of from) {
        const bytes: Uint8Array = chunk;
        const due = performance.now() + this.#events.weather().delayMs;
        onTheWay += bytes.length;
        last = last.then(() => this.#pass(way, to, bytes, due)).then(() => {
          onTheWay -= bytes.length;
        });
        // Whoever it goes to may be gone by then, and nobody waits for it here.
        last.catch(() => this.end("close"));
        // Without a delay one chunk follows the other, and the sender feels it when they do not pass.
        if (this.#events.weather().delayMs === 0 || onTheWay > MAX_ON_THE_WAY) await last;
      }
      await last;
      if (!this.#isOver) to.end();
    } catch {
      this.end("close");
    }
  }

  async #pass(way: Way, to: Socket, bytes: Uint8Array, due: number): Promise<void> {
    const { weather } = this.#events;
    const early = due - performance.now();
    if (early > 0) await this.#pause(early);
    let rest = bytes;
    while (rest.length > 0) {
      while (weather().silent.has(way) && !this.#isOver) {
        await Promise.race([weather().changed, this.#over.promise]);
      }
      if (this.#isOver) return;
      const { bytesPerSecond, cut } = weather();
      const slice = Math.max(1, Math.floor(bytesPerSecond * SLICE_MS / 1_000));
      const stop = cut?.way === way ? cut.bytes : Infinity;
      const part = rest.subarray(0, Math.min(slice, stop));
      rest = rest.subarray(part.length);
      if (part.length > 0) await write(to, part);
      this.#events.passed(way, part.length);
      if (cut?.way === way) {
        cut.bytes -= part.length;
        if (cut.bytes === 0) {
          this.#events.cut();
          return;
        }
      }
      if (rest.length > 0 && bytesPerSecond !== Infinity) await this.#pause(SLICE_MS);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#over.promise]);
    clearTimeout(timer);
  }
}

function write(to: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) =>
    to.write(bytes, (error) => error === null || error === undefined ? resolve() : reject(error))
  );
}

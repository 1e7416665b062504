/**
 * A TCP proxy that breaks connections in every way a network can, and never changes a
 * byte: delay, throttle, blackhole, refuse, reset, cut after so many bytes, heal.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import { Line } from "./fault_line.ts";

/** A direction: `up` is from the client to the server. */
export type Way = "up" | "down";

/** The weather of the network: what it does to every byte at the moment. */
export interface Weather {
  /** The delay of each byte, in milliseconds. */
  delayMs: number;
  /** The bytes a second that pass in each direction of each connection. */
  bytesPerSecond: number;
  /** The directions in which nothing passes, while everything stays open. */
  silent: ReadonlySet<Way>;
  /** The direction that is cut, and how many more bytes may pass in it, over all connections. */
  cut: { way: Way; bytes: number; how: "reset" | "close" } | undefined;
  /** Resolves when any of this changes. */
  changed: Promise<void>;
}

const FINE = { delayMs: 0, bytesPerSecond: Infinity, silent: new Set<Way>(), cut: undefined };

/** A proxy in front of one port of this machine, on a free port of its own. */
export class FaultProxy implements AsyncDisposable {
  /** When each connection came that it has taken, on the monotonic clock in milliseconds. */
  readonly arrivals: number[] = [];
  /** The bytes that have passed in each direction. */
  readonly passed = { up: 0, down: 0 };
  readonly #server: Server;
  readonly #port: number;
  readonly #lines = new Set<Line>();
  #target: { hostname: string; port: number };
  #weather: Weather;
  #refusing = false;
  #change = Promise.withResolvers<void>();

  private constructor(server: Server, port: number, target: { hostname: string; port: number }) {
    this.#server = server;
    this.#port = port;
    this.#target = target;
    this.#weather = { ...FINE, changed: this.#change.promise };
    server.on("connection", (client: Socket) => {
      if (this.#refusing) {
        client.on("error", () => {});
        client.resetAndDestroy();
        return;
      }
      this.arrivals.push(performance.now());
      const line = new Line(client, this.#target, {
        weather: () => this.#weather,
        passed: (way, bytes) => this.passed[way] += bytes,
        cut: () => this.#cutNow(),
      });
      this.#lines.add(line);
      line.ended.then(() => this.#lines.delete(line));
    });
  }

  /** Makes a proxy in front of `host`, like `127.0.0.1:8765`. */
  static async to(host: string): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("No port to listen on");
    return new FaultProxy(server, address.port, targetOf(host));
  }

  /** Where it takes connections, like `127.0.0.1:8765`. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The URL of a WebSocket behind it. */
  get url(): string {
    return `ws://${this.host}/`;
  }

  /** The address that it is in front of, like `127.0.0.1:8765`. */
  get target(): string {
    return `${this.#target.hostname}:${this.#target.port}`;
  }

  /** Puts it in front of another host: for connections that come from now on. */
  aim(host: string): void {
    this.#target = targetOf(host);
  }

  /** The number of open connections. */
  get lines(): number {
    return this.#lines.size;
  }

  /** Makes every byte late by so many milliseconds, in each direction. */
  delay(delayMs: number): void {
    this.#set({ delayMs });
  }

  /** Lets so many bytes a second pass, in each direction of each connection. */
  throttle(bytesPerSecond: number): void {
    this.#set({ bytesPerSecond });
  }

  /** Lets nothing pass in these directions; connections stay open, and new ones are taken. */
  blackhole(...ways: Way[]): void {
    this.#set({ silent: new Set(ways.length === 0 ? ["up", "down"] : ways) });
  }

  /** Lets `bytes` more bytes pass in one direction, then ends all connections. */
  cutAfter(way: Way, bytes: number, how: "reset" | "close" = "reset"): void {
    this.#set({ cut: { way, bytes, how } });
  }

  /** `true` where a cut is still to come. */
  get cutPending(): boolean {
    return this.#weather.cut !== undefined;
  }

  /** Resets all connections (RST), now. */
  reset(): void {
    for (const line of [...this.#lines]) line.end("reset");
  }

  /** Resets every new connection until it is healed. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Ends every fault. What was held back passes now. */
  heal(): void {
    this.#refusing = false;
    this.#set(FINE);
  }

  /** Resets everything and resolves when nothing is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const lines = [...this.#lines];
    this.reset();
    await Promise.all(lines.map((line) => line.ended));
    await closed;
  }

  #cutNow(): void {
    const how = this.#weather.cut?.how ?? "reset";
    this.#set({ cut: undefined });
    for (const line of [...this.#lines]) line.end(how);
  }

  #set(change: Partial<Weather>): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    this.#weather = { ...this.#weather, ...change, changed: this.#change.promise };
    resolve();
  }
}

function targetOf(host: string): { hostname: string; port: number } {
  const { hostname, port } = new URL(`tcp://${host}`);
  return { hostname, port: Number(port) };
}

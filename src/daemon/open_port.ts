/**
 * A port that a program listens on for as long as it runs.
 *
 * @module
 */

import { sleep } from "../protocol/deadline.ts";
import { reasonOf } from "../protocol/errors.ts";
import type { Certificate } from "./certificate.ts";

/** The time before a port is listened on again after the runtime gave up, in milliseconds. */
const RELISTEN_MS = 500;

/** Tries to listen at a port that was just given up that come soon, and the milliseconds between them. */
const QUICK_TRIES = 100;
const FREE_AFTER_MS = 10;

/** The place to listen on. */
export interface PortAddress {
  readonly hostname: string;
  /** 0 for a free one. */
  readonly port: number;
  /** The certificate of a port that speaks TLS. */
  readonly certificate?: Certificate | undefined;
}

/** Reports of an open port, and its answers. */
export interface PortEvents {
  /** Answers a request. */
  handle(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response>;
  /** It listens at that address, for the first time or again. */
  listening(address: Deno.NetAddr): void;
  /** It does not listen for now, for that reason. */
  failed(reason: string): void;
  /** Answers a request whose handler has thrown. */
  broken(error: unknown): Response;
}

/** One port. The runtime gives it up when file descriptors run out; then it is listened on again. */
export class OpenPort {
  readonly #events: PortEvents;
  #place: PortAddress;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #stopping = false;

  /**
   * Listens from now on.
   *
   * @throws {Error} where that cannot be; {@linkcode cannotListen} words it.
   */
  constructor(place: PortAddress, events: PortEvents) {
    this.#events = events;
    this.#place = place;
    this.#server = this.#listen();
    this.#goOn(this.#server);
  }

  /**
   * Speaks TLS with another certificate from now on. Whoever is connected is closed with 1001, as the
   * runtime listens with one certificate only. Resolves when it listens again.
   */
  async renew(certificate: Certificate): Promise<void> {
    this.#place = { ...this.#place, certificate };
    // A peer that does not read can hold this up for ever, and the port is free all the same.
    this.#server.shutdown().catch(() => {});
    for (let tries = 1; !this.#stopping; tries++) {
      try {
        this.#server = this.#listen();
        this.#goOn(this.#server);
        return;
      } catch (error) {
        if (tries >= QUICK_TRIES) this.#events.failed(reasonOf(error));
        await sleep(tries < QUICK_TRIES ? FREE_AFTER_MS : RELISTEN_MS);
      }
    }
  }

  /** Takes no connection any more, and resolves when the last request is answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#server.shutdown();
  }

  #listen(): Deno.HttpServer<Deno.NetAddr> {
    const onListen = (address: Deno.NetAddr) => {
      // A free port, once found, is kept.
      this.#place = { ...this.#place, port: address.port };
      this.#events.listening(address);
    };
    const onError = (error: unknown) => this.#events.broken(error);
    const { hostname, port, certificate } = this.#place;
    const tls = certificate && { cert: certificate.cert, key: certificate.key };
    return Deno.serve(
      { hostname, port, ...tls, onListen, onError },
      (request, info) => this.#events.handle(request, info),
    );
  }

  /** Listens again when the runtime gives a server up, unless another one listens since. */
  async #goOn(server: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
    while (!this.#stopping) {
      const failure = await server.finished.then(() => undefined, reasonOf);
      if (this.#stopping || failure === undefined || server !== this.#server) return;
      this.#events.failed(failure);
      await sleep(RELISTEN_MS);
      try {
        server = this.#server = this.#listen();
      } catch (error) {
        this.#events.failed(reasonOf(error));
      }
    }
  }
}

/** Writes an address as it stands in a URL. */
export function hostOf({ hostname, port }: PortAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Says in one line why a place cannot be listened on. */
export function cannotListen(place: PortAddress, error: unknown): string {
  const reason = error instanceof Deno.errors.AddrInUse ? "it is in use" : reasonOf(error);
  return `Cannot listen on ${place.hostname}:${place.port}: ${reason}`;
}

/**
 * The network of a simulated world: all connections, and the way to a server.
 *
 * @module
 */

import { Link, type LinkTraits } from "./link.ts";
import { CLOSED, CONNECTING, type SimulatedSocket } from "./socket.ts";
import type { Process, Timeline } from "./timeline.ts";

/** A server that connections can be made to. */
export interface Host {
  readonly process: Process;
  /** `true` where something listens. */
  readonly listens: boolean;
  /** Takes a request for a WebSocket; calls `upgrade` of the network within. Returns the status of its answer. */
  request(protocols: string | undefined): number;
}

/** All connections, and the way to a server. */
export class Network {
  readonly timeline: Timeline;
  readonly links = new Set<Link>();
  readonly #traits: (process: Process) => LinkTraits;
  readonly #hosts: Host[] = [];
  /** People whose connections get nowhere, by the names of their processes. */
  readonly #islands = new Set<string>();
  readonly #resources = new Map<number, Link>();
  #accepting: Link | undefined;
  /** Called with each text that has got through. */
  carried: (link: Link, to: SimulatedSocket, text: string) => void = () => {};

  constructor(timeline: Timeline, traits: (process: Process) => LinkTraits) {
    this.timeline = timeline;
    this.#traits = traits;
  }

  /** Has a server be reached. */
  add(host: Host): void {
    this.#hosts.push(host);
  }

  /** Has a server be reached no more. */
  remove(host: Host): void {
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
  }

  /** Connects a client's end, as the runtime does; it gets to one of the servers by chance. */
  connect(client: SimulatedSocket, protocols: string | undefined): void {
    const { process } = client;
    const traits = this.#traits(process);
    const way = () => traits.delayMs + traits.jitterMs * process.random();
    const hosts = this.#hosts.filter(({ listens }) => listens);
    const host = hosts[Math.floor(process.random() * hosts.length)];
    if (host === undefined) {
      process.after(way(), () => client.fail("Connection refused"));
      return;
    }
    const ask = (): void => {
      if (client.readyState !== CONNECTING) return;
      if (this.#islands.has(ownerOf(process))) {
        process.after(1_000, ask);
        return;
      }
      const link = new Link(this, client, host, traits, protocols === undefined);
      this.timeline.add(
        host.process,
        this.timeline.now + way(),
        () => this.#accept(link, protocols, way),
      );
      // Nobody is there to answer where the process has died meanwhile.
      process.after(2 * way() + 1, () => {
        if (!host.process.alive) client.fail("Connection reset");
      });
    };
    ask();
  }

  #accept(link: Link, protocols: string | undefined, way: () => number): void {
    const { client, host, server } = link;
    this.#accepting = link;
    const status = host.request(protocols);
    this.#accepting = undefined;
    if (status !== 101) {
      this.timeline.add(client.process, this.timeline.now + way(), () => client.fail(`${status}`));
      return;
    }
    server.out = link.down;
    client.out = link.up;
    link.up.movedAt = link.down.movedAt = this.timeline.now;
    this.links.add(link);
    if (this.#islands.has(ownerOf(client.process))) link.stall("both");
    host.process.after(0, () => server.open());
    const openAt = this.timeline.now + way();
    link.down.hold(openAt);
    this.timeline.add(client.process, openAt, () => {
      client.protocol = protocols ?? "";
      if (client.readyState === CONNECTING) client.open();
      else link.cut("server");
    });
  }

  /** Upgrades the request that is being answered, in the place of the runtime. */
  upgrade(_options: unknown): { socket: SimulatedSocket; response: Response } {
    const link = this.#accepting!;
    const resource = this.#resources.size + 1;
    this.#resources.set(resource, link);
    Reflect.set(link.server, Symbol("[[rid]]"), resource);
    return { socket: link.server, response: new Response(null, { status: 101 }) };
  }

  /** Ends a connection from the server's side, without its peer. */
  destroy(resource: number): void {
    const link = this.#resources.get(resource);
    if (link === undefined) return;
    link.cut("client");
    link.server.process.after(0, () => link.server.end(1006));
  }

  /** The connections of a process that are not closed. */
  of(process: Process): Link[] {
    return [...this.links].filter(({ client, host }) =>
      client.process === process || host.process === process
    );
  }

  /** Lets nothing of a person through, on any connection, until `reach`. */
  isolate(process: Process, which: "up" | "down" | "both"): void {
    this.#islands.add(ownerOf(process));
    for (const link of this.of(process)) link.stall(which);
  }

  /** Lets everything of a person through again. */
  reach(process: Process): void {
    this.#islands.delete(ownerOf(process));
    for (const link of this.of(process)) link.heal();
  }

  /** Takes note of a process that has died: its kernel resets what it had open, or is gone as well. */
  died(process: Process, how: "reset" | "silent"): void {
    for (const link of this.of(process)) {
      if (how === "silent") link.lose();
      else link.cut(link.client.process === process ? "server" : "client");
    }
  }

  /** Forgets connections that have ended, and gives up what is stuck. */
  tick(): void {
    for (const link of this.links) {
      const isOver = (end: SimulatedSocket) => end.readyState === CLOSED || !end.process.alive;
      if (isOver(link.client) && isOver(link.server)) this.links.delete(link);
      else link.tick();
    }
  }
}

/** The person that a process belongs to: each of its programs has the same name and a number. */
function ownerOf({ name }: Process): string {
  return name.split("#")[0]!;
}

/**
 * A receiver of webhooks that writes down what it has taken, and looks at every request as the
 * receivers of others should.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import type { Entry } from "../../src/protocol/frames.ts";

/** The secret that requests to it are signed with. */
export const SECRET = `whsec_${new Uint8Array(32).fill(7).toBase64()}`;

/** The entries that a request brought, and where they belong. */
export interface Received {
  room_id: string;
  room_name: string;
  epoch: string;
  entries: Entry[];
  gap?: { from_seq: number; to_seq: number };
  repeat?: true;
}

/** The answer to a request: its status, or none at all. */
export type AnswerTo = (received: Received) => number | Promise<number>;

/** A receiver on a free port of this machine. */
export class WebhookReceiver implements AsyncDisposable {
  /** Everything that it has taken, in order. */
  readonly taken: Received[] = [];
  /** Everything that came, also what it did not take. */
  requests = 0;
  /** Faults of requests. */
  readonly wrong: string[] = [];
  /** Decides on the answers. */
  answer: AnswerTo = () => 204;
  readonly #secret: Uint8Array<ArrayBuffer>;
  #isOpen = true;
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0, secret = SECRET) {
    this.#secret = Uint8Array.fromBase64(secret.slice("whsec_".length));
    this.#server = this.#serve(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** The entries of a room that it has taken, in the order in which they came first. */
  entriesOf(roomId: string): Entry[] {
    const seen = new Map<string, Entry>();
    for (const { room_id, epoch, entries } of this.taken) {
      if (room_id !== roomId) continue;
      for (const entry of entries) {
        const key = `${epoch} ${entry.seq}`;
        if (!seen.has(key)) seen.set(key, entry);
      }
    }
    return [...seen.values()];
  }

  /** Lets nobody connect any more. */
  async close(): Promise<void> {
    await this.#server.shutdown();
    this.#isOpen = false;
  }

  /** Lets people connect again, at the same port. */
  open(): void {
    this.#server = this.#serve(this.port);
    this.#isOpen = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) await this.close();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve(
      { hostname: "127.0.0.1", port, onListen() {} },
      (request) => this.#take(request),
    );
  }

  async #take(request: Request): Promise<Response> {
    this.requests++;
    const body = await request.text();
    const id = request.headers.get("webhook-id");
    const timestamp = request.headers.get("webhook-timestamp");
    const hmac = createHmac("sha256", this.#secret).update(`${id}.${timestamp}.${body}`);
    const signatures = request.headers.get("webhook-signature")?.split(" ") ?? [];
    if (!signatures.includes(`v1,${hmac.digest("base64")}`)) this.wrong.push(`signature of ${id}`);
    const { type, data } = JSON.parse(body) as { type: string; data: Received };
    const last = data.entries.at(-1)?.seq ?? data.gap?.to_seq;
    if (id !== `${data.room_id}:${data.epoch}:${last}`) this.wrong.push(`id ${id}`);
    if (type !== "room.entries") this.wrong.push(`type ${type}`);
    const status = await this.answer(data);
    if (status >= 200 && status < 300) this.taken.push(data);
    return new Response(status === 204 ? null : "some words", { status });
  }
}

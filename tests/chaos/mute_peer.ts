/**
 * A peer that speaks the wire by hand and stops reading whenever it is told: what a
 * stuck or vanished client looks like to the server.
 *
 * @module
 */

import { handshake, maskedFrame, TEXT, writeAll } from "../support/tcp_websocket.ts";
import { bounded } from "../support/waiting.ts";

/** A connection that has joined a room and reads nothing any more. */
export class MutePeer implements Disposable {
  /** The client id. */
  id = "";
  readonly #conn: Deno.TcpConn;
  #text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to `host`, joins the room, and stops reading when it is in. */
  static async join(host: string, roomId: string): Promise<MutePeer> {
    const { hostname, port } = new URL(`tcp://${host}`);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    const peer = new MutePeer(conn);
    try {
      await writeAll(conn, handshake(host, "parley.v1"));
      await writeAll(conn, frame({ action: "hello" }));
      await peer.#read((text) => text.includes(`"resumed"`));
      peer.id = /"client_id":"([^"]+)"/.exec(peer.#text)?.[1] ?? "";
      await writeAll(conn, frame({ action: "join", body: roomId, ref: "in" }));
      await peer.#read((text) => text.includes(`"ref":"in"`));
      return peer;
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** Reads all there is and throws it away, until the connection ends. */
  async drain(): Promise<void> {
    const buffer = new Uint8Array(262_144);
    while (await this.#conn.read(buffer) !== null);
  }

  /** Ends the connection; what was not read makes that a reset. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #read(done: (text: string) => boolean): Promise<void> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(4_096);
    while (!done(this.#text)) {
      const n = await bounded(this.#conn.read(buffer), () => `only this came: ${this.#text}`);
      if (n === null) throw new Error(`The server has closed: ${this.#text}`);
      this.#text += decoder.decode(buffer.subarray(0, n), { stream: true });
    }
  }
}

function frame(value: unknown): Uint8Array {
  return maskedFrame(TEXT, new TextEncoder().encode(JSON.stringify(value)));
}

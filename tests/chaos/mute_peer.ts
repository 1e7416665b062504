/**
 * A peer that speaks the wire by hand and stops reading whenever it is told: what a
 * stuck or vanished client looks like to the server.
 *
 * @module
 */

import { bounded } from "../fixtures.ts";

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
      await peer.#write(new TextEncoder().encode(
        `GET / HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
          `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
          `sec-websocket-protocol: parley.v1\r\n\r\n`,
      ));
      await peer.#write(frame({ action: "hello" }));
      await peer.#read((text) => text.includes(`"resumed"`));
      peer.id = /"client_id":"([^"]+)"/.exec(peer.#text)?.[1] ?? "";
      await peer.#write(frame({ action: "join", body: roomId, ref: "in" }));
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

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
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

/** A text frame of a client (RFC 6455, section 5.2), masked with zeros. */
function frame(value: unknown): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(value));
  if (text.length > 125) throw new RangeError(`Frame of ${text.length} bytes is too long`);
  return Uint8Array.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...text]);
}

/**
 * A chat on a free port, and raw sockets that know nothing of Parley but its wire.
 * Nothing here waits without a bound, and everything is closed by `await using`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Chat, type ChatOptions, createChat } from "../../src/server/chat.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { kindsOf } from "./frame_schema.ts";
import "./ignore_unpermitted.ts";
import { type LogLine, recordingLogger } from "./recording_logger.ts";
import { bounded, until } from "./waiting.ts";

/** A frame as it came, read as JSON. */
export type Frame = Record<string, unknown>;

/** A chat that listens on a free port of this machine. */
export class TestChat implements AsyncDisposable {
  readonly chat: Chat;
  /** Everything it has logged, of every level. */
  readonly log: LogLine[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #path: string;

  constructor(options: ChatOptions = {}) {
    this.#path = options.path ?? "/";
    this.chat = createChat({ logger: recordingLogger(this.log), closeMs: 1_000, ...options });
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      this.chat.fetch,
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `ws://${this.host}${this.#path}`;
  }

  /** The errors among its log lines. */
  get errors(): LogLine[] {
    return this.log.filter(({ level }) => level === "error");
  }

  /**
   * Sends a request for a WebSocket with other headers than a proper client has (`null`
   * leaves one out), and returns the answer to it, whose body is not read.
   */
  async handshake(
    changes: Record<string, string | null> = {},
    path = this.#path,
  ): Promise<{ status: number; headers: Headers }> {
    const headers: Record<string, string | null> = {
      "Host": this.host,
      "Connection": "Upgrade",
      "Upgrade": "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...changes,
    };
    const lines = Object.entries(headers).filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    await connection.write(
      new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
    );
    let answer = "";
    const buffer = new Uint8Array(4_096);
    while (!answer.includes("\r\n\r\n")) {
      const read = await bounded(connection.read(buffer), () => "no answer to a handshake");
      if (read === null) throw new Error(`The server hung up after ${JSON.stringify(answer)}`);
      answer += new TextDecoder().decode(buffer.subarray(0, read));
    }
    const [status = "", ...rest] = answer.slice(0, answer.indexOf("\r\n\r\n")).split("\r\n");
    return {
      status: Number(status.split(" ")[1]),
      headers: new Headers(rest.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      })),
    };
  }

  /** Connects with `parley.v1` and says nothing. */
  dial(): Promise<RawSocket> {
    return RawSocket.open(this.url, "parley.v1");
  }

  /** Connects a plain client; its welcome is taken and its id kept. */
  async plain(): Promise<RawSocket> {
    const socket = await RawSocket.open(this.url);
    socket.id = String((await socket.next()).client_id);
    return socket;
  }

  /** Connects a `parley.v1` client and says `hello`; the answer is kept in `welcome`. */
  async v1(
    hello: { name?: string; session?: string; n?: number; sent?: number } = {},
  ): Promise<RawSocket> {
    const socket = await this.dial();
    socket.send({ action: "hello", body: hello });
    socket.welcome = await socket.next();
    socket.id = String(socket.welcome.client_id);
    return socket;
  }

  /**
   * Connects a `parley.v1` client that makes a room; its own `join` is taken. A node that has just
   * begun may answer that it does not reach its store yet.
   */
  async host1(
    name = "Lobby",
    hello: { name?: string } = {},
  ): Promise<{ host: RawSocket; roomId: string; made: Frame }> {
    const host = await this.v1(hello);
    let made: Frame = {};
    await until(async () => {
      made = await host.ask({ action: "create", body: name });
      return made.code !== "unavailable";
    }, "no room is made");
    await host.entries(1);
    return { host, roomId: String(made.room_id), made };
  }

  /** Ends the server below the chat. */
  async shutdown(): Promise<void> {
    await bounded(this.#server.shutdown(), () => "the server does not shut down");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.chat.close();
    } finally {
      await this.shutdown();
    }
  }
}

/** A WebSocket of the runtime, with headers of its own: browsers have none, and types of them may be loaded. */
const HeaderSocket = WebSocket as unknown as new (
  url: string,
  options: { protocols: string[]; headers?: Record<string, string> },
) => WebSocket;

/** A WebSocket that collects what comes, and gives it out in order. */
export class RawSocket implements AsyncDisposable {
  /** The client id, where it is known. */
  id = "";
  /** The answer to `hello`. */
  welcome: Frame = {};
  readonly #socket: WebSocket;
  readonly #texts: string[] = [];
  readonly #closed: Promise<{ code: number; reason: string }>;
  #isClosed = false;
  #wake: () => void = () => {};
  #entries: Entry[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      this.#texts.push(data);
      this.#wake();
    };
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.#closed = promise;
    socket.onclose = ({ code, reason }) => {
      this.#isClosed = true;
      resolve({ code, reason });
      this.#wake();
    };
  }

  static async open(
    url: string,
    protocol?: string,
    headers?: Record<string, string>,
  ): Promise<RawSocket> {
    const socket = new HeaderSocket(url, {
      protocols: protocol === undefined ? [] : [protocol],
      ...(headers === undefined ? {} : { headers }),
    });
    const raw = new RawSocket(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) =>
        reject(new Error(event instanceof ErrorEvent ? event.message : "Cannot connect"));
    });
    await bounded(opened, () => `${url} does not answer`);
    socket.onerror = null;
    assertEquals(socket.protocol, protocol ?? "");
    return raw;
  }

  /** Sends a value as JSON. */
  send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Sends text, or bytes as a binary frame, as it is. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** Sends a frame and returns the next one that comes. */
  ask(frame: unknown): Promise<Frame> {
    this.send(frame);
    return this.next();
  }

  /** The text of the next frame. */
  async nextText(): Promise<string> {
    while (this.#texts.length === 0) {
      if (this.#isClosed) throw new Error("No frame comes any more: the connection is closed");
      const arrival = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(arrival, () => "no frame came");
    }
    return this.#texts.shift() ?? "";
  }

  /** The next frame, which must be in the schema with all its fields. */
  async next(): Promise<Frame> {
    const text = await this.nextText();
    const frame = JSON.parse(text);
    const set = this.#socket.protocol === "" ? "plain_server_frame" : "v1_server_frame";
    assert(kindsOf(set, frame).length > 0, `The schema does not have ${text.slice(0, 500)}`);
    return frame;
  }

  /** Skips frames up to one of which `wanted` says yes. */
  async until(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (wanted(frame)) return frame;
    }
  }

  /** The next `count` entries, in however many frames they come; nothing else may come between them. */
  async entries(count: number): Promise<Entry[]> {
    while (this.#entries.length < count) {
      const frame = await this.next();
      assertEquals(frame.event, "entries", `Expected entries, got ${JSON.stringify(frame)}`);
      this.#entries.push(...frame.entries as Entry[]);
    }
    return this.#entries.splice(0, count);
  }

  /** The next entry. */
  async entry(): Promise<Entry> {
    const [entry] = await this.entries(1);
    return entry!;
  }

  /**
   * Checks that nothing has come, and that nothing is on its way: two questions make
   * the server turn its event loop in between, which empties every pump.
   */
  async silence(): Promise<void> {
    assertEquals(this.#entries, []);
    const plain = this.#socket.protocol === "";
    for (let i = 0; i < 2; i++) {
      this.send({ action: plain ? "(nothing)" : "ping" });
      assertEquals(
        await this.next(),
        plain ? { status: "error", message: "Invalid action" } : { event: "pong" },
      );
    }
  }

  /** Resolves when the connection has ended, with the code of its close. */
  closed(): Promise<{ code: number; reason: string }> {
    return bounded(this.#closed, () => "the connection does not close");
  }

  /** Closes with a code, or with none as if the line was cut, and waits for the end. */
  async close(code?: number): Promise<void> {
    this.#socket.close(code);
    await this.closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

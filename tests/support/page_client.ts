/**
 * A client that knows PROTOCOL.md and nothing else: it sends as the table in its section
 * "Sending" says, and can garble what it sends.
 *
 * @module
 */

import type { Frame } from "./fixtures.ts";
import { bounded, pause } from "./waiting.ts";

/** The fate of a message: its `seq` (0 where the server no longer tells it), or one of the words. */
export type Fate = number | "refused" | "unknown";

/** Ways to spoil a message, so that it is refused for good; each needs one more look of the server. */
export const SPOILT: Record<string, (frame: Frame) => string | Uint8Array<ArrayBuffer>> = {
  "binary": () => new Uint8Array(9),
  "no JSON": (frame) => JSON.stringify(frame).slice(0, -1),
  "too long to be read": (frame) => JSON.stringify({ ...frame, body: "x".repeat(400_000) }),
  "no action": (frame) => JSON.stringify({ ...frame, action: "say" }),
  "no text": (frame) => JSON.stringify({ ...frame, body: 5 }),
  "too large": (frame) => JSON.stringify({ ...frame, body: "x".repeat(65_537) }),
  "elsewhere": (frame) => JSON.stringify({ ...frame, room_id: "0000-0000-0000-0000" }),
};

/** Codes of errors that say nothing of which message they are about, because it was not read. */
const UNREAD = new Set(["invalid_frame", "invalid_json", "too_large", "rate_limited"]);

interface Message {
  readonly roomId: string;
  readonly body: string;
  readonly spoil: keyof typeof SPOILT | undefined;
  n: number;
  ref: number;
  /** The length of the frame that it was sent in. */
  size: number;
  isFlying: boolean;
  readonly tell: (fate: Fate) => void;
}

const LEAST_PAUSE_MS = 50;

/** The most that may be on its way besides one message, in UTF-16 units of the frames. */
const MOST_FLYING = 131_072;

/** One person on one connection after the other. */
export class PageClient implements AsyncDisposable {
  /** The public id. */
  id = "";
  /** The number of errors by their code. */
  readonly refusals: Record<string, number> = {};
  /** The codes of all goodbyes. */
  readonly goodbyes: number[] = [];
  /** The number of times that it came back as somebody else. */
  forgotten = 0;
  /** Called when a connection has ended that this side did not end; unless given, it stays away. */
  lost: (retryMs: number) => void = () => {};
  readonly #most: number;
  #session: string | undefined;
  #socket: WebSocket | undefined;
  readonly #rooms: string[] = [];
  /** Without an answer: first those with a number, in its order, then the new ones. */
  #messages: Message[] = [];
  #n = 0;
  #window: number;
  #start = Infinity;
  #ref = 0;
  #isReady = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heldUntil = 0;
  /** Replies that something waits for, by mark. */
  readonly #replies = new Map<number, (reply: Frame) => void>();

  /** Makes a client that has at most so many messages on their way. */
  constructor(most = 128) {
    this.#most = this.#window = most;
  }

  /** The number of messages without an answer. */
  get unanswered(): number {
    return this.#messages.length;
  }

  /** `true` where it speaks to a server, and is in its rooms. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Connects, or goes to another server, without a word to the one before. */
  async connect(url: string): Promise<void> {
    this.leave();
    const socket = this.#socket = new WebSocket(url, "parley.v1");
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    socket.onerror = () => opened.reject(new Error(`Cannot connect to ${url}`));
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#hear(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      opened.reject(new Error(`Closed with ${code}`));
      if (socket !== this.#socket) return;
      this.leave();
      if (code < 4500) this.lost(LEAST_PAUSE_MS);
    };
    await bounded(opened.promise, () => `${url} does not answer`);
    const n = (this.#messages.find((message) => message.n > 0)?.n ?? this.#n + 1) - 1;
    const session = this.#session;
    // What comes before hello changes nothing, whatever it says.
    if (n % 2 === 1) {
      this.#send({ action: "message", room_id: "x", n: n + 1, body: "x", ref: "early" });
    }
    const welcome = await this.#ask({
      action: "hello",
      body: session === undefined ? {} : { session, n, sent: this.#n },
    });
    if (welcome.status !== "connected") throw new Error(`No welcome: ${JSON.stringify(welcome)}`);
    if (session !== undefined && welcome.resumed !== true) this.#beginAnew();
    this.#session = String(welcome.session);
    this.id = String(welcome.client_id);
    this.#n = Math.max(this.#n, Number(welcome.n));
    this.#start = (welcome.limits as { start?: number }).start ?? Infinity;
    this.#window = Math.min(this.#window, this.#start);
    for (const roomId of this.#rooms) await this.join(roomId);
    if (socket !== this.#socket) return;
    this.#isReady = true;
    this.#flush();
  }

  /** Joins a room, as often as the server says "not now", and after each connection again. */
  async join(roomId: string): Promise<void> {
    if (!this.#rooms.includes(roomId)) this.#rooms.push(roomId);
    for (;;) {
      const reply = await this.#ask({ action: "join", body: { room_id: roomId } });
      if (reply.status === "success") return;
      if (typeof reply.retry_after_ms !== "number") throw new Error(JSON.stringify(reply));
      await pause(reply.retry_after_ms);
    }
  }

  /** Says something, spoilt if that is named; resolves with what became of it. */
  say(roomId: string, body: string, spoil?: keyof typeof SPOILT): Promise<Fate> {
    const { promise, resolve } = Promise.withResolvers<Fate>();
    this.#messages.push({
      roomId,
      body,
      spoil,
      n: 0,
      ref: 0,
      size: 0,
      isFlying: false,
      tell: resolve,
    });
    this.#flush();
    return promise;
  }

  /** Sends a frame that is about no message; nobody waits for what comes of it. */
  mutter(frame: Frame): void {
    if (this.#isReady) this.#send({ ...frame, ref: "muttered" });
  }

  /** Ends the connection as one whose process has gone. */
  [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    this.lost = () => {};
    this.leave();
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return bounded(new Promise((resolve) => socket.onclose = () => resolve()), () => "no close");
  }

  /** Drops the connection without a word, and stays away. */
  leave(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isReady = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const message of this.#messages) message.isFlying = false;
    for (const tell of this.#replies.values()) tell({ status: "gone" });
    this.#replies.clear();
    socket?.close();
  }

  #beginAnew(): void {
    this.forgotten++;
    for (const { n, tell } of this.#messages) if (n > 0) tell("unknown");
    this.#messages = this.#messages.filter(({ n }) => n === 0);
    this.#n = 0;
  }

  #ask(frame: Frame): Promise<Frame> {
    const ref = ++this.#ref;
    const { promise, resolve } = Promise.withResolvers<Frame>();
    this.#replies.set(ref, resolve);
    this.#send({ ...frame, ref });
    return bounded(promise, () => `no answer to ${JSON.stringify(frame)}`);
  }

  #send(frame: Frame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #flush(): void {
    if (!this.#isReady || this.#timer !== undefined) return;
    let flying = 0;
    let size = 0;
    for (const message of this.#messages) {
      if (!message.isFlying) continue;
      flying++;
      size += message.size;
    }
    for (const message of this.#messages) {
      if (message.isFlying) continue;
      const { roomId, body, spoil } = message;
      const n = message.n || this.#n + 1;
      const ref = this.#ref + 1;
      const frame = { action: "message", room_id: roomId, n, body, ref };
      const text = spoil === undefined ? JSON.stringify(frame) : SPOILT[spoil]!(frame);
      size += text.length;
      if (flying >= this.#window || flying > 0 && size > MOST_FLYING) return;
      flying++;
      message.n = n;
      this.#n = Math.max(this.#n, n);
      message.ref = this.#ref = ref;
      message.size = text.length;
      message.isFlying = true;
      this.#socket?.send(text);
    }
  }

  #hear(frame: Frame): void {
    const reply = typeof frame.ref === "number" ? this.#replies.get(frame.ref) : undefined;
    if (reply !== undefined) {
      this.#replies.delete(Number(frame.ref));
      if (frame.status === "error") this.#count(frame);
      reply(frame);
    } else if (frame.event === "entries") {
      for (const entry of frame.entries as { from: string; n?: number; seq: number }[]) {
        if (entry.from === this.id && entry.n !== undefined) this.#stored(entry.n, entry.seq);
      }
    } else if (frame.event === "gap") {
      for (const message of this.#messages) message.isFlying = false;
      this.#hold(LEAST_PAUSE_MS);
    } else if (frame.event === "ping") this.#send({ action: "pong" });
    else if (frame.event === "goodbye") this.goodbyes.push(Number(frame.code));
    else if (frame.duplicate === true) this.#stored(Number(frame.n), Number(frame.seq ?? 0));
    else if (frame.status === "error") {
      this.#count(frame);
      this.#refused(frame);
    }
  }

  #count({ code }: Frame): void {
    this.refusals[String(code)] = (this.refusals[String(code)] ?? 0) + 1;
  }

  #stored(n: number, seq: number): void {
    const place = this.#messages.findIndex((message) => message.n === n);
    if (place < 0) return;
    this.#messages.splice(place, 1)[0]!.tell(seq);
    this.#window = Math.min(this.#window + 1, this.#most, this.#start);
    this.#flush();
  }

  #refused({ code, n, ref, message, retry_after_ms: retryMs }: Frame): void {
    const isIt = n === undefined && ref === undefined && UNREAD.has(String(code))
      // It was not read: the first that is on its way and cannot be.
      ? ({ spoil }: Message) => spoil !== undefined && Object.keys(SPOILT).indexOf(spoil) < 3
      : (message: Message) => message.n === n && (ref === undefined || message.ref === ref);
    const place = this.#messages.findIndex((message) => message.isFlying && isIt(message));
    if (place < 0) return;
    const behind = this.#messages.slice(place);
    for (const message of behind) message.isFlying = false;
    if (code === "out_of_order") {
      this.#window = 1;
      if (place > 0) return this.#hold(1_000);
      const numbers = this.#messages.map((one) => one.n).filter((one) => one > 0);
      throw new Error(`The server counts otherwise: ${message}, ${this.id} has ${numbers}`);
    }
    if (code === "rate_limited" || code === "unavailable") {
      this.#window = 1;
      return this.#hold(Math.max(Number(retryMs ?? 1_000), LEAST_PAUSE_MS));
    }
    for (const message of behind) if (message.n > 0) message.n--;
    this.#n--;
    this.#messages.splice(place, 1)[0]!.tell("refused");
    this.#flush();
  }

  /** Holds for at least so long: where it does already, the later end counts. */
  #hold(ms: number): void {
    const until = performance.now() + ms;
    if (this.#timer !== undefined && this.#heldUntil >= until) return;
    this.#heldUntil = until;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, ms);
  }
}

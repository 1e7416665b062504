/**
 * All connections of a throughput run: they join their rooms, send pre-built frames, and
 * count what comes.
 *
 * @module
 */

import { type Dialect, messageTemplate, mostTogether, type Template } from "./dialects.ts";
import {
  clientFrame,
  type FrameReader,
  MARK,
  OPCODE,
  readDigits,
  readFrames,
  STAMP_DIGITS,
  writeDigits,
} from "./frames.ts";
import type { Histogram } from "./histogram.ts";
import { joinRoom } from "./joining.ts";
import { LibcSockets, type SocketEvents } from "./libc_sockets.ts";
import type { Shape } from "./shapes.ts";

/** Reads go here; what an earlier read left of a frame is put in front. */
const READ_BYTES = 524_288;

const SPACE = 0x20;
const ZERO = 0x30;

/** One room of a run. */
export interface LoadRoom {
  members: number;
  senders: LoadSender[];
  sent: number;
  delivered: number;
  /** `true` while it is in `changed`. */
  dirty: boolean;
}

/** A connection that sends in a room. */
export interface LoadSender {
  connection: Connection;
  room: LoadRoom;
  roomId: string;
  /** The frames of one message, of two, and so on, as far as they were needed. */
  templates: Template[];
  /** When the messages were said that are in no frame yet. */
  stamps: number[];
}

interface Connection {
  id: number;
  socket: number;
  /** The room that all it gets counts for, even where it is in more. */
  room: LoadRoom;
  n: number;
  /** The bytes that are to be sent, and the number of them. */
  out: Uint8Array<ArrayBuffer>;
  outLength: number;
  dirty: boolean;
  blocked: boolean;
  /** The beginning of a frame whose rest has not come. */
  rest: Uint8Array | undefined;
}

/** The connections and rooms of a run. */
export class LoadPool implements SocketEvents, FrameReader {
  readonly rooms: LoadRoom[];
  /** Rooms that something was delivered in since this was emptied. */
  readonly changed: LoadRoom[] = [];
  /** Takes the latency of deliveries while it is set; of all of them or, with `sampleMask`, of a part. */
  latency: Histogram | undefined;
  sampleMask = 0;
  deliveries = 0;
  frames = 0;
  bytes = 0;
  readonly #dialect: Dialect;
  readonly #payload: number;
  /** The most messages of one connection that share a frame. */
  readonly #together: number;
  readonly #sockets = new LibcSockets();
  readonly #connections: Connection[] = [];
  /** Who has said something that is in no frame yet, and whose frames are to be sent. */
  readonly #speaking: LoadSender[] = [];
  readonly #dirty: Connection[] = [];
  readonly #buffer = new Uint8Array(2 * READ_BYTES);
  // One byte is spared for the sentinel that ends each scan.
  readonly #input = this.#buffer.subarray(READ_BYTES, 2 * READ_BYTES - 1);
  #reading: Connection | undefined;
  /** From the start of a frame to its first mark, and from one mark to the next, as they were last. */
  #lead = 0;
  #stride = 1;

  /** Makes an empty pool for a shape. */
  constructor(dialect: Dialect, { rooms, members }: Shape, payload: number) {
    this.#dialect = dialect;
    this.#payload = payload;
    this.#together = mostTogether(dialect, payload);
    this.rooms = Array.from(
      { length: rooms },
      () => ({ members, senders: [], sent: 0, delivered: 0, dirty: false }),
    );
  }

  /** Connects everybody and fills one room after the other, the senders of each first. */
  connect(port: number, shape: Shape): void {
    const { members, senders, clients = shape.rooms * members } = shape;
    let place = 0;
    for (const [number, room] of this.rooms.entries()) {
      let roomId: string | undefined;
      for (let member = 0; member < members; member++) {
        // With fewer clients than places, they take places in turn.
        const earlier = this.#connections[place++ % clients];
        const connection = earlier ?? this.#open(port, room);
        const joined = joinRoom(this.#sockets, connection.socket, {
          ...{ dialect: this.#dialect, port, room: number, roomId },
          earlier: earlier && { id: undefined, rest: earlier.rest },
        });
        roomId = joined.id;
        connection.rest = joined.rest;
        if (member >= senders) continue;
        room.senders.push({ connection, room, roomId: roomId ?? "", templates: [], stamps: [] });
      }
    }
    for (const { socket, id } of this.#connections) {
      this.#sockets.watch(socket, id, { output: false, first: true });
    }
  }

  #open(port: number, room: LoadRoom): Connection {
    const connection = {
      id: this.#connections.length,
      socket: this.#sockets.connect(port),
      room,
      n: 0,
      out: new Uint8Array(1_024),
      outLength: 0,
      dirty: false,
      blocked: false,
      rest: undefined,
    };
    this.#connections.push(connection);
    return connection;
  }

  /** Has a sender say a message that is stamped with a time in microseconds; `flush` sends it. */
  say(sender: LoadSender, stampUs: number): void {
    if (sender.stamps.length === 0) this.#speaking.push(sender);
    sender.stamps.push(stampUs);
    sender.room.sent++;
  }

  /** Sends what was said: everything of one connection in one write, and in as few frames as it may. */
  flush(): void {
    for (const it of this.#speaking) {
      while (it.stamps.length > 0) this.#frame(it, it.stamps.splice(0, this.#together));
    }
    this.#speaking.length = 0;
    for (const it of this.#dirty) {
      it.dirty = false;
      if (!it.blocked) this.#write(it);
    }
    this.#dirty.length = 0;
  }

  /** Takes in what comes within `waitMs`. */
  poll(waitMs: number): void {
    this.#sockets.poll(waitMs, this);
  }

  readable(id: number): void {
    const it = this.#connections[id]!;
    const received = this.#sockets.receiveNow(it.socket, this.#input, this.#input.length);
    if (received <= 0) return this.failed(id);
    this.bytes += received;
    let from = READ_BYTES;
    if (it.rest !== undefined) {
      from -= it.rest.length;
      if (from < 0) throw new RangeError(`Cannot read a frame of more than ${READ_BYTES} bytes`);
      this.#buffer.set(it.rest, from);
      it.rest = undefined;
    }
    const to = READ_BYTES + received;
    // Ends the scan of the last frame, which otherwise would run on into what earlier reads left.
    this.#buffer[to] = MARK;
    this.#reading = it;
    const end = readFrames(this.#buffer, { from, to }, this);
    if (end < to) it.rest = this.#buffer.slice(end, to);
  }

  writable(id: number): void {
    this.#write(this.#connections[id]!);
  }

  failed(id: number): void {
    throw new Error(`The server has closed connection ${id} of ${this.#connections.length}`);
  }

  data(from: number, to: number): void {
    this.frames++;
    let at = this.#next(from, this.#lead, to);
    if (at >= to) return this.#answerPing(from, to);
    this.#lead = at - from;
    const { room } = this.#reading!;
    let count = 0;
    while (at < to) {
      count++;
      if (this.latency !== undefined && ((this.deliveries + count) & this.sampleMask) === 0) {
        const sentUs = readDigits(this.#buffer, at + 1, STAMP_DIGITS);
        this.latency.add(performance.now() - sentUs / 1_000);
      }
      // No entry is shorter than its body.
      if (to - at < 2 * this.#payload) break;
      const next = this.#next(at, this.#stride, to);
      if (next < to) this.#stride = next - at;
      at = next;
    }
    this.deliveries += count;
    room.delivered += count;
    if (room.dirty) return;
    room.dirty = true;
    this.changed.push(room);
  }

  control(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODE.close) throw new Error("The server has said goodbye");
    if (opcode === OPCODE.ping) this.#queue(this.#reading!, clientFrame(payload, OPCODE.pong));
  }

  /**
   * The next mark behind `from`. Most entries are as long as the one before, so that it is
   * mostly `guess` bytes on; else native code looks for it, and the sentinel bounds it.
   */
  #next(from: number, guess: number, to: number): number {
    const likely = from + guess;
    if (likely < to && this.#buffer[likely] === MARK) return likely;
    return this.#buffer.indexOf(MARK, from + 1);
  }

  /** Socket.IO has pings of its own: a `2` that wants a `3`. */
  #answerPing(from: number, to: number): void {
    if (this.#dialect === "socket.io" && to - from === 1 && this.#buffer[from] === 0x32) {
      this.#queue(this.#reading!, clientFrame("3"));
    }
  }

  #frame({ connection, roomId, templates }: LoadSender, stamps: number[]): void {
    const count = stamps.length;
    const { frame, stampAt, stride, nAt, nDigits } = templates[count] ??= messageTemplate(
      this.#dialect,
      { roomId, payload: this.#payload, count },
    );
    stamps.forEach((value, i) => {
      writeDigits(frame, stampAt + i * stride, { value, digits: STAMP_DIGITS, fill: ZERO });
    });
    if (nDigits > 0) {
      writeDigits(frame, nAt, { value: connection.n + 1, digits: nDigits, fill: SPACE });
      connection.n += count;
    }
    this.#queue(connection, frame);
  }

  #queue(it: Connection, frame: Uint8Array): void {
    const length = it.outLength + frame.length;
    if (length > it.out.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(it.out.subarray(0, it.outLength));
      it.out = grown;
    }
    it.out.set(frame, it.outLength);
    it.outLength = length;
    if (it.dirty) return;
    it.dirty = true;
    this.#dirty.push(it);
  }

  #write(it: Connection): void {
    const sent = this.#sockets.sendNow(it.socket, it.out, it.outLength);
    it.out.copyWithin(0, sent, it.outLength);
    it.outLength -= sent;
    const blocked = it.outLength > 0;
    if (blocked === it.blocked) return;
    it.blocked = blocked;
    this.#sockets.watch(it.socket, it.id, { output: blocked, first: false });
  }
}

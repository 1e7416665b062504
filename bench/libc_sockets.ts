/**
 * Sockets straight from the C library: one thread, one `epoll`, no promise for each read.
 * `Deno.connect` costs several times as much a read, and then it is the generator that is
 * measured (bench/README.md has the figures). Linux only.
 *
 * @module
 */

const LIBRARY = "libc.so.6";
const AF_INET = 2;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLLHUP = 16;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** The timeout of a blocking read, in seconds. */
const RECEIVE_TIMEOUT_S = 10;

/** The most events taken at once. */
const MAX_EVENTS = 1_024;

// `struct epoll_event` is packed on x86 only; the u32 of ours stands first in its data.
const EVENT_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;

// Sizes are declared as 32 bits and results as `i32`: only those take the runtime's fast path,
// which is three times as fast, and 32-bit registers are zero-extended on both architectures.
const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_pwait2: { parameters: ["i32", "buffer", "i32", "buffer", "pointer"], result: "i32" },
} as const;

/** Events of sockets; each is told by the number it was watched under. */
export interface SocketEvents {
  readable(id: number): void;
  writable(id: number): void;
  failed(id: number): void;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The sockets of one generator. They end with the process. */
export class LibcSockets {
  readonly #libc: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #epoll: number;
  readonly #events = new Uint32Array(MAX_EVENTS * EVENT_WORDS);
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  // `struct timespec` on a little-endian machine: seconds and nanoseconds, each with an upper half of 0.
  readonly #timeout = new Int32Array(4);
  readonly #timeoutBytes = new Uint8Array(this.#timeout.buffer);

  /** Opens the C library; throws where there is none. */
  constructor() {
    if (Deno.build.os !== "linux") {
      throw new Error(`Cannot generate load on ${Deno.build.os}: it takes epoll, which Linux has`);
    }
    this.#libc = Deno.dlopen(LIBRARY, SYMBOLS).symbols;
    this.#epoll = checked("epoll_create1", this.#libc.epoll_create1(0));
  }

  /** Connects to a port of this machine and returns the socket. */
  connect(port: number): number {
    const address = new Uint8Array(16);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(2, port);
    address.set([127, 0, 0, 1], 4);
    const socket = checked("socket", this.#libc.socket(AF_INET, SOCK_STREAM, 0));
    checked("connect", this.#libc.connect(socket, address, address.length));
    this.#set(socket, IPPROTO_TCP, TCP_NODELAY, new Uint8Array(new Int32Array([1]).buffer));
    const timeout = new Uint8Array(new BigInt64Array([BigInt(RECEIVE_TIMEOUT_S), 0n]).buffer);
    this.#set(socket, SOL_SOCKET, SO_RCVTIMEO, timeout);
    return socket;
  }

  /** Sends all bytes, and waits for it: before a socket is watched only. */
  sendAll(socket: number, bytes: Uint8Array): void {
    const copy = new Uint8Array(bytes);
    const sent = this.#libc.send(socket, copy, copy.length, MSG_NOSIGNAL);
    if (sent !== copy.length) throw new Error("Cannot send: the server has closed the connection");
  }

  /** Waits for bytes and returns how many came. */
  receive(socket: number, into: Bytes): number {
    const received = this.#libc.recv(socket, into, into.length, 0);
    if (received <= 0) {
      throw new Error(
        `Cannot receive: the server said nothing for ${RECEIVE_TIMEOUT_S} s or closed the connection`,
      );
    }
    return received;
  }

  /** Sends what can be sent of the first `length` bytes without waiting; returns how many that were. */
  sendNow(socket: number, bytes: Bytes, length: number): number {
    // Whether it failed or is full, `poll` will tell.
    return Math.max(0, this.#libc.send(socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  /** Takes up to `length` bytes that are there; 0 where the peer has closed. */
  receiveNow(socket: number, into: Bytes, length: number): number {
    return this.#libc.recv(socket, into, length, MSG_DONTWAIT);
  }

  /** Reports what happens to a socket as `id` from now on; with `output`, also when it takes more. */
  watch(socket: number, id: number, { output, first }: { output: boolean; first: boolean }): void {
    const event = new Uint32Array(EVENT_WORDS);
    event[0] = EPOLLIN | (output ? EPOLLOUT : 0);
    event[DATA_WORD] = id;
    const how = first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const bytes = new Uint8Array(event.buffer);
    checked("epoll_ctl", this.#libc.epoll_ctl(this.#epoll, how, socket, bytes));
  }

  /** Waits up to `waitMs` for something to happen, and reports all that has. */
  poll(waitMs: number, events: SocketEvents): void {
    this.#timeout[0] = waitMs / 1_000;
    this.#timeout[2] = waitMs % 1_000 * 1_000_000;
    const count = this.#libc.epoll_pwait2(
      this.#epoll,
      this.#eventBytes,
      MAX_EVENTS,
      this.#timeoutBytes,
      null,
    );
    for (let i = 0; i < count; i++) {
      const what = this.#events[i * EVENT_WORDS]!;
      const id = this.#events[i * EVENT_WORDS + DATA_WORD]!;
      if (what & (EPOLLERR | EPOLLHUP)) events.failed(id);
      else {
        if (what & EPOLLIN) events.readable(id);
        if (what & EPOLLOUT) events.writable(id);
      }
    }
  }

  #set(socket: number, level: number, option: number, value: Bytes): void {
    checked("setsockopt", this.#libc.setsockopt(socket, level, option, value, value.length));
  }
}

function checked(call: string, result: number): number {
  if (result < 0) throw new Error(`Cannot ${call}: the C library returned ${result}`);
  return result;
}

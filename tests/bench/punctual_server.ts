/**
 * A server for the tests of the benchmark whose latency is known: it passes every message
 * on exactly so many milliseconds after it came. It speaks as much of `parley.v1` as the
 * client needs.
 *
 * @module
 */

/** A server with one room, until it is disposed. */
export class PunctualServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  readonly #delayMs: number;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #clients = 0;
  #seq = 0;

  /** Listens on a free port. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "parley.v1" });
        const clientId = `client${this.#clients++}`;
        socket.onmessage = ({ data }) => this.#hear(socket, clientId, JSON.parse(data));
        socket.onclose = () => this.#sockets.delete(socket);
        return response;
      },
    );
  }

  /** Where clients connect to. */
  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#server.shutdown();
  }

  #hear(socket: WebSocket, from: string, frame: Record<string, unknown>): void {
    const came = performance.now();
    const { action, ref } = frame;
    const say = (fields: Record<string, unknown>) =>
      socket.send(JSON.stringify({ ...fields, ref }));
    switch (action) {
      case "hello":
        say({
          status: "connected",
          client_id: from,
          session: `${from}.secret`,
          resumed: false,
          n: 0,
          heartbeat_ms: 25_000,
          limits: {
            body_bytes: 65_536,
            name_chars: 128,
            batch: 256,
            rooms: 100,
            frame_bytes: 394_240,
          },
        });
        break;
      case "create":
      case "join":
        this.#sockets.add(socket);
        say({
          status: "success",
          room_id: "room",
          room_name: "room",
          epoch: "epoch",
          seq: this.#seq,
          members: [],
          presence: true,
        });
        break;
      case "leave":
        say({ status: "success", room_id: "room" });
        break;
      case "ping":
        say({ event: "pong" });
        break;
      case "message":
        this.#pass(came, { from, n: frame.n, body: frame.body });
    }
  }

  #pass(came: number, message: Record<string, unknown>): void {
    // Timers are up to a millisecond late, so that the last one is waited out.
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      while (performance.now() < came + this.#delayMs);
      const entry = { seq: ++this.#seq, at: Date.now(), ...message };
      const frame = JSON.stringify({ event: "entries", room_id: "room", entries: [entry] });
      for (const socket of this.#sockets) socket.send(frame);
    }, this.#delayMs - 2);
    this.#timers.add(timer);
  }
}

/**
 * A NATS server that says what a test wants: for moments that a real one shows too seldom.
 *
 * @module
 */

/** A question, or something published, and how often that subject was asked before. */
export interface NatsQuestion {
  subject: string;
  before: number;
  /** The text that is sent with it, without headers. */
  body: string;
}

/** Answers questions with a value that is sent as JSON; undefined: nobody there takes such questions. */
export type NatsScript = (question: NatsQuestion) => unknown;

/** Such a server on a free port of this machine. */
export class ScriptedNats implements AsyncDisposable {
  /** Questions in their order. */
  readonly asked: string[] = [];
  /** Why it refuses a line of the protocol; undefined where it does not. Whoever it refuses to let in is cut. */
  refuses: (line: string) => string | undefined = () => undefined;
  /** The number of connections it has taken. */
  taken = 0;
  readonly #talks = new Set<Deno.TcpConn>();
  /** Who is not read from any more. */
  readonly #unread = new Set<Deno.TcpConn>();
  readonly #end = Promise.withResolvers<void>();
  readonly #script: NatsScript;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;

  constructor(script: NatsScript) {
    this.#script = script;
    this.#serving = this.#serve();
  }

  /** Where clients connect, like `127.0.0.1:4222`. */
  get host(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** The number of connections that are open. */
  get open(): number {
    return this.#talks.size;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const connection of this.#talks) connection.close();
    this.#talks.clear();
  }

  /** Reads no more from the connections there are, which stay open. */
  ignore(): void {
    for (const connection of this.#talks) this.#unread.add(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.resolve();
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const talks: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.taken++;
      this.#talks.add(connection);
      talks.push(this.#talk(connection).finally(() => this.#talks.delete(connection)));
    }
    await Promise.all(talks);
  }

  async #talk(connection: Deno.TcpConn): Promise<void> {
    const writer = connection.writable.getWriter();
    const encoder = new TextEncoder();
    const say = (text: string) => writer.write(encoder.encode(text)).catch(() => {});
    const info = { server_id: "S", version: "2.9.10", proto: 1, headers: true, max_payload: 1e6 };
    say(`INFO ${JSON.stringify(info)}\r\n`);
    /** The subscriptions, as pairs of a subject without its last word and a number. */
    const inboxes: [string, string][] = [];
    let text = "";
    try {
      for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
        if (this.#unread.has(connection)) await this.#end.promise;
        text += chunk;
        for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
          const line = text.slice(0, end);
          const [verb = "", ...words] = line.split(" ");
          // What is published is all ASCII here: its bytes are its characters.
          const length = /^H?PUB$/.test(verb) ? Number(words.at(-1)) + 2 : 0;
          if (text.length < end + 2 + length) break;
          const headers = verb === "HPUB" ? Number(words.at(-2)) : 0;
          const body = text.slice(end + 2 + headers, end + length);
          text = text.slice(end + 2 + length);
          const why = this.refuses(line);
          if (why !== undefined) {
            await say(`-ERR '${why}'\r\n`);
            if (verb === "CONNECT") connection.close();
            continue;
          }
          if (verb === "PING") say("PONG\r\n");
          if (verb === "SUB") inboxes.push([words[0]!.replace(/\*$/, ""), words.at(-1)!]);
          const [subject = "", reply = ""] = words;
          const [, sid] = inboxes.find(([inbox]) => reply.startsWith(inbox)) ?? [];
          if (length > 0 && sid !== undefined) say(this.#answer(subject, reply, sid, body));
        }
      }
    } catch {
      // The connection was broken instead of closed.
    }
    await writer.close().catch(() => {});
  }

  #answer(subject: string, reply: string, sid: string, text: string): string {
    const before = this.asked.filter((asked) => asked === subject).length;
    this.asked.push(subject);
    const answer = this.#script({ subject, before, body: text });
    if (answer === undefined) {
      const status = "NATS/1.0 503\r\n\r\n";
      return `HMSG ${reply} ${sid} ${status.length} ${status.length}\r\n${status}\r\n`;
    }
    const body = JSON.stringify(answer);
    return `MSG ${reply} ${sid} ${body.length}\r\n${body}\r\n`;
  }
}

/**
 * Plays the server and the app of the sequences for clients in `testdata/sequences.json` with the
 * client of this project.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Acknowledgement,
  ChatClient,
  type ChatRoom,
  type RoomEvent,
  SendError,
} from "../../client.ts";
import type { Frame } from "../support/fixtures.ts";
import { fits } from "../support/frame_schema.ts";
import { type ScriptedPeer, ScriptedServer, Wire } from "../support/scripted_server.ts";
import { allSteps, Variables } from "../support/sequences.ts";
import { bounded } from "../support/waiting.ts";
import file from "../testdata/sequences.json" with { type: "json" };
import { ending, wordsOf } from "./client_words.ts";

/** A sequence, with its opening. */
export interface ClientSequence {
  topic: string;
  name: string;
  steps: Step[];
}

/** A step: the app does something or is told, or else the server does or gets something. */
interface Step {
  app?:
    | "connects"
    | "joins"
    | "says"
    | "stored"
    | "refused"
    | "unknown"
    | "sees"
    | "members"
    | "ends";
  name?: string;
  room?: string;
  body?: string;
  as?: string;
  seq?: number;
  events?: unknown[];
  ids?: string[];
  accepts?: boolean;
  gets?: unknown;
  gets_messages?: { n: number; body: string }[];
  silent?: true;
  replies?: Frame;
  refuses?: { n: number };
  sends?: Frame;
  closes?: number | null;
  cuts?: true;
}

interface RawSequence extends ClientSequence {
  opening?: string;
}

/** All sequences for clients. */
export const CLIENT_SEQUENCES: ClientSequence[] = (file.clients as RawSequence[]).map(
  ({ topic, name, ...rest }) => ({ topic, name, steps: allSteps(rest) }),
);

type Outcome = { type: "stored"; seq: number } | { type: "refused" | "unknown" };

/** The app: what it has said, and what it is told. */
class App implements AsyncDisposable {
  readonly chat: ChatClient;
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  #room: Promise<ChatRoom> | undefined;
  #events: AsyncGenerator<RoomEvent, void, undefined> | undefined;

  constructor(url: string, name: string) {
    this.chat = new ChatClient(url, { name });
    // What comes of it shows in what the client says next.
    this.chat.connect().catch(() => {});
  }

  async act(step: Step): Promise<void> {
    const { app, as = "" } = step;
    switch (app) {
      case "joins":
        this.#room = this.chat.joinRoom(step.room ?? "");
        this.#room.catch(() => {});
        break;
      case "says": {
        const room = await this.#here();
        this.#outcomes.set(as, outcomeOf(room.send(step.body ?? "")));
        break;
      }
      case "stored":
      case "refused":
      case "unknown": {
        const outcome = await bounded(this.#outcomes.get(as)!, () => `no word of ${as}`);
        const seq = step.seq === undefined ? {} : { seq: step.seq };
        const { type } = outcome;
        assertEquals({ ...outcome, type }, { ...outcome, type: app, ...seq });
        break;
      }
      case "sees":
        for (const event of step.events ?? []) {
          this.#events ??= (await this.#here()).events();
          const next = await bounded(
            this.#events.next(),
            () => `not seen: ${JSON.stringify(event)}`,
          );
          check(event, next.value && wordsOf(next.value));
        }
        break;
      case "members": {
        const { members } = await this.#here();
        assertEquals([...members.keys()].toSorted(), step.ids?.toSorted());
        break;
      }
      case "ends":
        await bounded(ending(this.chat, true), () => "the client does not say that it has ended");
        break;
      default:
        throw new TypeError(`An app that does nothing: ${JSON.stringify(step)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events?.return();
    await this.chat.close();
  }

  async #here(): Promise<ChatRoom> {
    if (this.#room === undefined) throw new RangeError("The app has not joined a room");
    return await bounded(this.#room, () => "the app does not get into its room");
  }
}

/** The server: one connection after the other. */
class Server {
  readonly #peers: ScriptedPeer[];
  readonly #arrived: () => Promise<void>;
  readonly #wire: Wire;
  #peer: ScriptedPeer | undefined;
  #frame: Frame = {};
  /** Messages that came in one frame with some that were asked for. */
  #messages: { n: number; body: string }[] = [];
  /** The marks of the frames in which messages came last. */
  readonly #refs = new Map<number, unknown>();

  constructor(peers: ScriptedPeer[], arrived: () => Promise<void>, wire: Wire) {
    this.#peers = peers;
    this.#arrived = arrived;
    this.#wire = wire;
  }

  async act(step: Step): Promise<void> {
    if (step.accepts !== undefined) {
      while (this.#peers.length === 0) await bounded(this.#arrived(), () => "nobody connects");
      this.#peer = this.#peers.shift();
      this.#messages = [];
    } else if (step.gets !== undefined) check(step.gets, await this.#next());
    else if (step.gets_messages !== undefined) {
      for (const message of step.gets_messages) assertEquals(await this.#message(), message);
    } else if (step.silent) {
      this.#send({ event: "ping" });
      assertEquals(await this.#next(), { action: "pong" });
    } else if (step.replies !== undefined) {
      const { ref } = this.#frame;
      this.#send({ ...step.replies, ...(ref === undefined ? {} : { ref }) });
    } else if (step.refuses !== undefined) {
      const ref = this.#refs.get(step.refuses.n);
      const error = { status: "error", message: "Not now", ...step.refuses };
      this.#send({ ...error, ...(ref === undefined ? {} : { ref }) });
    } else if (step.sends !== undefined) this.#send(step.sends);
    else if (step.closes !== undefined) this.#peer?.close(step.closes ?? undefined);
    else if (step.cuts) this.#wire.cut();
    else throw new TypeError(`A step that does nothing: ${JSON.stringify(step)}`);
  }

  #send(frame: Frame): void {
    this.#peer?.send(frame);
  }

  /** The next frame that is no ping; it must be in the schema. */
  async #next(): Promise<Frame> {
    assertEquals(this.#messages, []);
    if (this.#peer === undefined) throw new RangeError("Nobody is connected");
    this.#frame = await this.#peer.next();
    if (!fits("v1_client_frame", this.#frame)) {
      throw new Error(`The schema does not have ${JSON.stringify(this.#frame)}`);
    }
    return this.#frame;
  }

  async #message(): Promise<unknown> {
    if (this.#messages.length === 0) {
      const { action, n, body, ref } = await this.#next();
      if (action !== "message" && action !== "messages") throw new Error(`No message: ${action}`);
      this.#messages = [body].flat().map((body, i) => ({ n: Number(n) + i, body: String(body) }));
      for (const { n } of this.#messages) this.#refs.set(n, ref);
    }
    return this.#messages.shift();
  }
}

/** Plays a sequence with the client; throws an error that names the step that went wrong. */
export async function play({ steps }: ClientSequence): Promise<void> {
  const peers: ScriptedPeer[] = [];
  let arrival = Promise.withResolvers<void>();
  const protocol = steps.some(({ accepts }) => accepts === false) ? { protocol: "" } : {};
  await using scripted = new ScriptedServer(async (peer) => {
    peers.push(peer);
    arrival.resolve();
    arrival = Promise.withResolvers();
    await peer.closed;
  }, protocol);
  await using wire = new Wire(new URL(scripted.url).host);
  const server = new Server(peers, () => arrival.promise, wire);
  await using apps = new AsyncDisposableStack();
  let app: App | undefined;
  for (const [i, step] of steps.entries()) {
    try {
      if (step.app === "connects") app = apps.use(new App(wire.url, step.name ?? ""));
      else if (step.app !== undefined) await app?.act(step);
      else await server.act(step);
    } catch (cause) {
      const what = JSON.stringify(step);
      throw new Error(`Step ${i + 1}, ${what}: ${(cause as Error).message}`, { cause });
    }
  }
}

async function outcomeOf(sent: Promise<Acknowledgement>): Promise<Outcome> {
  try {
    const { seq = 0 } = await sent;
    return { type: "stored", seq };
  } catch (error) {
    if (!(error instanceof SendError)) throw error;
    return { type: error.mayBeStored ? "unknown" : "refused" };
  }
}

function check(pattern: unknown, value: unknown): void {
  const difference = new Variables().compare(pattern, value);
  if (difference !== undefined) throw new Error(`${difference} in ${JSON.stringify(value)}`);
}

/**
 * People of a simulated world who have no client of ours: one that speaks as those of the Python server
 * do, and one that knows `parley.v1` and does not keep to it.
 *
 * @module
 */

import { SUBPROTOCOL } from "../../src/protocol/frames.ts";
import { firstWord } from "./log_book.ts";
import { SimulatedWebSocket } from "./socket.ts";
import type { Actor, PersonParts } from "./person.ts";
import type { Process } from "./timeline.ts";

const ADDRESS = new URL("ws://chat.test/");

/** Last words of a server to a plain client, which look like an answer. */
const GOODBYES = /Reads too slowly|going away|Internal error|does not answer|was lost|Too many/;

/** The parts of a frame that are looked at here. */
interface HeardFrame {
  status?: string;
  event?: string;
  client_id?: string;
  session?: string;
  room_id?: string;
  message?: string;
  ref?: unknown;
  n?: number;
  from?: string;
  body?: string;
  entries?: { from: string; n: number; body?: string }[];
}

/** One socket after the other, and a process that lives as long as the world. */
abstract class Raw implements Actor {
  readonly name: string;
  readonly process: Process;
  protected readonly parts: PersonParts;
  protected socket: SimulatedWebSocket | undefined;
  protected clientId = "";

  constructor(name: string, parts: PersonParts) {
    this.name = name;
    this.parts = parts;
    this.process = parts.timeline.process(`${name}#1`);
  }

  abstract readonly places: readonly [string, string][];
  abstract act(verb: string, args: readonly string[]): boolean;

  finish(): void {
    this.process.after(0, () => this.socket?.close(1000));
  }

  get state(): string {
    if (this.socket === undefined) return "new";
    if (!this.isOpen) return "connecting";
    return this.places.length > 0 ? "in a room" : "connected";
  }

  protected get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  protected open(protocol: string | undefined, opened: () => void): void {
    this.process.after(0, () => {
      // It was asked twice, before it came to it.
      if (this.socket !== undefined) return;
      const socket = new SimulatedWebSocket(this.parts.network, this.process, ADDRESS, protocol);
      this.socket = socket;
      socket.onopen = opened;
      socket.onmessage = ({ data }) => {
        if (this.socket === socket) this.hear(JSON.parse(String(data)));
      };
      socket.onclose = () => {
        if (this.socket === socket) this.ended();
      };
    });
  }

  protected put(frame: unknown): void {
    this.socket?.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  protected abstract hear(frame: HeardFrame): void;
  protected abstract ended(): void;
}

/** A request of a plain client. */
type Asked = { verb: "create" | "join" | "leave" | "other"; letter: string } | {
  verb: "say";
  mark: string;
};

/** Somebody with a client of the Python server. */
export class PlainPerson extends Raw {
  /** The id of the room that it is in. */
  #room: string | undefined;
  #asked: Asked[] = [];

  get places(): [string, string][] {
    return this.#room === undefined || !this.isOpen ? [] : [[this.clientId, this.#room]];
  }

  act(verb: string, [first = "", second = "", third = "0"]: readonly string[]): boolean {
    const id = this.parts.rooms.get(first);
    if (verb === "connect") {
      if (this.socket !== undefined) return false;
      this.open(undefined, () => {});
      return true;
    }
    if (!this.isOpen) return false;
    const ask = (asked: Asked, action: string, body: unknown) => {
      this.process.after(0, () => {
        if (!this.isOpen) return;
        this.#asked.push(asked);
        this.put({ action, body });
      });
    };
    switch (verb) {
      case "create":
        if (id !== undefined) return false;
        ask({ verb, letter: first }, "create", `Room ${first}`);
        return true;
      case "join":
        if (id === undefined) return false;
        ask({ verb, letter: first }, "join", { room_id: id });
        return true;
      case "leave":
        ask({ verb, letter: "" }, "leave", {});
        return true;
      case "say":
        this.process.after(0, () => {
          for (let i = 0; i < Number(second); i++) this.#say(Number(third));
        });
        return true;
      case "drop":
        this.finish();
        return true;
      default:
        return false;
    }
  }

  protected hear(frame: HeardFrame): void {
    if (frame.status === "connected") this.clientId = frame.client_id!;
    else if (frame.status === undefined) {
      this.parts.observe({ type: "heard", person: this.name, mark: firstWord(frame.body!) ?? "" });
    } else this.#answered(frame);
  }

  protected ended(): void {
    this.socket = undefined;
    this.#room = undefined;
    this.#asked = [];
    this.parts.observe({ type: "moved", person: this.name });
  }

  #say(size: number): void {
    if (!this.isOpen) return;
    const { name: person, clientId } = this;
    const mark = this.parts.mark();
    this.#asked.push({ verb: "say", mark });
    this.parts.observe({ type: "said", person, clientId, mark, roomId: "" });
    this.put({ action: "message", body: `${mark} ${"x".repeat(size)}` });
  }

  #answered({ status, room_id: roomId, message }: HeardFrame): void {
    const asked = this.#asked.shift();
    const { name: person } = this;
    if (asked === undefined) {
      // What a server has to say without being asked: it goes away, or has had enough.
      this.parts.observe({ type: "told", person, message: message ?? "" });
    } else if (asked.verb === "say") {
      const { mark } = asked;
      const { observe } = this.parts;
      if (status === "success") observe({ type: "acknowledged", person, mark, seq: undefined });
      else {
        const code = message ?? "";
        observe({ type: "refused", person, mark, mayBeStored: GOODBYES.test(code), code });
      }
    } else if (status === "success") {
      this.parts.observe({ type: "moved", person });
      this.#room = asked.verb === "leave" ? undefined : roomId;
      if (asked.verb === "create" && !this.parts.rooms.has(asked.letter)) {
        this.parts.rooms.set(asked.letter, roomId!);
      }
    }
  }
}

/** Somebody who says what nobody should. */
export class Stranger extends Raw {
  #session: string | undefined;
  #n = 0;
  readonly #rooms = new Set<string>();

  get places(): [string, string][] {
    return this.isOpen ? [...this.#rooms].map((id) => [this.clientId, id]) : [];
  }

  act(verb: string, [first = "", second = "", third = "0"]: readonly string[]): boolean {
    const id = this.parts.rooms.get(first);
    if (verb === "connect") {
      if (this.socket !== undefined) return false;
      this.open(SUBPROTOCOL, () => this.put({ action: "hello", body: { session: this.#session } }));
      return true;
    }
    if (!this.isOpen) return false;
    const inside = (run: () => void) => {
      this.process.after(0, () => {
        if (this.isOpen) run();
      });
      return true;
    };
    switch (verb) {
      case "create":
        return id === undefined &&
          inside(() =>
            this.put({ action: "create", body: `Room ${first}`, ref: `create ${first}` })
          );
      case "join":
        return id !== undefined &&
          inside(() => {
            const body = { room_id: id, last: Number(second) || 0 };
            this.put({ action: "join", body, ref: "join" });
          });
      case "leave":
        return id !== undefined &&
          inside(() => this.put({ action: "leave", body: { room_id: id }, ref: `leave ${id}` }));
      case "say":
        return id !== undefined && inside(() => {
          for (let i = 0; i < Number(second); i++) this.#say(id, ++this.#n, Number(third));
        });
      case "drop":
        return inside(() => this.socket?.close(first === "" ? 1000 : 4000));
      case "nonsense":
        return inside(() => this.#nonsense(first));
      default:
        return false;
    }
  }

  protected hear(frame: HeardFrame): void {
    const { status, ref, n } = frame;
    if (frame.event === "ping") this.put({ action: "pong" });
    if (status === "connected") {
      this.clientId = frame.client_id!;
      this.#session = frame.session;
      this.#n = n ?? 0;
    } else if (status === "error" && typeof ref === "string" && /^m\d/.test(ref)) {
      const { name: person } = this;
      this.parts.observe({ type: "refused", person, mark: ref, mayBeStored: false, code: "" });
      if (n !== undefined) this.#n = Math.min(this.#n, Math.max(0, n - 1));
    } else if (typeof ref === "string" && status === "success") {
      const [verb, letter = ""] = ref.split(" ");
      if (verb === "leave") this.#rooms.delete(letter);
      else if (frame.room_id !== undefined) this.#rooms.add(frame.room_id);
      if (verb === "create" && !this.parts.rooms.has(letter)) {
        this.parts.rooms.set(letter, frame.room_id!);
      }
    }
  }

  protected ended(): void {
    this.socket = undefined;
    this.#rooms.clear();
  }

  #say(roomId: string, n: number, size: number): void {
    const { name: person, clientId } = this;
    const mark = this.parts.mark();
    this.parts.observe({ type: "said", person, clientId, mark, roomId });
    const body = `${mark} ${"x".repeat(size)}`;
    this.put({ action: "message", room_id: roomId, n, body, ref: mark });
  }

  #nonsense(kind: string): void {
    const roomId = [...this.parts.rooms.values()][0] ?? "nowhere";
    switch (kind) {
      case "text":
        return this.put("{not json");
      case "binary":
        return this.socket?.send(new ArrayBuffer(64));
      case "action":
        return this.put({ action: "fly", body: { to: "the moon" } });
      case "deep":
        return this.put("[".repeat(10_000));
      case "huge":
        return this.put({
          action: "message",
          room_id: roomId,
          n: this.#n + 1,
          body: "x".repeat(300_000),
        });
      case "numbers":
        for (const n of [0, -1, 1e9, 1.5, "1", this.#n + 1_000]) {
          this.put({ action: "message", room_id: roomId, n, body: "never" });
        }
        return;
      case "repeat":
        return this.#say(roomId, Math.max(1, this.#n), 1);
      case "hello":
        return this.put({ action: "hello", body: { session: "made.up" } });
      case "nowhere":
        return this.put({ action: "join", body: { room_id: "nowhere", after: 5, epoch: "e" } });
      case "flood":
        for (let i = 0; i < 500; i++) this.put({ action: "typing", room_id: roomId });
        return;
      default:
        return this.put(kind);
    }
  }
}

/** The kinds of nonsense. */
export const NONSENSE = "text binary action deep huge numbers repeat hello nowhere flood".split(
  " ",
);

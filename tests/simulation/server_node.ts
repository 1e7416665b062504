/**
 * A server of a simulated world: a real chat with a real store, in a process that can be stopped, killed
 * and started again.
 *
 * @module
 */

import { DEFAULTS, type EngineNumbers } from "../../src/core/state/options.ts";
import type { OpenStore, StoredRoom } from "../../src/core/store/store.ts";
import { type Chat, type ChatOptions, createChat } from "../../src/server/chat.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";
import type { Disk } from "./disk.ts";
import type { Host, Network } from "./network.ts";
import type { Process, Timeline } from "./timeline.ts";

/** The beginning of an address that people connect to. */
const ADDRESS = "http://chat.test/";

/** The parts of a world that a server is in. */
export interface NodeParts {
  readonly timeline: Timeline;
  readonly network: Network;
  /** Opens its store, each time it starts; `opened` takes the rooms that are open in it. */
  open(node: ServerNode, opened: (rooms: ReadonlyMap<string, StoredRoom>) => void): OpenStore;
  /** The disk of each, where its store has one. */
  disk(node: ServerNode): Disk | undefined;
  /** The time that what it has begun may take behind its end, in milliseconds. */
  readonly lastMs: number;
  /** Takes what it logs. */
  logged(node: ServerNode, line: LogLine): void;
}

/** One server, over all its processes. */
export class ServerNode implements Host {
  readonly name: string;
  /** Its options, with those that were not given. */
  readonly settings: EngineNumbers;
  readonly #options: ChatOptions;
  process: Process;
  chat: Chat | undefined;
  /** The rooms that are open in its store. */
  rooms: ReadonlyMap<string, StoredRoom> = new Map();
  /** Set once its wall clock has been changed. */
  isSkewed = false;
  /** Resolves when it has closed, where it does that. */
  closing: Promise<void> | undefined;
  readonly disk: Disk | undefined;
  readonly #parts: NodeParts;
  #starts = 0;

  constructor(name: string, options: ChatOptions, parts: NodeParts) {
    this.name = name;
    this.#options = options;
    this.settings = { ...DEFAULTS, ...options };
    this.#parts = parts;
    this.disk = parts.disk(this);
    this.process = parts.timeline.process(`${name}#0`);
  }

  get listens(): boolean {
    return this.chat !== undefined && this.process.alive;
  }

  /** Starts it; does nothing where it runs, or begins to. */
  start(lookMs = 0): void {
    if (this.#starts > 0 && this.process.alive) return;
    this.process = this.#parts.timeline.process(`${this.name}#${++this.#starts}`);
    this.process.lookMs = lookMs;
    this.process.after(0, () => {
      const lines: LogLine[] = [];
      lines.push = (line) => {
        this.#parts.logged(this, line!);
        return 0;
      };
      const open = this.#parts.open(this, (rooms) => this.rooms = rooms);
      try {
        this.chat = createChat({ ...this.#options, store: open, logger: recordingLogger(lines) });
      } catch (error) {
        if (this.disk?.isFull !== true) throw error;
        this.#die();
      }
    });
  }

  /** Has it say goodbye and end; `left` is called when it has. */
  stop(left: () => void = () => {}): void {
    const { chat, process } = this;
    if (chat === undefined || this.closing !== undefined) return;
    process.after(0, () => {
      this.closing = chat.close().then(() => {
        process.after(this.#parts.lastMs, () => {
          this.closing = undefined;
          left();
          this.kill();
        });
      });
    });
  }

  /** Ends its process between two things that it does. */
  kill(): void {
    if (this.chat === undefined) return;
    this.#die();
    this.disk?.crash();
  }

  /** Ends its process in the middle of the next commit. */
  tear(): void {
    this.disk?.tear(() => this.#die());
  }

  #die(): void {
    this.process.kill();
    this.#parts.network.died(this.process, "reset");
    this.chat = undefined;
    this.closing = undefined;
    this.rooms = new Map();
  }

  request(protocols: string | undefined): number {
    const request = new Request(ADDRESS, {
      headers: {
        host: "chat.test",
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        ...(protocols === undefined ? {} : { "sec-websocket-protocol": protocols }),
      },
    });
    return this.chat?.fetch(request).status ?? 0;
  }
}

/**
 * A store that does by chance what no store may, call by call. Whatever comes of it, the server goes
 * on, and clients are told nothing that is not so.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Bus, Store, StoreEvents } from "../../src/core/store/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Draft } from "../../src/protocol/frames.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { chance, SEED } from "../chaos/setting.ts";
import { changedStore } from "../support/changed_store.ts";
import { kindsOf } from "../support/frame_schema.ts";
import type { Frame } from "../support/fixtures.ts";
import { turn } from "../support/waiting.ts";
import { Bench } from "./engine_setting.ts";
import type { FakeSocket } from "./fake_socket.ts";
import "../support/ignore_unpermitted.ts";

/** The number of things that clients and stores do in one story. */
const STEPS = 150;

/** A store in memory that is hostile at random for as long as `isHostile`, and what it has stored. */
class HostileStore {
  isHostile = true;
  /** `true` where it says that other processes use it. */
  readonly hasBus: boolean;
  /** The numbers of what it has in a log, by author. */
  readonly stored = new Map<string, Set<number>>();
  readonly #random: () => number;
  #events: StoreEvents | undefined;
  readonly open = changedStore((store, events) => {
    this.#events = events;
    return this.#methods(store);
  });

  constructor(random: () => number) {
    this.#random = random;
    this.hasBus = random() < 0.5;
  }

  /** Reports something that is not so. */
  lie(roomId: unknown, ids: readonly string[]): void {
    const events = this.#events!;
    const id = this.#pick([...ids, "nobody", undefined]) as string;
    const unsaid = messageDraft(id, this.#pick([0, -1, 1.5, NaN, 99, 1e9]));
    const room = this.#pick([roomId, "nowhere", undefined, 7]) as string;
    const error = this.#pick([new ChatError("internal", "No"), undefined, "no"]) as ChatError;
    this.#pick([
      () => events.stored(room),
      () => events.repeated(unsaid, this.#pick([1, 99]), this.#random() < 0.5),
      // Where it says that a message is stored which is, nobody else can know as what.
      () => {
        const n = this.#pick([...this.stored.get(id) ?? [0]]);
        events.repeated(messageDraft(id, n), this.#pick([NaN, -1, 1.5, undefined as never]));
      },
      () => events.refused(unsaid, error, this.#random() < 0.5),
      () => events.relayed(room, `{"event":"entries","room_id":"${room}","entries":[]}`),
      () => events.orphaned(room, this.#pick([["nobody"], undefined, [7]]) as string[]),
      () => this.hasBus ? undefined : events.taken(id, undefined),
      () => events.gone("nowhere", "lost"),
      () => events.troubled(undefined as never),
    ])();
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  /** Does the right thing, or another. */
  #answer<Answer>(right: () => Promise<Answer>): Promise<Answer> {
    if (!this.isHostile || this.#random() < 0.6) return right();
    return this.#pick<() => Promise<Answer>>([
      () => {
        throw new TypeError("it is hostile");
      },
      () => Promise.reject(this.#pick([undefined, new Error("no"), new ChatError("internal", "")])),
      () => Promise.resolve(this.#pick<unknown>([{}, null, undefined, 7]) as Answer),
      () => undefined as never,
      () => turn().then(right),
    ])();
  }

  #quietly(right: () => void): void {
    if (this.isHostile && this.#random() < 0.2) throw new RangeError("it is hostile");
    right();
  }

  #methods(store: Store): Partial<Store> {
    return {
      create: (id, name) => this.#answer(() => store.create(this.#another(id), name)),
      open: (id) => this.#answer(() => store.open(this.#another(id))),
      append: (roomId, draft) => {
        if (this.isHostile && this.#random() < 0.1) throw new TypeError("it is hostile");
        this.#note(draft);
        store.append(roomId, draft);
        if (this.isHostile && this.#random() < 0.1) throw new TypeError("it is hostile");
      },
      settled: () => {
        if (!this.isHostile || this.#random() < 0.8) return undefined;
        return this.#answer(() => Promise.resolve());
      },
      release: (id) => this.#quietly(() => store.release(id)),
      trim: (id) => this.#quietly(() => store.trim?.(id)),
      forget: (id) => this.#quietly(() => store.forget(id)),
      clients: { remember: () => this.#quietly(() => {}) },
      ...(this.hasBus ? { bus: this.#bus } : {}),
    };
  }

  get #bus(): Bus {
    return {
      relay: () => this.#quietly(() => {}),
      recall: (id) =>
        this.#answer(() => {
          const client = { id: this.#another(id), name: "Other", n: 0 };
          return Promise.resolve(this.#random() < 0.5 ? undefined : client);
        }),
      storedUpTo: () => 0,
    };
  }

  /** The id that it was asked for, or another one. */
  #another(id: string): string {
    return this.isHostile && this.#random() < 0.1 ? "another" : id;
  }

  #note({ from, n }: Draft): void {
    this.stored.set(from, (this.stored.get(from) ?? new Set()).add(n));
  }
}

/** A client that says things at random, and checks what it hears. */
class Listener {
  readonly socket: FakeSocket;
  id = "";
  session: unknown;
  readonly #dialect: "v1" | "plain";
  readonly #heads = new Map<unknown, number>();

  constructor(bench: Bench, dialect: "v1" | "plain", session?: unknown) {
    this.#dialect = dialect;
    this.socket = bench.connect(dialect);
    if (dialect === "v1") this.socket.hear({ action: "hello", body: { name: "Ana", session } });
  }

  /** Takes what has come, and checks that it can be so; `store` has what was stored. */
  hear(store: HostileStore): void {
    const text = this.socket.sent.join("\n");
    for (const frame of this.socket.take()) {
      const kinds = kindsOf(`${this.#dialect}_server_frame`, frame);
      assert(kinds.length > 0, `No frame of the protocol: ${JSON.stringify(frame)} in ${text}`);
      assert(!JSON.stringify(frame).includes('"another"'), `Nobody asked for it: ${text}`);
      if (frame.status === "connected") {
        this.id = String(frame.client_id);
        this.session = frame.session;
      }
      // What is refused is not stored; where that is not known, the connection ends.
      const isRefused = frame.status === "error" && frame.n !== undefined;
      assert(!(isRefused && store.stored.get(this.id)?.has(Number(frame.n))), text);
      if (frame.room_id !== undefined && frame.epoch !== undefined) {
        this.#heads.set(frame.room_id, Number(frame.after));
      }
      for (const { seq, from, n } of (frame.entries ?? []) as Frame[]) {
        const head = this.#heads.get(frame.room_id) ?? 0;
        assert(Number(seq) > head, `seq ${seq} behind ${head}`);
        this.#heads.set(frame.room_id, Number(seq));
        if (n !== undefined) assert(store.stored.get(String(from))?.has(Number(n)), `${from} ${n}`);
      }
      if (frame.duplicate) assert(store.stored.get(this.id)?.has(Number(frame.n)), `${frame.n}`);
    }
  }
}

/** Lets a server live with a hostile store, and then with a good one. */
async function live(seed: number): Promise<void> {
  const random = chance(seed);
  const store = new HostileStore(random);
  const options = { rate: 0, graceMs: 0, sessionMs: 0, secret: "s".repeat(32) };
  await using bench = new Bench(options, store.open);
  const listeners: Listener[] = [];
  const rooms: unknown[] = [];
  for (let step = 0; step < STEPS; step++) {
    const what = random();
    if (listeners.length < 3 || what < 0.05) {
      const { session } = listeners[Math.floor(random() * listeners.length)] ?? {};
      listeners.push(new Listener(bench, random() < 0.7 ? "v1" : "plain", session));
    }
    const { socket, id } = listeners[Math.floor(random() * listeners.length)]!;
    const room_id = rooms[Math.floor(random() * rooms.length)];
    if (what < 0.1) store.lie(room_id, listeners.map(({ id }) => id));
    else if (what < 0.2 || room_id === undefined) socket.hear({ action: "create", body: "Lobby" });
    else if (what < 0.4) socket.hear({ action: "join", body: room_id });
    else if (what < 0.45) socket.hear({ action: "leave", body: { room_id } });
    else if (what < 0.5) socket.hear({ action: "rename", body: `Name${step}` });
    else if (what < 0.53) socket.end(1000);
    else socket.hear({ action: "message", room_id, body: `${id} ${step}` });
    if (random() < 0.5) await turn();
    for (const { socket } of listeners) {
      for (const { room_id } of socket.frames) {
        if (room_id !== undefined && !rooms.includes(room_id)) rooms.push(room_id);
      }
    }
    for (const listener of listeners) listener.hear(store);
  }
  store.isHostile = false;
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Peace" });
  await turn();
  const roomId = socket.take()[0]?.room_id;
  socket.hear({ action: "message", room_id: roomId, n: 1, body: "at last" });
  await turn();
  const said = socket.take().flatMap(({ entries }) => (entries ?? []) as Frame[]);
  assertEquals(said.at(-1)?.body, "at last");
}

Deno.test("a store that is hostile at random ends nothing, and nobody is told what is not so", async () => {
  for (let i = 0; i < 30; i++) {
    const seed = SEED + i;
    await live(seed).catch((error) => {
      throw new Error(`With CHAOS_SEED=${seed}: ${error.message}`, { cause: error });
    });
  }
});

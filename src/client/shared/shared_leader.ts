// This module runs in browsers.

/**
 * The tab that leads: it has the one connection to the server, hands frames on between it and the
 * tabs, and sends what is in the outbox. What the server knows as one client reads in each tab from a
 * cursor of its own: a `join` never moves the cursor of a member forward, so what one tab wants again
 * comes to all, and those that have it pass it over.
 *
 * @module
 */

import * as CLOSE from "../../protocol/close_codes.ts";
import { sleep } from "../../protocol/deadline.ts";
import { type Acknowledgement, type ErrorCode, SendError } from "../../protocol/errors.ts";
import { type ConnectedFrame, SUBPROTOCOL } from "../../protocol/frames.ts";
import { patience } from "../backoff.ts";
import { MAX_REQUESTS, OPEN, RELOAD_MS, RETRY_MS } from "../limits.ts";
import { OfflineOutbox, type OutboxClient, type OutboxRoom } from "../offline.ts";
import type { OutboxStore } from "../outbox_store.ts";
import type { Status } from "../reconnect.ts";
import type { Message } from "../room_events.ts";
import { LentStore } from "./shared_outbox.ts";
import type { LeaderWord, TabWord } from "./shared_words.ts";

/** Calls of a leader to the tab that it is. */
export interface LeaderActions {
  /** Says something to all tabs, this one included. */
  say(word: LeaderWord): void;
  /** Makes the connection. */
  socket(): WebSocket;
  /** Resolves when a tab has gone. */
  gone(tab: string, signal: AbortSignal): Promise<void>;
}

/** A frame, as far as the leader looks at it. */
interface Frame {
  action?: string;
  status?: string;
  event?: string;
  code?: ErrorCode;
  message?: string;
  ref?: string | number | undefined;
  n?: number;
  room_id?: string;
  epoch?: string;
  seq?: number;
  client_id?: string;
  retry_after_ms?: number;
  members?: unknown;
  body?: unknown;
  entries?: { seq: number; from: string; n?: number }[];
}

/** A request of a tab that has no reply yet. */
interface TabRequest {
  /** The tab's connection; undefined where the leader has asked for itself. */
  socket: string | undefined;
  ref: string | number | undefined;
  action: string;
  roomId: string | undefined;
  name: unknown;
}

/** A room that the connection is in. */
interface SharedRoom {
  readonly outlet: OutboxRoom & { cursor: number };
  /** The connections of tabs that are in it. */
  readonly sockets: Set<string>;
}

/** A message on its way. */
interface Flying {
  n: number;
  roomId: string;
  resolve(stored: Acknowledgement): void;
  reject(error: Error): void;
  again(ms: number): void;
}

/** The mark of the leader's own `hello`. */
const HELLO = "hello";

/** The most times that one message is sent again on a connection where the server refuses it for now. */
const MOST_REFUSALS = 100;

/** The time in which the tab says that it leads no more, before a connection that was taken counts as lost, in milliseconds. */
const TAKEN_MS = 1_000;

/** The leader of the tabs, for one term. */
export class SharedLeader {
  readonly term: string;
  readonly #store: OutboxStore;
  readonly #actions: LeaderActions;
  readonly #ended = new AbortController();
  /** The connections of tabs, each with its tab. */
  readonly #sockets = new Map<string, string>();
  readonly #tabs = new Set<string>();
  /** `hello` of tabs that wait until the server has answered one. */
  readonly #greeters = new Map<string, Frame>();
  readonly #asked = new Map<string | number, TabRequest>();
  readonly #rooms = new Map<string, SharedRoom>();
  /** Rooms that are joined for the outbox, or could not be on this connection. */
  readonly #visited = new Set<string>();
  #refs = 0;
  #socket: WebSocket | undefined;
  #welcome: ConnectedFrame | undefined;
  #status: Status = { type: "connecting" };
  /** Members of a reply that comes behind them. */
  #members: string[] = [];
  #flying: Flying | undefined;
  #lent: LentStore;
  #outbox: Promise<OfflineOutbox>;

  /** Leads from now on, with the outbox that is kept in a place. */
  constructor(term: string, store: OutboxStore, actions: LeaderActions) {
    this.term = term;
    this.#store = store;
    this.#actions = actions;
    [this.#lent, this.#outbox] = this.#open();
    actions.say({ type: "leads", term });
  }

  /** Takes a word of a tab. */
  hear(word: TabWord): void {
    switch (word.type) {
      case "tab":
        return this.#actions.say({ type: "leads", term: this.term });
      case "open":
        return this.#admit(word.tab, word.socket);
      case "said":
        if (this.#sockets.has(word.socket)) this.#take(word.socket, word.text);
        return;
      case "shut":
        return this.#shut(word.socket, word.code);
      case "added":
        return this.#withOutbox((outbox) => outbox.refresh());
      case "retry":
        return this.#withOutbox((outbox) => outbox.retry(word.id));
      case "discard":
        return this.#withOutbox((outbox) => outbox.discard(word.id));
      case "witness":
        return this.#withOutbox((outbox) => outbox.witness(word.message as Message));
      default:
        word satisfies never;
    }
  }

  /** Leads no more. Whoever leads next goes on at once, or the server waits for `forMs` milliseconds. */
  stop(forMs?: number): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#lent.end();
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#release(socket);
    // Without a word to the others in the rooms.
    if (socket.readyState === OPEN) {
      socket.send(JSON.stringify({ action: "pause", body: { for_ms: forMs } }));
    }
    socket.close(CLOSE.paused);
  }

  #admit(tab: string, socket: string): void {
    this.#sockets.set(socket, tab);
    this.#actions.say({ type: "opened", term: this.term, socket });
    if (this.#tabs.has(tab)) return;
    this.#tabs.add(tab);
    this.#actions.gone(tab, this.#ended.signal).then(() => {
      this.#tabs.delete(tab);
      for (const [socket, its] of this.#sockets) if (its === tab) this.#shut(socket, CLOSE.paused);
    }, () => {});
  }

  /** Takes a frame of a tab. */
  #take(socket: string, text: string): void {
    const frame: Frame = JSON.parse(text);
    const { action = "", ref } = frame;
    const roomId = frame.room_id ?? (frame.body as { room_id?: string } | undefined)?.room_id;
    if (action === "hello") return this.#greet(socket, frame);
    if (this.#welcome === undefined || action === "pong") return;
    if (action === "pause") {
      if (this.#sockets.size === 1) this.#send(text);
      return;
    }
    if (action === "message" || action === "messages") {
      // The numbers are those of the outbox.
      const refused = { code: "invalid_argument", message: "Messages go through the outbox" };
      return this.#tell(socket, { status: "error", ...refused, n: frame.n, ref });
    }
    if (action === "leave" && roomId !== undefined) {
      const room = this.#rooms.get(roomId);
      const isLast = room?.sockets.size === 1 && room.sockets.has(socket);
      if (room !== undefined && (!isLast || this.#visited.has(roomId))) {
        room.sockets.delete(socket);
        const left = { status: "success", message: "Left room", room_id: roomId, ref };
        return this.#tell(socket, left);
      }
      if (ref === undefined) this.#rooms.delete(roomId);
    }
    if (ref === undefined) return this.#send(text);
    const body = frame.body as { room_id?: string } | string | undefined;
    this.#ask({ socket, ref, action, roomId, name: action === "rename" ? body : undefined }, frame);
  }

  /** Sends a request under a mark of the leader's own. */
  #ask(asked: TabRequest, frame: Frame): void {
    const ref = `t${++this.#refs}`;
    // Replies that never come would be kept for ever.
    if (this.#asked.size >= 8 * MAX_REQUESTS) this.#asked.clear();
    this.#asked.set(ref, asked);
    this.#send(JSON.stringify({ ...frame, ref }));
  }

  #greet(socket: string, frame: Frame): void {
    const welcome = this.#welcome;
    if (welcome !== undefined) {
      return this.#tell(socket, { ...welcome, resumed: true, ref: frame.ref });
    }
    this.#greeters.set(socket, frame);
    if (this.#socket === undefined) this.#connect(frame);
  }

  #connect({ body }: Frame): void {
    const socket = this.#socket = this.#actions.socket();
    const { n: _, sent: __, ...hello } = body as Record<string, unknown>;
    socket.onopen = async () => {
      if (socket.protocol !== SUBPROTOCOL) return socket.close(CLOSE.unresponsive);
      const session = await this.#outbox.then(({ session }) => session, () => null);
      if (socket !== this.#socket || socket.readyState !== OPEN) return;
      // What is kept is what counts: a tab that is new does not know who it is.
      const who = session === null ? hello : { ...hello, session };
      this.#send(JSON.stringify({ action: "hello", body: who, ref: HELLO }));
    };
    socket.onmessage = ({ data }) => {
      try {
        this.#read(String(data));
      } catch {
        socket.close(CLOSE.protocolError);
        this.#lost(socket, CLOSE.protocolError, "The server sent no frame");
      }
    };
    socket.onclose = ({ code, reason }) => this.#lost(socket, code || CLOSE.abnormal, reason);
  }

  /** Takes a frame of the server. */
  #read(text: string): void {
    const frame: Frame = JSON.parse(text);
    const { ref, event } = frame;
    if (event === "ping") return this.#send(`{"action":"pong"}`);
    if (event === "members") return void this.#members.push(text);
    if (ref === HELLO) return this.#welcomed(frame);
    const asked = ref === undefined ? undefined : this.#asked.get(ref);
    if (asked !== undefined) {
      this.#asked.delete(ref!);
      return this.#answer(asked, frame);
    }
    if (frame.status !== undefined) {
      if (frame.n === this.#flying?.n) this.#settle(frame);
      return;
    }
    const room = this.#rooms.get(frame.room_id ?? "");
    for (const { seq, from, n } of frame.entries ?? []) {
      if (room !== undefined) room.outlet.cursor = Math.max(room.outlet.cursor, seq);
      if (from !== this.#welcome?.client_id || n === undefined) continue;
      this.#welcome.n = Math.max(this.#welcome.n, n);
      if (n === this.#flying?.n) this.#flying.resolve({ seq });
    }
    // Where a tab comes back, what is said in its room is nothing to it before it is in there again:
    // it would take what lies between for lost.
    const sockets = frame.room_id === undefined ? undefined : [...room?.sockets ?? []];
    if (sockets?.length === 0) return;
    this.#actions.say({ type: "heard", term: this.term, sockets, text });
  }

  #welcomed(frame: Frame): void {
    const greeters = [...this.#greeters];
    this.#greeters.clear();
    if (frame.status === "connected") {
      this.#welcome = frame as unknown as ConnectedFrame;
      const { resumed, n: stored } = this.#welcome;
      this.#status = { type: "connected", resumed, stored };
      this.#withOutbox((outbox) => {
        outbox.onchange = () => this.#visit(outbox);
        outbox.attach(this.#client());
        return outbox.refresh();
      });
    }
    for (const [socket, { ref }] of greeters) this.#tell(socket, { ...frame, ref });
  }

  /** The client that the outbox sends with: the one that all tabs are. */
  #client(): OutboxClient {
    const { client_id: clientId, session } = this.#welcome!;
    const [connected, statusNow] = [this.#status, () => this.#status];
    return {
      clientId,
      session,
      get status() {
        return statusNow();
      },
      async *statuses() {
        yield await Promise.resolve(connected);
      },
    };
  }

  #answer({ socket, ref, action, roomId, name }: TabRequest, frame: Frame): void {
    if (frame.status === "success") {
      if ((action === "join" || action === "create") && frame.room_id !== undefined) {
        this.#enter(frame, socket);
      }
      if (action === "leave") this.#rooms.delete(roomId!);
      if (action === "rename" && this.#welcome !== undefined) this.#welcome.name = name as string;
    } else if (action === "join" && socket === undefined) this.#visited.add(roomId!);
    const members = frame.members === undefined ? [] : this.#members.splice(0);
    if (socket === undefined) return;
    for (const text of members) {
      this.#actions.say({ type: "heard", term: this.term, sockets: [socket], text });
    }
    this.#tell(socket, { ...frame, ref });
  }

  #enter({ room_id: id = "", epoch = "", seq = 0 }: Frame, socket: string | undefined): void {
    let room = this.#rooms.get(id);
    if (room === undefined || room.outlet.epoch !== epoch) {
      const sockets = room?.sockets ?? new Set();
      const send: OutboxRoom["send"] = (body, options = {}) =>
        this.#fly(id, body, options.fields ?? {});
      room = { outlet: { id, epoch, cursor: seq, send }, sockets };
      this.#rooms.set(id, room);
      this.#withOutbox((outbox) => outbox.enter(room!.outlet));
    }
    if (socket !== undefined) room.sockets.add(socket);
  }

  /** Joins rooms that something is to be said in and no tab is in, and leaves them afterwards. */
  #visit(outbox: OfflineOutbox): void {
    if (this.#welcome === undefined) return;
    const wanted = new Set(
      outbox.messages.filter(({ state }) => state === "waiting" || state === "sending")
        .map(({ roomId }) => roomId),
    );
    for (const roomId of wanted) {
      if (this.#rooms.has(roomId) || this.#visited.has(roomId)) continue;
      this.#visited.add(roomId);
      const asked = { socket: undefined, ref: undefined, action: "join", roomId, name: undefined };
      this.#ask(asked, { action: "join", body: { room_id: roomId } });
    }
    for (const roomId of this.#visited) {
      const room = this.#rooms.get(roomId);
      if (wanted.has(roomId) || room === undefined) continue;
      this.#visited.delete(roomId);
      this.#leaveUnwanted(roomId);
    }
  }

  #isWanted(roomId: string, room: SharedRoom): boolean {
    return room.sockets.size > 0 || this.#visited.has(roomId);
  }

  #leaveUnwanted(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined || this.#isWanted(roomId, room)) return;
    this.#rooms.delete(roomId);
    this.#send(JSON.stringify({ action: "leave", body: { room_id: roomId } }));
  }

  /** Sends a message, with the number that the outbox has given it, until it is answered. */
  #fly(roomId: string, body: string, fields: Record<string, unknown>) {
    const { promise, resolve, reject } = Promise.withResolvers<Acknowledgement>();
    const { n: stored, limits } = this.#welcome!;
    const n = stored + 1;
    // As the client counts them; the last two are brackets.
    const bytes = new TextEncoder().encode(body + JSON.stringify(fields)).length - 2;
    if (bytes > limits.body_bytes) {
      const words = `${bytes} bytes, at most ${limits.body_bytes}`;
      return Promise.reject(new SendError("too_large", words));
    }
    const frame = { action: "message", room_id: roomId, n, body, ref: -n, ...fields };
    const text = JSON.stringify(frame, (_, value) => value?.toWellFormed?.() ?? value);
    const socket = this.#socket;
    let refusals = 0;
    const flying = this.#flying = {
      n,
      roomId,
      resolve,
      reject,
      again: async (ms: number) => {
        if (++refusals > MOST_REFUSALS) return reject(new SendError("rate_limited", "Too fast"));
        await sleep(patience(ms, refusals), this.#ended.signal);
        if (this.#flying === flying && this.#socket === socket) this.#send(text);
      },
    };
    this.#send(text);
    return promise.finally(() => {
      if (this.#flying === flying) this.#flying = undefined;
    });
  }

  /** The answer to the message that is on its way. */
  #settle({ status, code = "internal", message = "", seq, retry_after_ms: ms }: Frame): void {
    const { n, roomId, resolve, reject, again } = this.#flying!;
    if (status !== "error") {
      this.#welcome!.n = Math.max(this.#welcome!.n, n);
      resolve({ ...(seq && { seq }), duplicate: true });
    } else if (ms !== undefined || WAITING_HELPS.includes(code)) again(ms ?? RETRY_MS);
    else {
      if (OUTSIDE.includes(code)) this.#rooms.delete(roomId);
      reject(new SendError(code, message));
    }
  }

  /** A connection of a tab is over. */
  #shut(socket: string, code: number): void {
    if (!this.#sockets.delete(socket)) return;
    this.#greeters.delete(socket);
    // A tab that hears nothing says so for all.
    if (this.#sockets.size === 0 || code === CLOSE.unresponsive) {
      const real = this.#socket;
      if (real === undefined) return;
      real.close(code);
      this.#lost(real, code, "");
      return;
    }
    const left = [...this.#rooms].filter(([, { sockets }]) => sockets.delete(socket));
    // A tab that is loaded again comes back to its rooms.
    const ms = code === CLOSE.normal ? 0 : RELOAD_MS;
    const real = this.#socket;
    sleep(ms, this.#ended.signal).then(() => {
      if (this.#socket !== real || this.#ended.signal.aborted) return;
      for (const [roomId] of left) this.#leaveUnwanted(roomId);
    });
  }

  /** The connection is over: that of each tab is, too. */
  async #lost(socket: WebSocket, code: number, reason: string): Promise<void> {
    if (socket !== this.#socket) return;
    this.#release(socket);
    // Another tab may have taken it over, and be heard of in a moment.
    if (code === CLOSE.sessionTaken) await sleep(TAKEN_MS, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    this.#lent.end();
    [this.#lent, this.#outbox] = this.#open();
    this.#sockets.clear();
    this.#actions.say({ type: "ended", term: this.term, code, reason });
  }

  #release(socket: WebSocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.#socket = this.#welcome = undefined;
    this.#status = { type: "connecting" };
    this.#greeters.clear();
    this.#asked.clear();
    this.#rooms.clear();
    this.#visited.clear();
    this.#members = [];
    this.#flying?.reject(new SendError("closed", "The connection is over", true));
    this.#flying = undefined;
  }

  /** Opens what is kept anew: what the last connection had on its way is answered by the next one. */
  #open(): [LentStore, Promise<OfflineOutbox>] {
    const lent = new LentStore(this.#store, () => this.#actions.say({ type: "kept" }));
    return [lent, OfflineOutbox.open(lent)];
  }

  #withOutbox(work: (outbox: OfflineOutbox) => unknown): void {
    const opened = this.#outbox;
    const { signal } = this.#ended;
    // Where the browser keeps nothing any more, nothing is sent.
    opened.then((outbox) => {
      if (opened === this.#outbox && !signal.aborted) return work(outbox);
    }).catch(() => {});
  }

  #send(text: string): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(text);
  }

  #tell(socket: string, frame: object): void {
    const text = JSON.stringify(frame);
    this.#actions.say({ type: "heard", term: this.term, sockets: [socket], text });
  }
}

/** Refusals that waiting helps. */
const WAITING_HELPS: readonly string[] = ["rate_limited", "unavailable", "out_of_order"];

/** Refusals of all that is said in a room. */
const OUTSIDE: readonly string[] = ["not_in_room", "room_gone"];

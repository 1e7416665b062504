/**
 * The tabs of a browser, as far as they share a connection: locks, a channel, and one place where the
 * outbox is kept. A tab can be killed: from then on nothing of it is seen.
 *
 * @module
 */

import { ChatClient } from "../../client.ts";
import {
  type Channel,
  type Locks,
  memoryOutboxStore,
  type OutboxStore,
  SharedConnection,
} from "../../src/client/shared/shared.ts";

interface Claim {
  tab: FakeTab;
  held(): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A browser. */
export class FakeBrowser {
  readonly store: OutboxStore = memoryOutboxStore();
  readonly tabs = new Set<FakeTab>();
  /** For each lock who holds it, and who waits for it. */
  readonly #claims = new Map<string, Claim[]>();
  /** The connections that were made and are not closed. */
  readonly sockets = new Set<WebSocket>();

  /** Opens a tab, with a client of `url`. */
  open(url: string, name: string, timeoutMs = 5_000): FakeTab {
    const tab = new FakeTab(this, url, name, timeoutMs);
    this.tabs.add(tab);
    return tab;
  }

  claim(name: string, claim: Claim, { signal, steal }: { signal?: AbortSignal; steal?: boolean }) {
    const claims = this.#claims.get(name) ?? [];
    this.#claims.set(name, claims);
    if (steal) {
      claims.shift()?.reject(new DOMException("Stolen", "AbortError"));
      claims.unshift(claim);
      this.#grant(name, claim);
      return;
    }
    claims.push(claim);
    signal?.addEventListener("abort", () => {
      if (claims[0] === claim) return;
      this.#drop(name, claim);
      claim.reject(new DOMException("Aborted", "AbortError"));
    });
    if (claims[0] === claim) this.#grant(name, claim);
  }

  /** Frees all that a tab holds or waits for. */
  free(tab: FakeTab): void {
    for (const [name, claims] of this.#claims) {
      for (const claim of claims.filter((claim) => claim.tab === tab)) this.#drop(name, claim);
    }
  }

  #grant(name: string, claim: Claim): void {
    queueMicrotask(async () => {
      if (this.#claims.get(name)?.[0] !== claim) return;
      const value = await claim.held();
      if (this.#claims.get(name)?.[0] === claim) this.#drop(name, claim);
      claim.resolve(value);
    });
  }

  #drop(name: string, claim: Claim): void {
    const claims = this.#claims.get(name) ?? [];
    const index = claims.indexOf(claim);
    if (index < 0) return;
    claims.splice(index, 1);
    if (index === 0 && claims.length > 0) this.#grant(name, claims[0]!);
  }
}

/** A tab, with a client whose connection is that of all. */
export class FakeTab implements AsyncDisposable {
  readonly shared: SharedConnection;
  readonly chat: ChatClient;
  readonly #browser: FakeBrowser;
  readonly #channel: Channel & { isHanging?: boolean };
  readonly #sockets: WebSocket[] = [];
  #isDead = false;
  #isHanging = false;

  constructor(browser: FakeBrowser, url: string, name: string, timeoutMs: number) {
    this.#browser = browser;
    this.#channel = {
      onmessage: null,
      postMessage: (word) => {
        if (this.#isDead || this.#isHanging) return;
        for (const tab of browser.tabs) if (tab !== this) tab.hear(structuredClone(word));
      },
      close: () => {},
    };
    const { store } = browser;
    const sockets = this.#sockets;
    // What a tab does when it is dead never happens.
    const alive = <T>(work: () => Promise<T>): Promise<T> =>
      this.#isDead || this.#isHanging ? new Promise<T>(() => {}) : work();
    const locks: Locks = {
      request: (name, options, held) =>
        new Promise((resolve, reject) =>
          browser.claim(name, { tab: this, held, resolve, reject }, options)
        ),
    };
    this.shared = new SharedConnection(url, {
      load: () => alive(() => store.load()),
      add: (message) => alive(() => store.add(message)),
      change: (change) => alive(() => store.change(change)),
    }, {
      timeoutMs,
      locks,
      channel: this.#channel,
      WebSocket: class extends WebSocket {
        constructor(url: URL, protocol: string) {
          super(url, protocol);
          sockets.push(this);
          browser.sockets.add(this);
          this.addEventListener("close", () => browser.sockets.delete(this));
        }
      },
    });
    this.chat = new ChatClient(url, {
      name,
      timeoutMs: 2 * timeoutMs,
      WebSocket: this.shared.WebSocket,
    });
  }

  hear(data: unknown): void {
    queueMicrotask(() => {
      if (!this.#isDead && !this.#isHanging) this.#channel.onmessage?.({ data });
    });
  }

  /** The process of the tab is gone. */
  kill(): void {
    this.#isDead = true;
    this.#browser.tabs.delete(this);
    for (const socket of this.#sockets) {
      // As by the kernel: no frame is sent or read any more.
      socket.onmessage = socket.onopen = socket.onclose = null;
      Object.assign(socket, { send: () => {} });
      socket.close(3000);
      this.#browser.sockets.delete(socket);
    }
    this.#browser.free(this);
  }

  /** The tab does nothing any more, and still has all that it has. */
  hang(): void {
    this.#isHanging = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isDead && !this.#isHanging) await this.chat.close();
    else this.kill();
    // What is dead has timers still.
    this.shared[Symbol.dispose]();
    if (this.#isDead) await this.chat.close();
    this.#browser.tabs.delete(this);
    this.#browser.free(this);
  }
}

/**
 * The platform that programs in a simulated world find: its clocks, timers, chance and sockets are
 * those of the process that something is happening to. Outside of events, everything is as it was.
 *
 * @module
 */

import type { Network } from "./network.ts";
import { SimulatedWebSocket } from "./socket.ts";
import type { Process, Timeline } from "./timeline.ts";

/** Types of events that a page is told, and whole programs in other runtimes. */
const PAGE_EVENTS = ["online", "offline", "pageshow", "pagehide"];

/** Numbers of timers of a world, which the runtime has none of. */
let timers = 1_000_000_000;

/** Puts the platform of a world in the place of the real one, until it is disposed of. */
export function install(timeline: Timeline, network: Network): Disposable {
  const undo: (() => void)[] = [];
  function replace<Key extends PropertyKey>(target: object, key: Key, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, before);
    });
  }
  // deno-lint-ignore no-explicit-any -- functions of the platform, whatever they take
  type Any = (...args: any[]) => any;
  /** In an event, calls `simulated` with its process; otherwise what stood there before. */
  function replaceCall(target: object, key: string, simulated: (process: Process) => Any): void {
    const real = Reflect.get(target, key) as Any;
    replace(target, key, (...args: unknown[]) => {
      const process = timeline.current;
      if (process === undefined) return Reflect.apply(real, target, args);
      return simulated(process)(...args);
    });
  }

  const runTimer = (repeats: boolean) => (process: Process) => (run: Any, ms = 0, ...args: []) => {
    const id = ++timers;
    const start = () => {
      process.timers.set(id, process.after(Math.max(1, Number(ms) || 0), fire));
    };
    const fire = () => {
      process.timers.delete(id);
      if (repeats) start();
      run(...args);
    };
    start();
    return id;
  };
  const clear = (process: Process) => (id: number) => {
    const event = process.timers.get(id);
    if (event !== undefined) event.isCancelled = true;
    process.timers.delete(id);
  };
  replaceCall(globalThis, "setTimeout", runTimer(false));
  replaceCall(globalThis, "setInterval", runTimer(true));
  replaceCall(globalThis, "clearTimeout", clear);
  replaceCall(globalThis, "clearInterval", clear);
  replaceCall(globalThis, "setImmediate", (process) => (run: Any, ...args: []) => {
    process.after(0, () => run(...args));
  });
  replaceCall(Deno, "unrefTimer", () => () => {});
  replaceCall(performance, "now", (process) => () => process.now());
  replaceCall(Date, "now", (process) => () => process.wall());
  replaceCall(Math, "random", (process) => process.random);
  replaceCall(crypto, "getRandomValues", (process) => (bytes: Uint8Array) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(256 * process.random());
    return bytes;
  });
  replaceCall(crypto, "randomUUID", (process) => () => {
    const hex = () => Math.floor(16 * process.random()).toString(16);
    return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", hex);
  });
  replaceCall(
    Deno,
    "upgradeWebSocket",
    () => (_: Request, options = {}) => network.upgrade(options),
  );

  const listen = Reflect.get(globalThis, "addEventListener") as Any;
  replace(
    globalThis,
    "addEventListener",
    (type: string, listener: () => void, options: { signal?: AbortSignal } = {}) => {
      const process = timeline.current;
      if (process === undefined || !PAGE_EVENTS.includes(type)) {
        return listen.call(globalThis, type, listener, options);
      }
      addListener(process, type, listener, options.signal);
    },
  );
  const RealWebSocket = WebSocket;
  replace(
    globalThis,
    "WebSocket",
    new Proxy(RealWebSocket, {
      construct: (real, args) => {
        const process = timeline.current;
        if (process === undefined) return Reflect.construct(real, args);
        const [url, protocols] = args as [string | URL, string?];
        return new SimulatedWebSocket(network, process, new URL(url), protocols);
      },
    }),
  );
  Object.defineProperty(globalThis, "document", {
    configurable: true,
    get: () => timeline.current?.page,
  });
  undo.push(() => Reflect.deleteProperty(globalThis, "document"));
  // The runtime keeps to itself what ends a connection without its peer: see `terminate`.
  const internal = Symbol("internal");
  replace(Deno, internal, { core: { tryClose: (resource: number) => network.destroy(resource) } });
  replace(Deno, "internal", internal);

  return { [Symbol.dispose]: () => undo.reverse().forEach((step) => step()) };
}

/** Has a process hear of events of some type, until the signal is aborted. */
export function addListener(
  process: Process,
  type: string,
  listener: (event: Event) => void,
  signal?: AbortSignal,
): void {
  const listeners = process.listeners.get(type) ?? new Set();
  process.listeners.set(type, listeners);
  listeners.add(listener);
  signal?.addEventListener("abort", () => listeners.delete(listener));
}

/** Makes a process the page of a browser, which is seen. */
export function makePage(process: Process): void {
  process.page = {
    visibilityState: "visible",
    addEventListener: (
      type: string,
      listener: (event: Event) => void,
      { signal }: { signal?: AbortSignal } = {},
    ) => addListener(process, type, listener, signal),
  };
}

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { DEFAULTS } from "../../src/core/state/options.ts";
import { TestChat } from "../support/fixtures.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { MutePeer } from "./mute_peer.ts";
import { Cast } from "./people.ts";
import type { ReadingOrder } from "./reading_peers.ts";
import { FULL, quantile, report, setting } from "./setting.ts";

const PEERS = setting(20, 100);
const BYTES = 16_000;
const PER_SECOND = 190;
const SECONDS = setting(1, 8);
const ROUNDS = setting(1, 3);
/** The most that may wait in one socket. */
const CAP_BYTES = 1_048_576;

/** Notes when each socket of this process was first over its cap, and when it was given up. */
function spy(capBytes: number): { delays: () => number[]; stop: () => void } {
  const buffered = Object.getOwnPropertyDescriptor(WebSocket.prototype, "bufferedAmount");
  const close = Object.getOwnPropertyDescriptor(WebSocket.prototype, "close");
  const over = new Map<WebSocket, number>();
  const delays: number[] = [];
  Object.defineProperty(WebSocket.prototype, "bufferedAmount", {
    configurable: true,
    get(this: WebSocket): number {
      const amount: number = buffered?.get?.call(this);
      if (amount > capBytes && !over.has(this)) over.set(this, performance.now());
      if (amount <= capBytes / 2) over.delete(this);
      return amount;
    },
  });
  Object.defineProperty(WebSocket.prototype, "close", {
    configurable: true,
    value(this: WebSocket, ...args: [number?, string?]): void {
      const since = over.get(this);
      if (since !== undefined) delays.push(performance.now() - since);
      over.delete(this);
      close?.value.call(this, ...args);
    },
  });
  return {
    delays: () => delays,
    stop: () => {
      if (buffered) Object.defineProperty(WebSocket.prototype, "bufferedAmount", buffered);
      if (close) Object.defineProperty(WebSocket.prototype, "close", close);
    },
  };
}

/** Somebody who sends 3 MB/s to a room, and somebody who reads them. */
async function busyRoom(url: string) {
  const cast = new Cast(url);
  const [speaker, reader] = await cast.fill(2);
  const { members } = speaker!.room;
  return {
    cast,
    roomId: speaker!.room.id,
    here: () => [...members.values()].filter(({ away }) => away !== true).length,
    /** Sends until it is enough; returns how long short messages of the reader took meanwhile. */
    async talk(goOn: () => boolean): Promise<number[]> {
      const options = { count: Infinity, perSecond: PER_SECOND, padding: BYTES, while: goOn };
      const talking = cast.talk([speaker!], options);
      const took: number[] = [];
      while (goOn()) {
        took.push(await cast.say(reader!));
        await pause(5);
      }
      await talking;
      return took;
    },
    [Symbol.asyncDispose]: () => cast[Symbol.asyncDispose](),
  };
}

function during(seconds: number): () => boolean {
  const end = performance.now() + 1_000 * seconds;
  return () => performance.now() < end;
}

Deno.test("R10 a peer over its cap is dropped within a second", async () => {
  await using server = new TestChat({ rate: 0 });
  await using room = await busyRoom(server.url);
  const before = descriptors();
  using mute = new DisposableStack();
  for (let i = 0; i < 10; i++) mute.use(await MutePeer.join(server.host, room.roomId));
  const watch = spy(DEFAULTS.highWaterBytes);
  mute.defer(watch.stop);
  const lasts = during(30);
  await room.talk(() => lasts() && (watch.delays().length < 10 || room.here() > 2));
  report("R10", `10 peers that do not read, ${BYTES * PER_SECOND / 1e6} MB/s`, {
    "members dropped": `${watch.delays().length} of 10`,
    "ms from cap to drop": `${Math.round(quantile(watch.delays(), 0.5))} median, ${
      Math.round(Math.max(...watch.delays()))
    } most`,
  });
  assertEquals([watch.delays().length, room.here(), server.errors.length], [10, 2, 0]);
  assert(Math.max(...watch.delays()) <= setting(2_000, 1_000), `${watch.delays()}`);
  assertClean(await room.cast.verdict());
  // The runtime holds on to them until their peers are gone.
  mute.dispose();
  await until(() => descriptors() <= before, "sockets stay open");
});

Deno.test("R10 peers that do not read cost the others no more than peers that read", async () => {
  await using server = await ServerProcess.start({ args: ["--rate", "0", "--log-level", "error"] });
  await using room = await busyRoom(server.url);
  const { cast, roomId } = room;
  const { host } = server;
  const p99 = async (goOn: () => boolean) => quantile(await room.talk(goOn), 0.99);
  await room.talk(during(SECONDS / 2));
  const rounds: { alone: number; reading: number; muted: number; goneMs: number; grown: number }[] =
    [];
  while (rounds.length < ROUNDS) {
    const alone = await p99(during(SECONDS));
    let reading: number;
    {
      using _peers = await readingPeers({ host, roomId, count: PEERS });
      await room.talk(during(SECONDS / 4));
      reading = await p99(during(SECONDS));
    }
    await until(() => room.here() === 2, "the readers do not go");

    using mute = new DisposableStack();
    for (let i = 0; i < PEERS; i++) mute.use(await MutePeer.join(host, roomId));
    const { rss } = server;
    let most = rss;
    const begin = performance.now();
    let goneMs = NaN;
    const [least, longest] = [during(SECONDS), during(60)];
    const muted = await p99(() => {
      most = Math.max(most, server.rss);
      if (Number.isNaN(goneMs) && room.here() === 2) goneMs = performance.now() - begin;
      return longest() && (Number.isNaN(goneMs) || least());
    });
    rounds.push({ alone, reading, muted, goneMs, grown: most - rss });
  }
  const verdict = await cast.verdict();
  const allowed = PEERS * (CAP_BYTES + 65_536);
  const median = (key: keyof typeof rounds[0]) => quantile(rounds.map((round) => round[key]), 0.5);
  const grown = Math.max(...rounds.map((round) => round.grown));
  const [alone, reading, muted] = [median("alone"), median("reading"), median("muted")];
  const times = (before: number) => `${before.toFixed(1)} (${(muted / before).toFixed(1)}×)`;
  report("R10", `${PEERS} peers that do not read, ${BYTES * PER_SECOND / 1e6} MB/s`, {
    rounds: ROUNDS,
    "all dropped after ms": Math.round(median("goneMs")),
    "RSS growth MB": `${Math.round(grown / 1e6)} of ${Math.round(allowed / 1e6)} allowed`,
    "p99 ms": muted.toFixed(1),
    "p99 ms with as many that read": times(reading),
    "p99 ms without them": times(alone),
    lost: verdict.lost,
    "silent gaps": verdict.silentGaps,
  }, muted <= 2 * alone ? [] : ["p99 within 2× of a room without them"]);
  assertClean(verdict);
  // With few peers, what the process has not collected yet weighs more than they do.
  assert(grown <= allowed + setting(64e6, 0), `RSS has grown by ${grown} bytes`);
  if (FULL) assert(muted <= 2 * reading, `p99 is ${muted} ms, and ${reading} ms with readers`);
});

/** Brings peers that read; they go when this is disposed of. */
async function readingPeers(order: ReadingOrder): Promise<Disposable> {
  const worker = new Worker(import.meta.resolve("./reading_peers.ts"), { type: "module" });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(order);
  });
  return { [Symbol.dispose]: () => worker.terminate() };
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/**
 * A server under attack, and two people who talk meanwhile: first alone, then beside the attack,
 * in turn.
 *
 * @module
 */

import { ServerProcess } from "../../bench/server_process.ts";
import { FULL, quantile, SEED, setting } from "../chaos/setting.ts";
import { RawSocket } from "../support/fixtures.ts";
import { type Front, HAPROXY, NGINX, startHaproxy, startNginx } from "../support/fronts.ts";
import { variable } from "../support/permissions.ts";
import { pause } from "../support/waiting.ts";
import { Generator, onCore } from "./generators.ts";
import {
  close,
  count,
  expect,
  forever,
  greet,
  type Group,
  join,
  joinPlain,
  READY,
  RESET,
  scriptOf,
  send,
  wait,
} from "./script.ts";

/** An attack: what those who do it do. */
export interface Attack {
  /** A phrase without a verb, like "history again and again". */
  name: string;
  /** Set where it is tried every day: for those whose figures are reached. */
  daily?: true;
  /** The honest members of the attacked room; nobody unless given. */
  members?: { plain?: number; v1?: number };
  /** Lines for what has to be there before it begins; each connection comes to `READY`. */
  before?: (roomId: string) => string[];
  /** The number of connections that do that; 1 unless given. */
  beforeCount?: number;
  /** The connections of one attacker; 1 unless given. */
  sockets?: number;
  dialect?: Group["dialect"];
  /** Milliseconds after which a connection that was closed comes again; 100 unless given, `null` for never. */
  again?: number | null;
  /** Set where all connections come from one address. */
  oneAddress?: true;
  /** The time that it goes on, at full length, before the two are listened to, in milliseconds: what it takes is not gone at once. */
  leadMs?: number;
  /** Lines of each connection. */
  lines: (roomId: string) => string[];
  /** Connections of each attacker besides, that do something else: `own` is what only they and the attacker know. */
  crowd?: { sockets: number; dialect: Group["dialect"]; lines: (own: string) => string[] };
}

/** Settings of a trial of an attack. */
export interface Trial {
  attackers: number;
  store: "memory" | "sqlite";
  /** The times that the two talk alone, and during the attack, in milliseconds. */
  aloneMs: number;
  attackedMs: number;
  rounds: number;
  /** The time that the server has to come to rest after each of these, in milliseconds. */
  restMs: number;
  /** `true`: the two are in the attacked room. */
  inside?: boolean;
  /** Set where all attackers come from one address, and addresses have their limits on this machine too. */
  limited?: boolean;
  /** The proxy in front of the server; none unless given. */
  front?: "haproxy" | "nginx" | undefined;
}

/** Settings of all trials: how long attacks last. `CHAOS_ROUNDS` says how often at full length. */
export const SETTING: Pick<Trial, "aloneMs" | "attackedMs" | "rounds" | "restMs"> = {
  aloneMs: setting(300, 1_500),
  attackedMs: setting(800, 3_000),
  rounds: setting(1, Number(variable("CHAOS_ROUNDS") ?? 2)),
  restMs: setting(100, 500),
};

/** The talk of the two: how they fared; times in milliseconds. */
export interface Talk {
  p50: number;
  p99: number;
  max: number;
  /** The messages a second that arrived. */
  perSecond: number;
  refused: number;
  lost: number;
  disordered: number;
  /** The share of its core that the measuring program used. */
  cpu: number;
}

/** The outcome of an attack. */
export interface Outcome {
  alone: Talk;
  attacked: Talk;
  /** The server's resident memory in MB: before, at most, and a second after the last attack. */
  rss: { before: number; peak: number; after: number };
  /** Its open files at the same moments. */
  files: { before: number; peak: number; after: number };
  /** The most that the kernel holds for TCP in MB, above what it held before. */
  kernel: number;
  /** Ways in which honest members were thrown out or cut off, and how often. */
  evicted: Record<string, number>;
  /** Things that honest newcomers could not do, and how often. */
  lockedOut: Record<string, number>;
  /** Rounds that newcomers made. */
  visits: number;
  /** Figures of the attackers: what they sent and received, in KB a second of attack, and what became of them. */
  attackers: { sent: number; received: number; counts: Record<string, number> };
  /** Lines of level `error` in the server's log. */
  errors: number;
}

/**
 * The most that the two may feel: a multiple of what they have alone, or a time in milliseconds. In
 * the short setting, besides other tests and in a second, only that nothing stands still.
 */
const MOST_TIMES = setting(10, 2);
const MOST_MS = setting(1_000, 20);
/** The most that the server may need in addition, in MB. */
const MOST_MB = 64;
/** Messages that each of the two says in a second. */
const RATE = 50;
const NEWCOMERS = 5;
/** Files that a front may have: for all attackers, on either side. */
const FRONT_FILES = 5_000;
const MB = 1_048_576;

/** Flags for limits of addresses that hold for all who come from this machine, but for this program itself. */
const IN_FORCE = ["--exempt", "127.0.0.1"];

/** The tally that a group of `peers.cpp` says at its end. */
interface Tally {
  name: string;
  sent: number;
  received: number;
  counts: Record<string, number>;
}

/** Runs an attack against a server of its own. */
export async function attack(what: Attack, trial: Trial): Promise<Outcome> {
  await Generator.prepare();
  const folder = await Deno.makeTempDir();
  try {
    const store = trial.store === "sqlite" ? `sqlite:${folder}/chat.db` : trial.store;
    await using server = await ServerProcess.start({
      args: ["--log-level", "error", "--store", store, ...trial.limited ? IN_FORCE : []],
      within: onCore(0),
    });
    await using front = await startFront(server, trial.front);
    return await attackServer(server, front?.port ?? portOf(server), what, trial);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function attackServer(
  server: ServerProcess,
  port: number,
  what: Attack,
  trial: Trial,
): Promise<Outcome> {
  const said = server.output.length;
  const attackedRoom = trial.inside ? undefined : await makeRoom(`ws://127.0.0.1:${port}/`);
  await using pair = await Generator.start("pair", [`${port}`, `${RATE}`, "127.0.4.1"]);
  const pairsRoom = (await pair.line()).replace("room ", "");
  const roomId = attackedRoom ?? pairsRoom;
  await using honest = await Generator.start("peers", [`${port}`, `${SEED}`], { nice: 5 });
  await honest.write(scriptOf([...membersOf(what, roomId), newcomers(pairsRoom)]));
  if (await honest.line() !== "ready") throw new Error("The members do not come in");

  const measure = async (ms: number): Promise<Talk> => {
    await pair.write(`measure ${ms}\n`);
    const talk: Talk = JSON.parse(await pair.line());
    return { ...talk, p50: talk.p50 / 1e3, p99: talk.p99 / 1e3, max: talk.max / 1e3 };
  };
  // What runs for the first time is compiled meanwhile.
  await measure(trial.aloneMs);
  const gauge = new Gauge(server);
  const alone: Talk[] = [];
  const attacked: Talk[] = [];
  const tallies: Tally[] = [];
  for (let round = 0; round < trial.rounds; round++) {
    alone.push(await measure(trial.aloneMs));
    if (round === 0) gauge.start();
    await using attackers = await Generator.start("peers", [`${port}`, `${SEED + round}`], {
      nice: 10,
    });
    const begun = attackers.write(scriptOf(attackersOf(what, trial, roomId)));
    if (FULL && what.leadMs !== undefined) await pause(what.leadMs);
    const measuring = measure(trial.attackedMs);
    await begun;
    await Promise.race([pause(trial.attackedMs), measuring]);
    tallies.push(...parse(await attackers.finish()));
    attacked.push(await measuring);
    await pause(trial.restMs);
  }
  await pause(trial.restMs);
  const { rss, files, kernel } = gauge.stop();
  const tally = parse(await honest.finish());
  const seconds = trial.rounds * trial.attackedMs / 1_000;
  const { opened: _, visit = 0, ...lockedOut } = tally.find(({ name }) => name === "newcomer")!
    .counts;
  return {
    alone: typical(alone),
    attacked: typical(attacked),
    rss,
    files,
    kernel,
    evicted: without("opened", added(tally.filter(isMember).map(({ counts }) => counts))),
    lockedOut,
    visits: visit,
    attackers: {
      sent: sum(tallies.map(({ sent }) => sent)) / 1_000 / seconds,
      received: sum(tallies.map(({ received }) => received)) / 1_000 / seconds,
      counts: added(tallies.map(({ counts }) => counts)),
    },
    errors: server.output.slice(said).split("\n").filter((line) => /error/i.test(line)).length,
  };
}

function portOf(server: ServerProcess): number {
  return Number(server.host.split(":")[1]);
}

/** Starts what stands in front of a server. TLS is left out: the attackers do not speak it. */
export async function startFront(
  server: ServerProcess,
  front: Trial["front"],
): Promise<Front | undefined> {
  switch (front) {
    case undefined:
      return undefined;
    case "haproxy":
      return await startHaproxy(server.host, { files: FRONT_FILES });
    case "nginx":
      return await startNginx(server.host, { files: FRONT_FILES, tls: false });
    default:
      return front satisfies never;
  }
}

/** The fronts that are here, beside none. */
export const FRONTS: readonly Trial["front"][] = [
  undefined,
  ...(HAPROXY === undefined ? [] : ["haproxy" as const]),
  ...(NGINX === undefined ? [] : ["nginx" as const]),
];

/** Lists what the figures of an attack are to be, and are not. */
export function missedBy({ alone, attacked, rss, evicted, lockedOut }: Outcome): string[] {
  const missed: string[] = [];
  if (attacked.p99 > Math.max(MOST_TIMES * alone.p99, MOST_MS)) missed.push("p99");
  if (rss.peak - rss.before > MOST_MB) missed.push("RSS");
  if (Object.keys(evicted).length > 0) missed.push("evicted");
  if (Object.keys(lockedOut).length > 0) missed.push("locked out");
  if (attacked.lost + attacked.disordered > 0) missed.push("lost");
  return missed;
}

/** An outcome in one line. */
export function figuresOf({ alone, attacked, rss, evicted, lockedOut }: Outcome): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts).map(([what, times]) => `${what} ${times}`).join(" + ");
  const [out, locked] = [list(evicted), list(lockedOut)];
  return [
    `p99 ${alone.p99.toFixed(1)} → ${attacked.p99.toFixed(1)} ms`,
    `RSS +${Math.max(0, rss.peak - rss.before).toFixed(0)} MB`,
    ...(out === "" ? [] : [`evicted: ${out}`]),
    ...(locked === "" ? [] : [`locked out: ${locked}`]),
    ...(attacked.lost + attacked.disordered === 0 ? [] : [`lost ${attacked.lost}`]),
  ].join(", ");
}

/** Makes a room whose maker has left it. */
async function makeRoom(url: string): Promise<string> {
  await using host = await RawSocket.open(url, "parley.v1");
  await host.ask({ action: "hello" });
  const made = await host.ask({ action: "create", body: "Attacked" });
  await host.close(1000);
  return String(made.room_id);
}

function isMember({ name }: Tally): boolean {
  return name === "member";
}

function without(what: string, counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => name !== what));
}

function membersOf({ members = {}, before, beforeCount = 1 }: Attack, roomId: string): Group[] {
  const { plain = 0, v1 = 0 } = members;
  const common = { name: "member", from: "127.2.*" };
  const groups: Group[] = [
    { ...common, count: plain, dialect: "plain", lines: [...joinPlain(roomId), READY] },
    { ...common, count: v1, dialect: "v1", lines: [...greet(), ...join(roomId), READY] },
  ];
  if (before !== undefined) {
    const lines = before(roomId);
    groups.push({ name: "before", from: "127.5.*", count: beforeCount, dialect: "v1", lines });
  }
  return groups.filter(({ count }) => count > 0);
}

/** People who come and go: connect, join, make a room, leave it, find it again, and come back after a cut. */
function newcomers(roomId: string): Group {
  const step = (text: string, label: string, as?: string) =>
    expect(text, { label, withinMs: 5_000, ...(as === undefined ? {} : { as }) });
  const lines = [
    READY,
    ...forever([
      "every 2000",
      "open",
      send({ action: "hello" }),
      step(`"session":"`, "hello", "session"),
      send({ action: "join", body: roomId }),
      step(`"message":"Joined room`, "join"),
      send({ action: "create", body: "Newcomer" }),
      step(`created","room_id":"`, "create", "room"),
      send({ action: "leave", body: { room_id: "{{room}}" } }),
      step(`"message":"Left room`, "leave"),
      wait(300),
      send({ action: "join", body: "{{room}}" }),
      step(`"message":"Joined room`, "find a room again"),
      RESET,
      wait(200),
      "open",
      send({ action: "hello", body: { session: "{{session}}" } }),
      step(`"resumed":true`, "resume"),
      send({ action: "join", body: roomId }),
      step(`"message":"Joined room`, "join again"),
      close(1000),
      count("visit"),
    ]),
  ];
  return {
    name: "newcomer",
    count: NEWCOMERS,
    dialect: "v1",
    from: "127.3.*",
    again: 500,
    lines,
  };
}

function attackersOf(what: Attack, { attackers, limited }: Trial, roomId: string): Group[] {
  const { sockets = 1, dialect = "v1", again = 100, oneAddress, lines, crowd } = what;
  const common = {
    from: oneAddress || limited ? "127.0.1.1" : "127.1.*",
    ...(again === null ? {} : { again }),
  };
  const groups: Group[] = [
    { ...common, name: "attacker", count: attackers * sockets, dialect, lines: lines(roomId) },
  ];
  for (let i = 0; crowd !== undefined && i < attackers; i++) {
    const { dialect, sockets: count } = crowd;
    groups.push({ ...common, name: "crowd", count, dialect, lines: crowd.lines(`@${i}`) });
  }
  return groups;
}

/** Watches what a server holds. */
class Gauge {
  readonly #server: ServerProcess;
  readonly #rss: number[] = [];
  readonly #files: number[] = [];
  readonly #kernel: number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  start(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), 50);
  }

  stop(): Pick<Outcome, "rss" | "files" | "kernel"> {
    clearInterval(this.#timer);
    this.#look();
    const ends = (values: number[]) => ({
      before: values[0]!,
      peak: Math.max(...values),
      after: values.at(-1)!,
    });
    const kernel = ends(this.#kernel);
    return { rss: ends(this.#rss), files: ends(this.#files), kernel: kernel.peak - kernel.before };
  }

  #look(): void {
    this.#rss.push(this.#server.rss / MB);
    this.#files.push(this.#server.descriptors);
    const pages = /^TCP: .*mem (\d+)$/m.exec(Deno.readTextFileSync("/proc/net/sockstat"))?.[1];
    this.#kernel.push(Number(pages) * 4_096 / MB);
  }
}

function parse(lines: string[]): Tally[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** The upper median of each figure, and the sum of what must not be. */
function typical(talks: readonly Talk[]): Talk {
  const of = (key: keyof Talk) => quantile(talks.map((talk) => talk[key]), 0.5);
  const all = (key: keyof Talk) => sum(talks.map((talk) => talk[key]));
  return {
    p50: of("p50"),
    p99: of("p99"),
    max: Math.max(...talks.map(({ max }) => max)),
    perSecond: Math.min(...talks.map(({ perSecond }) => perSecond)),
    refused: all("refused"),
    lost: all("lost"),
    disordered: all("disordered"),
    cpu: of("cpu"),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function added(all: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [what, times] of Object.entries(counts)) total[what] = (total[what] ?? 0) + times;
  }
  return total;
}

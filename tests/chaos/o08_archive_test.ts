import { assertEquals } from "@std/assert";
import { DEFAULTS } from "../../src/core/state/options.ts";
import type { SqliteStore } from "../../src/store/sqlite/store.ts";
import type { Draft } from "../../src/protocol/frames.ts";
import { carryOut, takeArchiveOrder } from "../../src/daemon/archive_command.ts";
import { parseServerFlags } from "../../src/daemon/flags/flags.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { makeLongRoom } from "./long_room.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const ROOMS = setting(6, 100);
const ENTRIES = setting(60, 400);
const LONG = setting(20_000, 1_000_000);

/** The heap that the program gets, in MiB: what it has to do with must fit, however long a room is. */
const HEAP_MIB = 32;

/** The most that the resident memory may grow by, in MiB: garbage that nobody has collected yet. */
const MOST_MIB = 100;

const folder = tempFolder();
const random = chance();
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
const PEOPLE = ["ana", "bo", "cleo", "dan\u0000", "eve 🎈"];

/** Opens the store in a SQLite file. */
function open(path: string): SqliteStore {
  return sqlite(path)(IGNORE, { ...DEFAULTS, logAgeMs: 1e15 }) as SqliteStore;
}

/** Carries out a command as it is typed. */
function run(...args: string[]): Promise<string> {
  const taken = takeArchiveOrder(args);
  if (taken === "help") throw new Error("help");
  const settings = parseServerFlags(taken.rest, {});
  if (typeof settings === "string") throw new Error(settings);
  return carryOut(taken.order, settings, (reason) => {
    throw new Error(reason);
  });
}

/** Fills a room with all that a log can have. */
async function fill(store: SqliteStore, id: string): Promise<void> {
  const owner = random() < 0.5 ? pick(PEOPLE) : undefined;
  const room = await store.create(id, `Room “${id}”`, owner);
  for (let i = 0; i < ENTRIES; i++) {
    const from = pick(PEOPLE);
    const client = `c${PEOPLE.indexOf(from)}`;
    const common = { at: 1_000 + i, from: client, name: from, sub: from };
    // Some are about nothing, and refused. So each is of a client of its own: it has used its number.
    const message = () => ({ ...common, from: `${client}-${i}-${id}`, n: 1 });
    const re = 1 + Math.floor(random() * room.log.head);
    const by = { sub: from, admin: true } as const;
    const kind = room.log.head === 0 ? 0 : Math.floor(random() * 13);
    const draft: Draft = kind < 4
      ? { ...message(), body: `Words ${i}, with "re":${re} in them` }
      : kind === 4
      ? { ...message(), body: "", data: `{"re":${re},"big":1e30}` }
      : kind === 5
      ? { ...message(), body: "yes", re }
      : kind === 6
      ? { ...message(), re, edit: `Words ${i}, better` }
      : kind === 7
      ? { ...message(), re, redact: true, reason: "why not" }
      : kind === 8
      ? { ...message(), re, react: pick(["👍", "no"]) }
      : kind === 9
      ? {
        ...common,
        n: 0,
        by,
        event: "role",
        to: pick(PEOPLE),
        role: pick(["none", "reader", "owner"]),
      }
      : kind === 10
      ? { ...common, n: 0, by, event: "room", topic: `Topic ${i}`, slow_ms: i }
      : kind === 11
      ? { ...common, n: 0, by, event: "link", id: `link${i}`, role: "member", uses: 1 + i }
      : { ...common, n: 0, event: pick(["join", "away", "back", "leave"]) };
    store.append(id, { ...draft, by } as Draft);
    if (i % 20 === 0) await store.settled();
  }
  await store.settled();
  for (const person of PEOPLE) {
    const seq = Math.floor(random() * (room.log.head + 1));
    if (seq > 0) await store.markers.set(person, id, { epoch: room.log.epoch, seq });
  }
}

/** All of a room, with the places of entries counted from the first. */
async function pictureOf(store: SqliteStore, id: string) {
  const room = (await store.open(id))!;
  const entries = (await store.history.page(id, { to: "newer", from: 0, limit: 1e6, units: 1e9 }))
    .entries.map(({ text }) => JSON.parse(text));
  const places = new Map(entries.map(({ seq }, i) => [seq, i]));
  const markers: unknown[] = [];
  for (const person of PEOPLE) {
    const marker = (await store.markers.load(person)).get(id);
    if (marker !== undefined) {
      assertEquals(marker.epoch, room.log.epoch);
      markers.push([person, places.get(marker.seq)]);
    }
  }
  return {
    name: room.name,
    entries: entries.map(({ seq, re, ...entry }) => [
      places.get(seq),
      re === undefined ? undefined : places.get(re) ?? "nothing",
      entry,
    ]),
    members: [...room.roster.members.values()],
    charter: JSON.parse(JSON.stringify(room.charter)),
    states: [...room.states!.nows(0, room.log.head)].map(([seq, now]) => {
      const { seq: last, ...state } = JSON.parse(now.replace(/^,?"now":/, ""));
      return [places.get(seq), places.get(last), state];
    }),
    markers,
  };
}

Deno.test({
  name: "O8: rooms go from SQLite to NATS and back, and nothing of them is another",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await NatsServer.start();
    const place = `nats://${nats.host}/o8`;
    const [first, second] = [`${folder}/first.db`, `${folder}/second.db`];
    const before = open(first);
    const ids = Array.from({ length: ROOMS }, (_, i) => `room-${i}`);
    for (const id of ids) await fill(before, id);
    const wanted = await Promise.all(ids.map((id) => pictureOf(before, id)));
    // The store is in use meanwhile.
    await run("export", `${folder}/1.jsonl`, "--store", `sqlite:${first}`);
    await before.close();
    const texts = await Deno.readTextFile(`${folder}/1.jsonl`);
    const start = performance.now();
    await run("import", `${folder}/1.jsonl`, "--store", place);
    await run("export", `${folder}/2.jsonl`, "--store", place);
    await run("import", `${folder}/2.jsonl`, "--store", `sqlite:${second}`);
    const seconds = (performance.now() - start) / 1_000;
    const after = open(second);
    const found = await Promise.all(ids.map((id) => pictureOf(after, id)));
    await after.close();
    for (const [i, room] of wanted.entries()) {
      assertEquals(found[i], room, `${ids[i]}, seed ${SEED}`);
    }
    const entries = wanted.reduce((sum, room) => sum + room.entries.length, 0);
    const markers = wanted.reduce((sum, room) => sum + room.markers.length, 0);
    const states = wanted.reduce((sum, room) => sum + room.states.length, 0);
    const words = wanted.flatMap((room) => room.entries.map(([, , entry]) => entry))
      .filter((entry) => "body" in entry).length;
    report("O8", "SQLite to NATS to SQLite", {
      rooms: ROOMS,
      entries,
      messages: words,
      "changed or answered messages": states,
      markers,
      "rooms that differ": 0,
      "MiB of the file": (texts.length / 1_048_576).toFixed(1),
      seconds: seconds.toFixed(1),
    });
  },
});

/** Runs the program with these arguments; resolves with the greatest resident memory that it had, in MiB. */
async function memoryOf(...args: string[]): Promise<number> {
  const program = new URL("../../server.ts", import.meta.url).pathname;
  const heap = `--v8-flags=--max-old-space-size=${HEAP_MIB}`;
  const command = new Deno.Command("/usr/bin/time", {
    args: ["-f", "%M", Deno.execPath(), "run", "-A", heap, program, ...args],
    stderr: "piped",
    stdout: "null",
  });
  const { code, stderr } = await command.output();
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  assertEquals(code, 0, lines.join("\n"));
  return Number(lines.at(-1)) / 1_024;
}

Deno.test({
  name: "O8: a long room takes no more memory than a short one",
  ignore: !exists("/usr/bin/time"),
  async fn() {
    const paths = [`${folder}/short.db`, `${folder}/long.db`];
    await makeLongRoom(paths[0]!, "short", 1_000, (i) => `Words ${i}`);
    await makeLongRoom(paths[1]!, "long", LONG, (i) => `Words ${i}, and some more that take room`);
    const memory: number[][] = [];
    for (const [i, path] of paths.entries()) {
      const file = `${folder}/memory-${i}.jsonl`;
      const target = `${folder}/memory-${i}.db`;
      memory.push([
        await memoryOf("export", file, "--store", `sqlite:${path}`),
        await memoryOf("import", file, "--store", `sqlite:${target}`),
      ]);
    }
    const [short = [], long = []] = memory;
    const grown = long.map((mib, i) => Math.round(mib - short[i]!));
    report("O8", "a long room", {
      entries: LONG,
      "MiB of heap": HEAP_MIB,
      "MiB of an export": Math.round(long[0]!),
      "more than of 1,000 entries": grown[0]!,
      "MiB of an import": Math.round(long[1]!),
      "more than of 1,000 entries there": grown[1]!,
    }, grown.some((mib) => mib > MOST_MIB) ? ["memory grows with the room"] : []);
    assertEquals(grown.every((mib) => mib <= MOST_MIB), true, `${grown}`);
  },
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

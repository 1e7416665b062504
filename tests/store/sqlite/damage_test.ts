/**
 * A SQLite store whose file is not as it was written: what it answers, and what goes on.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { StoreEvents } from "../../../src/core/store/store.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { SqliteStore } from "../../../src/store/sqlite/store.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { messageDraft, presenceDraft } from "../../../src/store/suite/drafts.ts";
import { chance, SEED } from "../../chaos/setting.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { until } from "../../support/waiting.ts";

const folder = tempFolder();
const LIMITS = { logEntries: 100, logBytes: 1_000_000, logAgeMs: 1e15 };
const MADE = { newEpoch: () => "epoch", newKey: () => new Uint8Array(32) };
const PAGE = 4_096;

/** A store, and what it has reported, in words. */
function open(path: string): { store: SqliteStore; reports: string[] } {
  const reports: string[] = [];
  const events: StoreEvents = {
    ...IGNORE,
    stored: (roomId) => void reports.push(`stored in ${roomId}`),
    refused: ({ from, n }, error) => void reports.push(`refused ${from} ${n}: ${error.message}`),
    failing: (reason) => void reports.push(`failing: ${reason}`),
    troubled: (reason) => void reports.push(`troubled: ${reason}`),
  };
  return { store: new SqliteStore(path, events, LIMITS, MADE), reports };
}

/** A file with so many rooms, `r0`, `r1` …, of 50 messages and one member each. */
async function fileWith(rooms: number): Promise<string> {
  const path = `${folder}/${crypto.randomUUID()}`;
  const { store } = open(path);
  for (let room = 0; room < rooms; room++) {
    await store.create(`r${room}`, "Room");
    store.append(`r${room}`, presenceDraft("join", "ana"));
  }
  for (let n = 1; n <= 50; n++) {
    for (let room = 0; room < rooms; room++) {
      store.append(`r${room}`, messageDraft(`c${room}`, n, "x".repeat(300)));
    }
    await store.settled();
  }
  await store.close();
  return path;
}

Deno.test("a page that is lost takes no more than what is on it, and nothing is shorter in silence", async () => {
  const rooms = 10;
  const whole = await Deno.readFile(await fileWith(rooms));
  const random = chance();
  const counts = { refusedToStart: 0, complete: 0, unavailable: 0, lies: 0, unsaid: 0 };
  for (let run = 0; run < 60; run++) {
    const bytes = whole.slice();
    const page = () => 1 + Math.floor(random() * (whole.length / PAGE - 1));
    const place = page() * PAGE;
    const by = run % 3;
    const other = page() * PAGE;
    if (by === 0) bytes.fill(0, place, place + PAGE);
    else if (by === 1) bytes.set(Array.from({ length: PAGE }, () => random() * 256), place);
    // As where a write went astray: a page that is well-formed, but another one.
    else bytes.copyWithin(place, other, other + PAGE);
    const path = `${folder}/damaged-${run}`;
    await Deno.writeFile(path, bytes);
    let opened: ReturnType<typeof open>;
    try {
      opened = open(path);
    } catch (error) {
      assert(
        error instanceof Error && error.message.startsWith(`Cannot open ${path}: `),
        `${error}`,
      );
      counts.refusedToStart++;
      continue;
    }
    for (let room = 0; room < rooms; room++) {
      try {
        const found = await opened.store.open(`r${room}`);
        if (found?.log.size === 51 && found.roster.members.size === 1) counts.complete++;
        else if (place !== other) counts.lies++;
      } catch (error) {
        assert(error instanceof ChatError && error.code === "unavailable", `${error}`);
        counts.unavailable++;
        const told = opened.reports.some((line) =>
          line.startsWith(`troubled: room r${room} cannot be read: `)
        );
        if (!told) counts.unsaid++;
      }
    }
    await opened.store.close();
  }
  // deno-lint-ignore no-console -- the seed repeats it
  console.log(`damaged pages (seed ${SEED}): ${JSON.stringify(counts)}`);
  assertEquals([counts.lies, counts.unsaid], [0, 0]);
  assert(counts.complete > 100 && counts.unavailable > 20);
});

Deno.test("what cannot be written is refused, with what its author said behind it, and everything else is stored", async () => {
  const path = await fileWith(3);
  const { store, reports } = open(path);
  for (const id of ["r0", "r1", "r2"]) await store.open(id);
  {
    // The place of the next entry of a room is taken, which cannot be: its part of the file is of no use.
    using db = new DatabaseSync(path);
    db.exec("INSERT INTO entries VALUES (2, 52, 1, 'nobody', 0, 'x}')");
  }
  store.append("r0", messageDraft("ben", 1));
  store.append("r1", messageDraft("ana", 1));
  store.append("r0", messageDraft("ana", 2));
  store.append("r1", presenceDraft("join", "ben"));
  store.append("r2", messageDraft("ben", 2));
  store.append("r2", presenceDraft("join", "ben"));
  await store.settled();
  assertEquals(reports.splice(0), [
    "troubled: something cannot be written: UNIQUE constraint failed: entries.room, entries.seq",
    "stored in r0",
    "stored in r2",
    "stored in r2",
    "refused ana 1: The log cannot be written right now",
    "refused ana 2: The log cannot be written right now",
  ]);
  // The numbers that were refused are free.
  store.append("r0", messageDraft("ana", 1));
  await store.settled();
  assertEquals(reports, ["stored in r0"]);
  const { log } = (await store.open("r2"))!;
  assertEquals([log.head, JSON.parse(log.at(52).text).event], [53, "join"]);
  await store.close();
});

Deno.test("a room that cannot be swept is in nobody's way, and is told of", async () => {
  const path = await fileWith(3);
  {
    using db = new DatabaseSync(path);
    db.exec("UPDATE entries SET at = 1e14 WHERE room > 1");
    db.exec(
      "CREATE TRIGGER stuck BEFORE DELETE ON entries WHEN old.room = 1 BEGIN SELECT raise(FAIL, 'no'); END",
    );
    db.exec("UPDATE entries SET at = 1 WHERE room = 3");
  }
  const reports: string[] = [];
  const events = { ...IGNORE, troubled: (reason: string) => void reports.push(reason) };
  const store = new SqliteStore(path, events, { ...LIMITS, logAgeMs: 1_000 }, MADE);
  using db = new DatabaseSync(path);
  const left = (room: number) =>
    Number(db.prepare("SELECT count(*) AS n FROM entries WHERE room = ?").get(room)?.n);
  await until(() => left(3) === 0, "the third room is not swept");
  assertEquals([left(1), left(2)], [51, 51]);
  assertEquals(reports[0], "what is too old cannot be dropped: no");
  await store.close();
});

Deno.test("a file whose rooms or sessions cannot be read is not opened, and named", async () => {
  const path = await fileWith(1);
  const bytes = await Deno.readFile(path);
  let place: number;
  {
    using db = new DatabaseSync(path);
    const row = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'rooms'").get();
    place = (Number(row?.rootpage) - 1) * PAGE;
  }
  // A page that is well-formed, and belongs to no table.
  bytes.set(bytes.subarray(place + PAGE, place + 2 * PAGE), place);
  await Deno.writeFile(path, bytes);
  for (let i = 0; i < 2; i++) {
    const { message } = assertThrows(() => open(path), Error);
    assert(message.startsWith(`Cannot open ${path}: `), message);
  }
});

for (
  const [how, put, why] of [
    ["replaced", (path: string) => Deno.renameSync(`${path}.new`, path), "its file was replaced"],
    [
      "written over",
      (path: string) => Deno.writeFileSync(path, Deno.readFileSync(`${path}.new`)),
      "its file was written over",
    ],
  ] as const
) {
  Deno.test(`a store whose file is ${how} says so to everybody, with nothing said and with something`, async () => {
    const path = await fileWith(2);
    await Deno.rename(await fileWith(1), `${path}.new`);
    const { store, reports } = open(path);
    const room = await store.open("r0");
    put(path);
    await until(() => reports.length > 1, "nobody looks");
    assertEquals(reports.splice(0), [
      `troubled: ${path} is left alone, as ${why}: it is used when the server starts again`,
      `failing: ${why}`,
    ]);
    store.append("r0", messageDraft("ana", 1));
    await store.settled();
    assertEquals(reports.splice(0), [`refused ana 1: The log cannot be written right now: ${why}`]);
    await assertRejects(() => store.open("r1"), ChatError, `cannot be read right now: ${why}`);
    await assertRejects(() => store.create("b", "B"), ChatError, why);
    // What was open can be read on.
    assertEquals(room?.log.size, 51);
    await store.close();
    const again = open(path);
    assertEquals((await again.store.open("r0"))?.log.head, 51);
    await again.store.close();
  });
}

Deno.test("a store whose file goes away writes it again before anybody notices", async () => {
  const path = await fileWith(1);
  const { store, reports } = open(path);
  await store.open("r0");
  await Deno.remove(path);
  store.append("r0", messageDraft("ana", 1));
  await store.settled();
  assertEquals(reports.map((line) => line.replace(/\d+ ms/, "1 ms")), [
    `troubled: ${path} was gone: all of it was written again in 1 ms`,
    "stored in r0",
  ]);
  await Deno.remove(path);
  await until(() => reports.length === 3, "nobody looks where nothing is said");
  await store.close();
  const again = open(path);
  assertEquals((await again.store.open("r0"))?.log.head, 52);
  await again.store.close();
});

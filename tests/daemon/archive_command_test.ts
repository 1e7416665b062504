import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { carryOut, takeArchiveOrder } from "../../src/daemon/archive_command.ts";
import { parseServerFlags } from "../../src/daemon/flags/flags.ts";
import { sqliteSource } from "../../src/store/sqlite/archive.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();
let files = 0;

/** A path where nothing is yet. */
const somewhere = (kind: string) => `${FOLDER}/${++files}.${kind}`;

/** Carries out a command as it is typed. */
async function run(...args: string[]): Promise<string> {
  const taken = takeArchiveOrder(args);
  if (taken === "help") return taken;
  const settings = parseServerFlags(taken.rest, {});
  if (typeof settings === "string") return settings;
  return await carryOut(taken.order, settings, (reason) => {
    throw new Error(reason);
  });
}

/** Exports a chat that is running: of two rooms, one with a message that was redacted. */
async function exported(): Promise<{ file: string; path: string; rooms: string[] }> {
  const path = somewhere("db");
  await using server = new TestChat({ store: sqlite(path) });
  const { host: ana, roomId: room_id } = await server.host1("Lobby", { name: "Ana" });
  for (const body of ["first", "a secret"]) ana.send({ action: "message", room_id, body });
  const said = await ana.entries(2);
  const { seq } = said.at(-1)!;
  ana.send({ action: "message", room_id, re: seq, redact: true });
  await ana.entries(1);
  await ana.ask({ action: "read", ref: 1, body: { room_id, seq } });
  const { roomId: other } = await server.chat.createRoom("Harbour");
  await server.chat.publish(other, "A ship", { as: "Bot" });
  const file = somewhere("jsonl");
  await run("export", file, "--store", `sqlite:${path}`);
  return { file, path, rooms: [room_id, other] };
}

/** Runs the program to its end. */
async function program(...args: string[]) {
  const server = new URL("../../server.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", server, ...args] });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The ids of the rooms in a file. */
async function roomsIn(path: string): Promise<string[]> {
  const source = sqliteSource(path);
  const ids = await Array.fromAsync(source.rooms());
  await source.close();
  return ids;
}

Deno.test("rooms of a running chat go into a file, and from there to another store", async () => {
  const { file, rooms } = await exported();
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  const text = await Deno.readTextFile(file);
  assertEquals(text.includes("secret"), false);
  const path = somewhere("db");
  const told = await run("import", file, "--store", `sqlite:${path}`);
  assertEquals(told, "2 rooms with 5 entries imported");
  await using server = new TestChat({ store: sqlite(path) });
  await using bo = await server.v1({ name: "Bo" });
  const [room_id] = rooms;
  const joined = await bo.ask({ action: "join", body: { room_id, last: 10 } });
  assertEquals(joined.room_name, "Lobby");
  // Who was there has left: nobody here knows those clients.
  const entries = await bo.entries(5) as unknown as Frame[];
  const [join, first, second, redact] = entries;
  assertEquals([join?.event, first?.body, second?.body, redact?.redact, redact?.re], [
    "join",
    "first",
    "",
    true,
    second?.seq,
  ]);
  assertEquals(await server.chat.members(rooms[1]!), []);
});

Deno.test("one room alone can be exported, by an id as somebody has typed it", async () => {
  const { path, rooms } = await exported();
  const file = somewhere("jsonl");
  const typed = rooms[1]!.toUpperCase();
  const told = await run("export", file, "--room", typed, "--store", `sqlite:${path}`);
  assertEquals(told, "1 room with 1 entry exported");
  const unknown = somewhere("jsonl");
  await assertRejects(
    () => run("export", unknown, "--room=nowhere", "--store", `sqlite:${path}`),
    Error,
    "Room nowhere does not exist",
  );
  // Nothing is left of it.
  assertThrows(() => Deno.statSync(unknown), Deno.errors.NotFound);
  await assertRejects(
    () => run("export", file, "--store", `sqlite:${path}`),
    Deno.errors.AlreadyExists,
  );
});

Deno.test("of a broken file nothing is imported, and the line is named", async () => {
  const { file } = await exported();
  const lines = (await Deno.readTextFile(file)).split("\n");
  const path = somewhere("db");
  for (const at of [1, 3, lines.length - 2]) {
    const broken = somewhere("jsonl");
    await Deno.writeTextFile(broken, lines.with(at, "{").join("\n"));
    const error = await assertRejects(() => run("import", broken, "--store", `sqlite:${path}`));
    assertMatch(String(error), RegExp(`${broken}: line ${at + 1}: it is no JSON`));
    assertEquals(await roomsIn(path), []);
  }
  const cut = somewhere("jsonl");
  await Deno.writeTextFile(cut, lines.slice(0, 4).join("\n"));
  await assertRejects(
    () => run("import", cut, "--store", `sqlite:${path}`),
    Error,
    "line 5: the file ends",
  );
  const latin = somewhere("jsonl");
  await Deno.writeFile(latin, new Uint8Array([123, 34, 228, 34, 10]));
  await assertRejects(() => run("import", latin, "--store", `sqlite:${path}`), Error, "not UTF-8");
  assertEquals(await roomsIn(path), []);
});

Deno.test("a room that is there is not imported again, and not changed", async () => {
  const { file, path, rooms } = await exported();
  const into = ["--store", `sqlite:${path}`];
  await assertRejects(
    () => run("import", file, ...into),
    Error,
    `line 2: room ${rooms[0]} is there`,
  );
  assertEquals(
    await run("import", file, "--skip-existing", ...into),
    "0 rooms with 0 entries imported, 2 left out",
  );
  const fresh = somewhere("db");
  {
    await using server = new TestChat({ store: sqlite(fresh) });
    await server.chat.createRoom("Other");
  }
  await run("import", file, "--store", `sqlite:${fresh}`);
  {
    await using server = new TestChat({ store: sqlite(fresh) });
    assertEquals((await server.chat.members(rooms[0]!)).length, 1);
    assertEquals(server.chat.deleteRoom(rooms[0]!), true);
  }
  // Whoever deleted it did not want it back.
  await assertRejects(
    () => run("import", file, "--store", `sqlite:${fresh}`),
    Error,
    "was deleted here",
  );
});

Deno.test("export and import say what will not do", async () => {
  const refusal = (...args: string[]) =>
    assertThrows(() => takeArchiveOrder(args), RangeError).message;
  assertMatch(refusal("export"), /needs the name of a file/);
  assertMatch(refusal("import", "--store", "x"), /needs the name of a file/);
  assertMatch(refusal("import", "-"), /reads its file twice/);
  assertMatch(refusal("export", "x", "--room"), /--room needs one value/);
  assertEquals(takeArchiveOrder(["export", "--help"]), "help");
  assertEquals(takeArchiveOrder(["export", "f", "--room=a", "--room", "b", "--store", "s"]), {
    order: { command: "export", file: "f", rooms: ["a", "b"], skipExisting: false },
    rest: ["--store", "s"],
  });
  await assertRejects(() => run("export", "x"), RangeError, "--store must be sqlite:PATH");
  await assertRejects(
    () => run("import", "x", "--room", "y", "--store", "memory"),
    RangeError,
    "--room",
  );
  await assertRejects(
    () => run("export", "x", "--store", `sqlite:${somewhere("db")}`),
    Error,
    "Cannot read",
  );
});

Deno.test("the program exports to its output, and says on the other one what it has done", async () => {
  const { path } = await exported();
  const file = somewhere("jsonl");
  const told = await run("export", file, "--store", `sqlite:${path}`);
  const store = ["--store", `sqlite:${path}`];
  const outcome = await program("export", "-", ...store);
  assertEquals([outcome.code, outcome.stderr], [0, `${told}\n`]);
  const lines = (await Deno.readTextFile(file)).split("\n");
  assertEquals(outcome.stdout.split("\n").slice(1), lines.slice(1));
  assertMatch((await program("import", "--help")).stdout, /Usage: .* export FILE/);
  const wrong = await program("import", `${path}.none`, ...store);
  assertEquals(wrong.code, 1);
  assertMatch(wrong.stderr, /No such file/);
});

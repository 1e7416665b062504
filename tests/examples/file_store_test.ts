import { assert, assertEquals, assertMatch } from "@std/assert";
import fs from "node:fs";
import { fileStore } from "../../examples/file_store.ts";
import { TestChat } from "../support/fixtures.ts";
import { copyPublished } from "../support/published.ts";
import { tempFolder } from "../support/temp_folder.ts";

const folder = tempFolder();

/** A path where nothing is yet. */
const somewhere = () => `${folder}/${crypto.randomUUID()}`;

/** A program of somebody who has the package alone. */
const SUITE = `
import { testStore } from "@parley/chat/store";
import { fileStore } from "./file_store.ts";

testStore(Deno.test, (place) => fileStore(\`./\${place}\`), { durable: true });
`;

Deno.test("the store of the example passes the suite of the package as it would be published", async () => {
  const place = somewhere();
  await copyPublished(`${place}/package`);
  await Deno.copyFile(
    new URL("../../examples/file_store.ts", import.meta.url),
    `${place}/file_store.ts`,
  );
  await Deno.writeTextFile(`${place}/deno.json`, JSON.stringify({ workspace: ["./package"] }));
  await Deno.writeTextFile(`${place}/suite_test.ts`, SUITE);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-remote", `--allow-read=${place}`, `--allow-write=${place}`],
    cwd: place,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertMatch(said, /\nok \| [2-9]\d passed \| 0 failed /);
});

/** Starts a chat on a file. */
const start = (path: string) => new TestChat({ store: fileStore(path), presenceLimit: 0 });

Deno.test("a client goes on where it was, though a crash has cut the last line of the file", async () => {
  const path = somewhere();
  await using before = start(path);
  const { host, roomId, made } = await before.host1("Lobby", { name: "Ana" });
  const say = (n: number) => ({ action: "message", room_id: roomId, n, body: `${n}` });
  host.send(say(1));
  const entry = await host.entry();
  // What the disk has is what the next process finds.
  const left = somewhere();
  await Deno.copyFile(path, left);
  await Deno.writeTextFile(left, '{"type":"append","id', { append: true });
  await using after = start(left);
  const ana = await after.v1({ session: String(host.welcome.session), n: 1 });
  assertEquals([ana.id, ana.welcome.resumed, ana.welcome.n], [host.id, true, 1]);
  const known = { room_id: roomId, epoch: made.epoch, after: entry.seq - 1 };
  const joined = await ana.ask({ action: "join", body: known });
  assertEquals(joined.recovered, true);
  assertEquals(await ana.until(({ entries }) => entries !== undefined), {
    event: "entries",
    room_id: roomId,
    entries: [entry],
  });
  assertEquals((await ana.ask(say(1))).duplicate, true);
  ana.send(say(2));
  assertEquals((await ana.entry()).seq, entry.seq + 1);
});

Deno.test("a disk that fails is said to whoever asks, and no message is called stored", async () => {
  const path = somewhere();
  await using server = start(path);
  const { host, roomId } = await server.host1();
  const { fdatasyncSync } = fs;
  try {
    fs.fdatasyncSync = () => {
      throw new Error("EIO: it is broken");
    };
    const refused = await host.ask({ action: "message", room_id: roomId, n: 1, body: "lost?" });
    assertEquals([refused.code, refused.retry_after_ms], ["unavailable", 5_000]);
  } finally {
    fs.fdatasyncSync = fdatasyncSync;
  }
  assertMatch(server.chat.failure ?? "", /EIO: it is broken/);
  assertEquals(
    (await host.ask({ action: "create", body: "Other" })).code,
    "unavailable",
  );
  // The file has it after all. Its author is told so when it asks again, at the next process.
  await using after = start(path);
  const again = await after.v1({ session: String(host.welcome.session), n: 0 });
  assert(again.welcome.resumed);
  assertEquals(again.welcome.n, 1);
});

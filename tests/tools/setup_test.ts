import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { pathToFileURL } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { setUp, type SetupOptions } from "../../tools/setup.ts";
import { tempFolder } from "../support/temp_folder.ts";

const folder = tempFolder();
const MINUTE_MS = 60_000;
const STAND_INS = /^@std is from tools\/standins and npm:/;

/** A copy of the standard library of three lines, two of which import something. */
function readCopy(path: string): Promise<string> {
  const imports = path === "internal/both.js" ? "" : `import "../internal/both.js";\n`;
  return Promise.resolve(`${imports}// ${path}\n`);
}

/** A setup in a folder of its own, where JSR does not answer and npm has the copy that is expected. */
async function silentJsr(): Promise<SetupOptions> {
  const options: SetupOptions = {
    vendor: pathToFileURL(`${folder}/${crypto.randomUUID()}/`),
    refresh: false,
    now: Date.UTC(2026, 0, 1),
    onJsr: () => Promise.resolve(false),
    readCopy,
    integrity: "sha512-unknown",
  };
  const { message } = await assertRejects(() => setUp(options), Error);
  return { ...options, integrity: message.split("got ")[1] ?? "" };
}

async function filesIn(vendor: URL): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(new URL("jsr.io/@std/", vendor)), ({ name }) => name)
    .then((names) => names.sort(), () => []);
}

Deno.test("where JSR does not answer, setup says what stands in for it, each time", async () => {
  const options = await silentJsr();
  assertMatch(await setUp(options), STAND_INS);
  assertEquals(await filesIn(options.vendor), ["assert", "cli", "csv", "log"]);
  const [, version] = config.imports["@std/csv"].split("@std/csv@");
  const csv = new URL(`jsr.io/@std/csv/${version}/`, options.vendor);
  for (const path of ["csv/parse.js", "internal/both.js"]) {
    assertEquals(await Deno.readTextFile(new URL(`npm/${path}`, csv)), await readCopy(path));
  }
  const again = await setUp({
    ...options,
    onJsr: () => Promise.reject(new Error("It was asked at once")),
    readCopy: () => Promise.reject(new Error("It was read again")),
  });
  assertMatch(again, STAND_INS);
});

Deno.test("a copy that is not what it was is named, and leaves nothing behind", async () => {
  const options = await silentJsr();
  const changed = (path: string) =>
    readCopy(path).then((text) => path === "internal/both.js" ? `${text}steal();` : text);
  const { message } = await assertRejects(() => setUp({ ...options, readCopy: changed }), Error);
  assertMatch(message, /^npm:deno-std@\S+ is not what it was .* is not used: expected sha512-/);
  assert(message.includes(`expected ${options.integrity}, got sha512-`));
  assertEquals(await filesIn(options.vendor), []);
});

Deno.test("a setup with no source says so, and tries again the next time", async () => {
  const options = await silentJsr();
  const offline = () => Promise.reject(new Error("No route to host"));
  await assertRejects(
    () => setUp({ ...options, readCopy: offline }),
    Error,
    "Neither JSR nor npm:deno-std@1.4.0 can be reached: No route to host",
  );
  assertMatch(await setUp(options), STAND_INS);
});

Deno.test("a JSR that was silent once is asked again, ever more seldom, and used when it answers", async () => {
  const options = await silentJsr();
  const waits = [...Array.from({ length: 11 }, (_, i) => 2 ** i), 24 * 60, 24 * 60];
  let asked = 0;
  const onJsr = () => Promise.resolve(++asked > waits.length);
  let { now } = options;
  await setUp({ ...options, onJsr, now });
  for (const [i, minutes] of waits.entries()) {
    now += minutes * MINUTE_MS;
    assertMatch(await setUp({ ...options, onJsr, now: now - 1 }), STAND_INS);
    assertEquals(asked, i + 1);
    await setUp({ ...options, onJsr, now });
    assertEquals(asked, i + 2);
  }
  assertEquals(await filesIn(options.vendor), []);
  const never = () => Promise.reject(new Error("It was asked though it had answered"));
  assertEquals(await setUp({ ...options, onJsr: never, now: now + 1e12 }), "@std is from JSR");
});

Deno.test("setup --refresh asks at once", async () => {
  const options = await silentJsr();
  await setUp(options);
  const onJsr = () => Promise.resolve(true);
  assertEquals(await setUp({ ...options, onJsr, refresh: true }), "@std is from JSR");
});

Deno.test("a task with permissions of its own that runs programs names them", () => {
  const tasks: Record<string, { description: string; command?: string }> = config.tasks;
  for (const [name, { command = "" }] of Object.entries(tasks)) {
    assert(!/--allow-run(?!=)/.test(command), `${name}: ${command}`);
  }
});

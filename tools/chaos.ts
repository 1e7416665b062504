// deno-lint-ignore-file no-console -- this is a program
/**
 * Runs the chaos tests at the scoreboard's full figures, and writes what came of it to
 * `tests/chaos/scoreboard.json` and, for people, to `SCOREBOARD.md`.
 *
 * Arguments name the tests to run: `deno task chaos r06 r10`. Rows with all their tests among
 * them are written, the others stay as they were. `CHAOS_SEED` repeats a run, `CHAOS_SOAK` says
 * how many seconds R17 lasts. `--page` runs nothing, and writes the page alone.
 *
 * @module
 */

import { type Finding, type Report, scoreboardPage, withRun } from "./scoreboard.ts";
import { changeBoard, readBoard, replaceFile } from "./scoreboard_file.ts";

const FOLDERS = ["tests/chaos", "tests/attacks", "tests/rfc6455"];
const BOARD = "tests/chaos/scoreboard.json";
const PAGE = "SCOREBOARD.md";

try {
  if (Deno.args.join() !== "--page") await run(Deno.args);
  await writePage();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

/** Runs the tests whose names begin with one of the words, all where there are none. */
async function run(words: string[]): Promise<void> {
  const all = testFiles();
  const files = chosen(all, words);
  const seed = Deno.env.get("CHAOS_SEED") ?? String(Date.now() % 1_000_000_000);
  const date = new Date().toISOString().slice(0, 10);
  const begin = performance.now();
  const { reports, failures, code } = await runTests(files, seed);
  const minutes = (performance.now() - begin) / 60_000;
  const rows: Record<string, Finding> = {};
  for (const row of rowsOf(files)) {
    const own = reports.filter((report) => report.row === row);
    const failed = failures.some((name) => name.startsWith(`${row} `));
    if (
      own.length === 0 && !failed || rowsOf(all.filter((file) => !files.includes(file))).has(row)
    ) {
      console.log(`${row} is left as it was: not all of its tests ran`);
      continue;
    }
    rows[row] = { seed, failed, reports: own.map(({ row: _, ...rest }) => rest) };
  }
  const run = { date, minutes, machine: machine() };
  await changeBoard(BOARD, (board) => withRun(board, seed, run, rows));
  if (code !== 0) Deno.exitCode = 1;
}

/** Runs these files, and gathers what they reported and which of their tests failed. */
async function runTests(
  files: string[],
  seed: string,
): Promise<{ reports: Report[]; failures: string[]; code: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--quiet", "-A", `--junit-path=${folder}/tests.xml`],
        ...files,
      ],
      env: { CHAOS: "full", CHAOS_SEED: seed, CHAOS_REPORT: `${folder}/reports` },
    }).spawn().status;
    return {
      reports: parseReports(await readOr(`${folder}/reports`, "")),
      failures: failedTests(await readOr(`${folder}/tests.xml`, "")),
      code,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes the page of what is kept. */
async function writePage(): Promise<void> {
  const page = scoreboardPage(await readBoard(BOARD));
  await replaceFile(PAGE, page);
  console.log(page);
}

/** The paths of the files with tests, sorted in each folder. */
function testFiles(): string[] {
  return FOLDERS.flatMap((folder) =>
    [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`)
      .filter((path) => path.endsWith("_test.ts")).sort()
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * The files whose names begin with one of the words; all where there are none.
 *
 * @throws {RangeError} for a word that no name begins with.
 */
function chosen(paths: string[], words: string[]): string[] {
  const isCalled = (path: string, word: string) => nameOf(path).startsWith(word);
  const unknown = words.find((word) => !paths.some((path) => isCalled(path, word)));
  if (unknown !== undefined) {
    const names = paths.map(nameOf).join("\n");
    throw new RangeError(`No test is called ${unknown}: there are\n${names}`);
  }
  return paths.filter((path) => words.length === 0 || words.some((word) => isCalled(path, word)));
}

/** The rows that files are about: `r04_cut_test.ts` is about R4. */
function rowsOf(paths: string[]): Set<string> {
  return new Set(paths.map(nameOf).map((name) => name[0]!.toUpperCase() + parseInt(name.slice(1))));
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  }
}

function parseReports(text: string): Report[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The names of the tests that failed, from a JUnit report. */
function failedTests(xml: string): string[] {
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  return [...cases].flatMap(([, name, inner]) =>
    /<(failure|error)\b/.test(inner ?? "") ? [name ?? ""] : []
  );
}

function machine(): string {
  const cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
  const gib = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  return `Deno ${Deno.version.deno}, ${nats()}, Linux ${Deno.osRelease()}, ` +
    `${navigator.hardwareConcurrency} × ${cpu}, ${gib} GiB`;
}

function nats(): string {
  try {
    const { stdout } = new Deno.Command("nats-server", { args: ["--version"] }).outputSync();
    return `NATS ${/v([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "unknown"}`;
  } catch {
    // The tests that need it were left out.
    return "no NATS";
  }
}

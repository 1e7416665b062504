// deno-lint-ignore-file no-console -- this is a program
/**
 * Runs the chaos tests at the scoreboard's full figures, prints what came of it as a
 * table, and keeps it in `SCOREBOARD.md`.
 *
 * `CHAOS_SEED` repeats a run, `CHAOS_SOAK` says how many seconds R17 lasts, and
 * arguments name the tests to run: `deno task chaos r06 r10` (the file is then left alone).
 *
 * @module
 */

/** What a test reports: see `tests/chaos/setting.ts`. */
interface Report {
  row: string;
  what: string;
  figures: Record<string, string | number>;
  missed: string[];
}

/** Each row, and the figure it is measured by. */
const ROWS: Record<string, string> = {
  R1: "durable store, killed 50 times: nothing lost",
  R2: "three replicas, one killed, one wiped: nothing lost, every loss told",
  R3: "no acknowledgement before the write is durable",
  R4: "each of 10,000 messages that are sent three times is stored once; cut at every byte too",
  R5: "10,000 subscribes at 2,000 msg/s: 0 gaps, 0 duplicates",
  R6: "within the window complete and in order, beyond it `recovered: false`, never partial",
  R7: "50 publishers: 0 inversions in 10⁶ deliveries",
  R8:
    "60 s partition: client notices within 1.5 heartbeats, server within two and a second; 0 lost",
  R9: "partition between node and store: refused clearly, nothing lost",
  R10: "100 peers that do not read: dropped within 1 s, RSS within 111 MB, p99 within 2×",
  R11: "everything of an evicted peer freed within 10 s",
  R12: "5,000 clients: at most 15 % in any 100 ms, all back within 15 s, 0 lost",
  R13: "SIGTERM: everybody told, 0 lost, exit within 5 s",
  R14: "clock jumps by an hour: 0 early expiries, 0 reordered",
  R15: "SIGSTOP for 20 s: 0 duplicates, nobody dropped, all recovered",
  R16: "10,000 random operations: no drift, everything given back",
  R17: "soak: RSS below 1 MB/10 min, descriptors level, p99 within 20 %",
  R18: "double resume: one owner, 0 cross-deliveries",
};

/** What the figures do not say by themselves. */
const NOTES: Record<string, string> = {
  R1:
    "A killed process leaves to the kernel what it has written: a power cut takes more, and is not " +
    "tried. That nothing is acknowledged before its sync is what R3 shows.",
  R2:
    "Nodes, NATS servers and clients share this machine's cores; a killed NATS server is back before " +
    "the next process is killed. With NATS 2.9.10 the replicas disagreed in two of three runs in " +
    "which a server was stopped (255 and 238 messages lost): [use 2.10 or later](docs/scaling.md).",
  R3:
    "Write and sync calls on the database fail because strace says so. The file is read afterwards, " +
    "the server having been killed.",
  R9: "The interval of the probe was 250 ms instead of 1 s.",
  R10:
    "RSS is held against 100 × (1 MiB + 64 KiB). The p99 is that of short messages, and 2× is meant " +
    "against the room without the 100. It stands beside that of a room with 100 peers that read: " +
    "sending 3 MB/s to 100 sockets is work whoever reads them. It differs from run to run: between 2.0 " +
    "and 4.8 times on 25 November.",
  R11:
    "Deno never frees a socket whose peer does not answer its close: bare, the descriptors stay " +
    "until the peer goes. Behind haproxy with `tcp-ut` they are freed.",
  R12:
    "Rooms of 10. All clients and the proxy that cuts them are one process, and use one core all " +
    "the time; the server stays alive, only connections are cut.",
  R16:
    "_Told twice_ are changes that tell nothing new, of people who moved on within milliseconds.",
  R17:
    "The scoreboard asks for an hour; the line says how long this run was. In one of 2,900 s, beside " +
    "other work on both cores, 192,675 visits lost nothing, and RSS was 160, 160, 161 and 161 MB: 0.8 " +
    "MB in 10 minutes. Its p99 was that of the other work.",
};

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

async function main(): Promise<void> {
  const seed = Deno.env.get("CHAOS_SEED") ?? String(Date.now() % 1_000_000_000);
  const files = testFiles(Deno.args);
  const folder = await Deno.makeTempDir();
  try {
    const begin = performance.now();
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "-A", `--junit-path=${folder}/tests.xml`, ...files],
      env: { CHAOS: "full", CHAOS_SEED: seed, CHAOS_REPORT: `${folder}/reports` },
    }).spawn().status;
    const minutes = (performance.now() - begin) / 60_000;
    const reports = parseReports(await readOr(`${folder}/reports`, ""));
    const failures = failedTests(await readOr(`${folder}/tests.xml`, ""));
    const text = scoreboard(reports, failures, { seed, minutes });
    console.log(`\n${text}`);
    if (Deno.args.length === 0) await Deno.writeTextFile("SCOREBOARD.md", text);
    if (code !== 0) Deno.exitCode = 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The files of the tests whose names begin with one of the words; all where there are none.
 *
 * @throws {RangeError} for a word that no name begins with.
 */
function testFiles(words: string[]): string[] {
  const names = [...Deno.readDirSync("tests/chaos")].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts")).sort();
  const unknown = words.find((word) => !names.some((name) => name.startsWith(word)));
  if (unknown !== undefined) {
    throw new RangeError(`No test is called ${unknown}: there are\n${names.join("\n")}`);
  }
  const wanted = (name: string) =>
    words.length === 0 || words.some((word) => name.startsWith(word));
  return names.filter(wanted).map((name) => `tests/chaos/${name}`);
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

function scoreboard(
  reports: Report[],
  failures: string[],
  { seed, minutes }: { seed: string; minutes: number },
): string {
  const rows = Object.entries(ROWS).map(([row, figure]) => {
    const own = reports.filter((report) => report.row === row);
    const failed = failures.some((name) => name.startsWith(`${row} `));
    const result = failed
      ? "**not reached**"
      : own.length === 0
      ? "not run"
      : own.some(({ missed }) => missed.length > 0)
      ? `**missed**: ${own.flatMap(({ missed }) => missed).join(", ")}`
      : "reached";
    return `| ${row} | ${figure} | ${own.map(cell).join("<br>")} | ${result} |`;
  });
  const notes = Object.entries(NOTES).map(([row, note]) => `- **${row}** ${note}`);
  return `# Scoreboard

What \`deno task chaos\` found when it was run last: R1 and R3 with the store in SQLite, R2, R9 and
what names several nodes with NATS, all others on one node in memory. Every message that was sent is
followed to every subscriber: _lost_ is acknowledged and absent, _told missing_ is absent and the
subscriber was told so, a _silent gap_ is a jump in a room's log that nobody spoke of.

${machine()}. ${new Date().toISOString().slice(0, 10)}, seed ${seed}, ${minutes.toFixed(0)} minutes.

| row | figure | measured | result |
| --- | ------ | -------- | ------ |
${rows.join("\n")}

${notes.join("\n")}
`;
}

function cell({ what, figures }: Report): string {
  const list = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  return `_${what}_: ${list.join(", ")}`;
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

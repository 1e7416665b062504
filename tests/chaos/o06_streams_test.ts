import { assertEquals } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import { TestChat } from "../support/fixtures.ts";
import { findProgram } from "../support/permissions.ts";
import { adaptStreams } from "../support/stream_adapter.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { FULL, report } from "./setting.ts";

const SUITE = "@durable-streams/server-conformance-tests";
const VERSION = "0.3.6";

/** Groups that are about something that rooms do not have: see docs/design/streams.md. */
const NOT_RUN = "^(?!.*(Fork - |Stream Closure|TTL |Reserved subscription))";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** The names of tests that do not apply, as the page lists them. */
async function notOurs(): Promise<Set<string>> {
  const page = await Deno.readTextFile(new URL("../../docs/design/streams.md", import.meta.url));
  const [, list = ""] = page.split("These tests do not apply");
  return new Set([...list.matchAll(/^\| `(.+?)` +\|/gm)].map(([, name = ""]) => name));
}

interface SuiteResult {
  testResults: { assertionResults: { title: string; status: string; fullName: string }[] }[];
}

/** Runs a program in a folder to its end. */
async function run(cwd: string, env: Record<string, string>, ...args: string[]): Promise<string> {
  const [name = "", ...rest] = args;
  const options = { args: rest, cwd, env, stdout: "piped", stderr: "piped" } as const;
  const { stdout, stderr } = await new Deno.Command(name, options).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test({
  name: "O6: the conformance suite of Durable Streams passes, but for what rooms do not have",
  // It takes a minute or two, and a registry.
  ignore: !FULL || findProgram("npm") === undefined,
  async fn() {
    const folder = tempFolder();
    const installed = await run(folder, {}, "npm", "install", "--silent", `${SUITE}@${VERSION}`);
    const program = `import { runConformanceTests } from "${SUITE}";
      runConformanceTests({ baseUrl: process.env.URL_OF_STREAMS });`;
    await Deno.writeTextFile(`${folder}/suite.test.mjs`, program);
    await using chat = new TestChat({ rate: 0, maxRooms: 100_000 });
    const faults: unknown[] = [];
    const ops = createOps(chat.chat, {
      version: "1",
      store: "memory",
      apiToken: TOKEN,
      failed: (error) => faults.push(error),
    });
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ops);
    const adapter = adaptStreams(`http://127.0.0.1:${server.addr.port}/api/v1`, TOKEN);
    const told = await run(
      folder,
      { URL_OF_STREAMS: `http://127.0.0.1:${adapter.addr.port}` },
      ...["npx", "vitest", "run", "suite.test.mjs", "-t", NOT_RUN, "--testTimeout=30000"],
      ...["--reporter=json", "--outputFile=found.json"],
    );
    let found: SuiteResult;
    try {
      found = JSON.parse(await Deno.readTextFile(`${folder}/found.json`));
    } catch (cause) {
      throw new Error(`The suite did not run: ${installed} ${told}`, { cause });
    }
    await adapter.shutdown();
    const tests = found.testResults.flatMap(({ assertionResults }) => assertionResults);
    const count = (status: string) => tests.filter((test) => test.status === status).length;
    const listed = await notOurs();
    const failed = tests.filter(({ status }) => status === "failed");
    const missed = failed.filter(({ title }) => !listed.has(title)).map(({ fullName }) => fullName);
    report("O6", `${SUITE} ${VERSION}`, {
      passed: count("passed"),
      "fail, and do not apply": failed.length - missed.length,
      "fail, and apply": missed.length,
      "of groups that do not apply": tests.length - count("passed") - failed.length,
    }, missed);
    assertEquals(missed, []);
    assertEquals(faults, []);
    const titles = failed.map(({ title }) => title);
    assertEquals([...listed].filter((name) => !titles.includes(name)), [], "They pass by now");
    await server.shutdown();
  },
});

import { assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { TestChat } from "../support/fixtures.ts";
import { PERMITTED } from "../support/permissions.ts";
import { Wire } from "../support/scripted_server.ts";

const COUNT = 300;
const CUTS = 3;

/** The oldest Node that runs TypeScript as it is. */
const NODE: [number, number] = [22, 18];

/** The time that a package manager may take to fetch a runtime, in milliseconds. */
const FETCH_MS = 60_000;

interface Runtime {
  name: string;
  command: string[];
}

/** Runs a program to its end, or for so many milliseconds; undefined where it fails. */
async function outputOf([program = "", ...args]: string[], withinMs: number) {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const options = { args, signal, cwd: "/", stdin: "null", stderr: "null" } as const;
    const { success, stdout } = await new Deno.Command(program, options).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** The first of several ways to start a runtime that gives one which is new enough. */
async function find(
  name: string,
  isGood: (version: string) => boolean,
  ways: string[][],
): Promise<Runtime | undefined> {
  if (!PERMITTED) return undefined;
  for (const command of ways) {
    const version = await outputOf([...command, "--version"], FETCH_MS);
    if (version !== undefined && isGood(version)) return { name, command };
  }
  // deno-lint-ignore no-console -- a test that is ignored should say what would change that
  console.warn(`The client is not tested in ${name}: there is none, and npx cannot get it`);
  return undefined;
}

function isNewNode(version: string): boolean {
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  return major > NODE[0] || major === NODE[0] && minor >= NODE[1];
}

const RUNTIMES = await Promise.all([
  find("Node", isNewNode, [["node"], ["npx", "-y", `node@${NODE[0]}`]]),
  find("Bun", () => true, [["bun"], ["npx", "-y", "bun@1.4.4"]]),
]);

for (const [i, name] of ["Node", "Bun"].entries()) {
  const runtime = RUNTIMES[i];
  Deno.test({
    name: `the client runs unchanged in ${name}, and loses nothing over cuts`,
    ignore: runtime === undefined,
    async fn() {
      await using server = new TestChat({ rate: 0 });
      await using wire = new Wire(server.host);
      await using chat = new ChatClient(server.url);
      await chat.connect();
      const room = await chat.createRoom("Lobby");
      const script = new URL("../testdata/talk.mjs", import.meta.url).pathname;
      const [program = "", ...args] = runtime!.command;
      const talking = new Deno.Command(program, {
        args: [...args, script, wire.url, room.id, `${COUNT}`],
        stderr: "inherit",
      }).output();
      // A program that fails says nothing more, and nobody has to wait for it.
      talking.then(({ success }) => success ? undefined : chat.close());
      const said: string[] = [];
      for await (const { body } of room) {
        if (said.push(body) === COUNT) break;
        if (said.length % Math.ceil(COUNT / (CUTS + 1)) === 0) wire.cut();
      }
      const numbers = Array.from({ length: COUNT }, (_, i) => `${i}`);
      assertEquals(said, numbers);
      const { success, stdout } = await talking;
      assertEquals(success, true);
      const { heard, seqs } = JSON.parse(new TextDecoder().decode(stdout));
      assertEquals(heard, numbers);
      assertEquals([seqs.length, new Set(seqs).size], [COUNT, COUNT]);
    },
  });
}

/**
 * A chat in a program of somebody else's, as a process of its own: it ends when its own work is done.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import "../support/ignore_unpermitted.ts";
import { bounded } from "../support/waiting.ts";

/** Runs a program of this folder to its end. */
async function run(program: string, ...args: string[]): Promise<[code: number, ...text: string[]]> {
  const path = new URL(program, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", path, ...args],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    const { code, stdout, stderr } = await bounded(child.output(), () => "the program goes on");
    return [code, ...[stdout, stderr].map((bytes) => new TextDecoder().decode(bytes))];
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

for (const store of ["memory", "sqlite"]) {
  Deno.test(`a program with a chat in it ends after server.shutdown(): ${store}`, async () => {
    const folder = await Deno.makeTempDir();
    const path = store === "memory" ? [] : [`${folder}/chat.db`];
    try {
      const [code, stdout] = await run("embedded_program.ts", ...path);
      assertEquals([code, stdout], [0, "2 rooms are left\n"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

for (const how of ["throws", "rejects"]) {
  Deno.test(`a program goes on whose logger ${how}, and so does its chat`, async () => {
    const [code, stdout, stderr = ""] = await run("failing_logger_program.ts", how);
    assertEquals([code, stdout], [0, "ended\n"], stderr);
    const lines = stderr.trim().split("\n");
    assertEquals(lines.length, 1, stderr);
    assertMatch(stderr, /ERROR logger failed error="Error: no place for connected"/);
  });
}

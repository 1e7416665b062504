/**
 * A chat in a program of somebody else's, as a process of its own: it ends when its own work is done.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import "../support/ignore_unpermitted.ts";
import { bounded } from "../support/waiting.ts";

const PROGRAM = new URL("./embedded_program.ts", import.meta.url).pathname;

function deno(...args: string[]): Deno.ChildProcess {
  const cwd = new URL("../../", import.meta.url);
  return new Deno.Command(Deno.execPath(), { args, cwd, stdout: "piped", stderr: "piped" }).spawn();
}

for (const store of ["memory", "sqlite"]) {
  Deno.test(`a program with a chat in it ends after server.shutdown(): ${store}`, async () => {
    const folder = await Deno.makeTempDir();
    const path = store === "memory" ? [] : [`${folder}/chat.db`];
    const child = deno("run", "--quiet", "-A", PROGRAM, ...path);
    try {
      const { code, stdout } = await bounded(child.output(), () => "the program goes on");
      assertEquals([code, new TextDecoder().decode(stdout)], [0, "2 rooms are left\n"]);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

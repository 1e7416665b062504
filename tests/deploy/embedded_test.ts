/**
 * A chat in a program of somebody else's, as a process of its own: it ends when its own work is done.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RawSocket } from "../support/fixtures.ts";
import { bounded } from "../support/waiting.ts";

const PROGRAM = new URL("./embedded_program.ts", import.meta.url).pathname;

function deno(...args: string[]): Deno.ChildProcess {
  const cwd = new URL("../../", import.meta.url);
  return new Deno.Command(Deno.execPath(), { args, cwd, stdout: "piped", stderr: "piped" }).spawn();
}

for (const store of ["memory", "sqlite"]) {
  Deno.test(`a program with a chat in it ends after server.shutdown(): ${store}`, async () => {
    const folder = await Deno.makeTempDir();
    const name = store === "memory" ? store : `sqlite:${folder}/chat.db`;
    const child = deno("run", "--quiet", "-A", PROGRAM, name);
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

Deno.test('a chat that "deno serve" runs says 1001 and ends at SIGTERM, with somebody in it', async () => {
  const child = deno("serve", "--no-check", "-A", "--host=127.0.0.1", "--port=0", PROGRAM);
  try {
    let printed = "";
    const lines = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    while (!/http:\/\/\S+/.test(printed)) {
      const { value, done } = await bounded(lines.read(), () => printed);
      if (done) break;
      printed += value;
    }
    const url = printed.match(/http:\/\/\S+/)?.[0].replace("http", "ws") ?? printed;
    const ana = await RawSocket.open(url, "parley.v1");
    await ana.ask({ action: "hello" });
    child.kill("SIGTERM");
    assertEquals((await ana.closed()).code, 1001);
    await bounded(child.status, () => "it goes on");
    await lines.cancel();
    await child.stdout.cancel();
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
});

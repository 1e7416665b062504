import { assertEquals } from "@std/assert";
import { RawSocket } from "../support/fixtures.ts";
import { ExampleProcess } from "./example_process.ts";

/** Starts the example in a folder, in which it keeps its file. */
async function serve(cwd: string): Promise<{ app: ExampleProcess; host: string }> {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const command = `serve --host=127.0.0.1 --port=0 --config=${config}`;
  const app = new ExampleProcess("serve.ts", "-A", [], { command, cwd });
  return { app, host: new URL(await app.printed(/http:\/\/[\d.:]+/)).host };
}

Deno.test('"deno serve" takes a chat as it is, ends it at SIGTERM, and has its rooms again', async () => {
  const folder = await Deno.makeTempDir();
  let roomId = "";
  for (const first of [true, false]) {
    const { app, host } = await serve(folder);
    await using _ = app;
    const answers = await Promise.all(["/", "/healthz", "/other"].map(async (path) => {
      const response = await fetch(`http://${host}${path}`);
      await response.body?.cancel();
      return response.status;
    }));
    assertEquals(answers, [426, 200, 404]);
    const ana = await RawSocket.open(`ws://${host}`, "parley.v1");
    await ana.ask({ action: "hello" });
    const request = first ? { action: "create", body: "Lobby" } : { action: "join", body: roomId };
    const { room_id, room_name } = await ana.ask(request);
    roomId = String(room_id);
    assertEquals(room_name, "Lobby");
    const ended = app.end("SIGTERM");
    assertEquals((await ana.until(({ event }) => event === "goodbye")).code, 1001);
    assertEquals((await ana.closed()).code, 1001);
    await ended;
  }
  await Deno.remove(folder, { recursive: true });
});

/**
 * More connections than the process may have files for.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { report } from "../chaos/setting.ts";
import { RawSocket } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";

const FILES = 128;
const CONNECTIONS = 300;

Deno.test("S8 a server that has no file left goes on, and takes people in again", async () => {
  await using server = await ServerProcess.start({
    within: ["sh", "-c", `ulimit -n ${FILES}; exec "$@"`, "sh"],
    args: ["--log-level", "error"],
  });
  await using ana = await RawSocket.open(server.url, "parley.v1");
  await ana.ask({ action: "hello" });
  ana.send({ action: "create", body: "Lobby" });
  const { room_id: roomId } = await ana.next();
  await ana.entries(1);
  using flood = new DisposableStack();
  const { hostname, port } = new URL(server.url);
  for (let i = 0; i < CONNECTIONS; i++) {
    // Refused while it does not listen.
    const connecting = Deno.connect({ hostname, port: Number(port) });
    const connection = await connecting.catch(() => undefined);
    if (connection !== undefined) flood.use(connection);
  }
  await until(
    () => /listening failed/.test(server.output),
    () => `no word of it: ${server.output}`,
  );
  let said = 0;
  for (; said < 20; said++) {
    ana.send({ action: "message", room_id: roomId, n: said + 1, body: "still here" });
    const [entry] = await ana.entries(1);
    assert("n" in entry!);
    assertEquals(entry.n, said + 1);
  }
  flood.dispose();
  const begin = performance.now();
  let ben: RawSocket | undefined;
  await until(
    async () => {
      ben = await RawSocket.open(server.url, "parley.v1").catch(() => undefined);
      return ben !== undefined;
    },
    "nobody gets in again",
    { withinMs: 5_000, everyMs: 50 },
  );
  const tookMs = Math.round(performance.now() - begin);
  await ben?.close();
  report("S8", `${CONNECTIONS} connections to a process with ${FILES} files`, {
    "messages of those inside meanwhile": said,
    "new ones taken in after ms": tookMs,
    restarts: 0,
  });
  assert(tookMs <= 2_000, `${tookMs} ms`);
});

/**
 * The least that a server has to be permitted: to listen in one place, and its own folder.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { report } from "../chaos/setting.ts";
import { RawSocket } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FOLDER = tempFolder();

/** Permissions that the server does without, each denied by name. */
const DENIED = ["run", "ffi", "sys", "import"];

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

Deno.test("S17 a server with SQLite runs with one address, one folder and four variables", async () => {
  const port = freePort();
  const command = {
    command: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--no-prompt", `--allow-net=127.0.0.1:${port}`],
      ...[`--allow-read=${FOLDER}`, `--allow-write=${FOLDER}`],
      "--allow-env=CHAT_PORT,CHAT_HOST,CHAT_STORE,CHAT_SECRET",
      ...DENIED.map((permission) => `--deny-${permission}`),
      new URL("../../server.ts", import.meta.url).href,
      ...["--port", `${port}`, "--ops", "off", "--store", `sqlite:${FOLDER}/chat.db`],
    ],
  };
  let roomId: unknown;
  let output = "";
  {
    await using server = await ServerProcess.start(command);
    await using ana = await RawSocket.open(server.url, "parley.v1");
    await ana.ask({ action: "hello" });
    roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
    await ana.entries(1);
    ana.send({ action: "message", room_id: roomId, body: "kept" });
    await ana.entries(1);
    output += server.output;
  }
  await using server = await ServerProcess.start(command);
  await using ben = await RawSocket.open(server.url, "parley.v1");
  await ben.ask({ action: "hello" });
  await ben.ask({ action: "join", body: { room_id: roomId, last: 10 } });
  const bodies = (await ben.entries(2)).flatMap((entry) => "body" in entry ? [entry.body] : []);
  output += server.output;
  const asked = output.match(/NotCapable|Requires \w+ access/g)?.length ?? 0;
  report("S17", "with SQLite, restarted", {
    "places it may reach": 1,
    "folders it may use": 1,
    "permissions denied by name": DENIED.length,
    "others asked for": asked,
  });
  assertEquals([bodies, asked], [["kept"], 0]);
});

import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { findProgram } from "../support/permissions.ts";
import { pause, until } from "../support/waiting.ts";
import { MutePeer } from "./mute_peer.ts";
import { Cast } from "./people.ts";
import { FULL, report, setting } from "./setting.ts";

const PEERS = setting(5, 20);
const WAIT_MS = setting(1_000, 10_000);
const FRONT = findProgram("haproxy");

/** Has peers evicted that do not read, and counts what the server still holds of them later. */
async function evict(url: string, server: ServerProcess) {
  await using cast = new Cast(url);
  const speaker = await cast.enter();
  const before = server.descriptors;
  using mute = new DisposableStack();
  for (let i = 0; i < PEERS; i++) {
    mute.use(await MutePeer.join(new URL(url).host, speaker.room.id));
  }
  const open = server.descriptors - before;
  const here = () => [...speaker.room.members.values()].filter(({ away }) => away !== true).length;
  const talking = cast.talk([speaker], {
    count: Infinity,
    perSecond: 300,
    padding: 50_000,
    while: () => here() > 1,
  });
  await until(() => here() === 1, () => `${here()} are here`, { withinMs: 60_000 });
  await talking;
  const rss = server.rss;
  await pause(WAIT_MS);
  const held = server.descriptors - before;
  return { open, held, rssMb: Math.round((server.rss - rss) / 1e6) };
}

Deno.test("R11 what is left of evicted peers that never read is counted, and reported", async () => {
  await using server = await ServerProcess.start({ args: ["--rate", "0", "--log-level", "error"] });
  const { open, held, rssMb } = await evict(server.url, server);
  assertEquals(open, PEERS);
  report("R11", `${PEERS} evicted peers, ${WAIT_MS / 1_000} s later, bare Deno`, {
    "members left": 0,
    "descriptors still held": `${held} of ${open}`,
    "RSS change MB": rssMb,
    reason: held === 0
      ? "all freed"
      : "the runtime waits for the peer's close; only the peer or a front ends it",
  }, held === 0 ? [] : ["bare Deno keeps the sockets"]);
});

Deno.test("R11 behind a front that gives up on peers that take nothing, nothing is left", {
  ignore: !FULL || FRONT === undefined,
}, async () => {
  await using server = await ServerProcess.start({ args: ["--rate", "0", "--log-level", "error"] });
  const port = freePort();
  const config = await Deno.makeTempFile();
  await Deno.writeTextFile(
    config,
    [
      "defaults",
      "  mode tcp",
      "  timeout connect 2s",
      "  timeout client 1h",
      "  timeout server 1h",
      "frontend chat",
      // Unacknowledged or refused data for this long ends a connection, silence does not.
      `  bind 127.0.0.1:${port} tcp-ut 3s`,
      "  default_backend parley",
      "backend parley",
      `  server parley ${server.host}`,
      "",
    ].join("\n"),
  );
  const front = new Deno.Command("haproxy", {
    args: ["-f", config, "-db"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await until(() => answers(port), "the front does not start");
    const { open, held, rssMb } = await evict(`ws://127.0.0.1:${port}/`, server);
    report("R11", `${PEERS} evicted peers, ${WAIT_MS / 1_000} s later, behind haproxy`, {
      "members left": 0,
      "descriptors still held": `${held} of ${open}`,
      "RSS change MB": rssMb,
    });
    assertEquals(held, 0);
  } finally {
    front.kill("SIGKILL");
    await front.status;
    await Deno.remove(config);
  }
});

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port, hostname: "127.0.0.1" })).close();
    return true;
  } catch {
    return false;
  }
}

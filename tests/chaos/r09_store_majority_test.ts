import { assert, assertEquals } from "@std/assert";
import type { TestChat } from "../support/fixtures.ts";
import { NatsCluster, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode, TIMES } from "../support/node.ts";
import { pause, until } from "../support/waiting.ts";
import { report, setting } from "./setting.ts";

/** The time that two of three servers are gone, in milliseconds. */
const GONE_MS = setting(2_500, 75_000);

/** Reads what a node has logged of whether it stores, and what it answers on `/healthz`. */
async function healthOf({ host, log }: TestChat) {
  const response = await fetch(`http://${host}/healthz`);
  await response.body?.cancel();
  const lines = log.map(({ event }) => event)
    .filter((event) => ["store cannot write", "store works again"].includes(event));
  return { status: response.status, lines };
}

Deno.test({
  name: "R9 /healthz of all nodes answers 503 for as long as two of three NATS servers are gone",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await NatsCluster.start();
    const cluster = { hosts: nats.hosts, name: "health" };
    const options = { replicas: 3, probeMs: 500 };
    // This one stays connected to a server that is there: only what is stored tells it.
    const survivor = { ...cluster, hosts: nats.servers[0]!.host };
    await using one = startNode(survivor, options);
    await using other = startNode(cluster, options);
    const nodes = [one, other];
    const statuses = async () => (await Promise.all(nodes.map(healthOf))).map((h) => h.status);
    const ana = await one.v1();
    await using _ana = ana;
    await until(
      async () => (await ana.ask({ action: "create", body: "Lobby" })).status === "success",
      "no room can be made",
    );
    await until(async () => String(await statuses()) === "200,200", "they do not work");
    nodes.forEach(({ log }) => log.splice(0));

    const gone = nats.servers.slice(1);
    await Promise.all(gone.map((server) => server.down()));
    const begin = performance.now();
    await until(async () => String(await statuses()) === "503,503", "they do not notice");
    const noticedMs = Math.round(performance.now() - begin);
    // A server that has lost the majority takes some ten seconds to know it.
    while (performance.now() - begin < GONE_MS) {
      assertEquals(await statuses(), [503, 503]);
      await pause(TIMES.probeMs);
    }
    for (const node of nodes) {
      assertEquals((await healthOf(node)).lines, ["store cannot write"]);
    }
    await Promise.all(gone.map((server) => server.up()));
    await until(async () => String(await statuses()) === "200,200", "they do not come back", {
      withinMs: 60_000,
    });
    report("R9", `two of three NATS servers gone for ${GONE_MS} ms, probe ${options.probeMs} ms`, {
      "503 after ms": noticedMs,
      "200 again after ms": Math.round(performance.now() - begin) - GONE_MS,
    });
    assert(noticedMs <= 2 * options.probeMs + setting(1_000, 200), `${noticedMs} ms`);
    for (const node of nodes) {
      assertEquals((await healthOf(node)).lines, ["store cannot write", "store works again"]);
    }
  },
});

import { assertEquals } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import { nats } from "../../src/store/jetstream/nats.ts";
import { signalIfRunning } from "../support/child.ts";
import { TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { findProgram } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { until } from "../support/waiting.ts";

const FOLDER = tempFolder();
const PROMETHEUS = findProgram("prometheus");
const DOCS = new URL("../../docs/", import.meta.url);

/** The queries of the dashboard that say nothing yet of healthy servers, and why. */
const SILENT: Record<string, string> = {
  "sum by (code) (rate(parley_connections_closed_total[$__rate_interval]))":
    "nobody has gone, and a close code is there once it has counted something",
  "histogram_quantile(0.99, sum by (le) (rate(parley_receive_lag_seconds_bucket[$__rate_interval])))":
    "nobody was silent for as long as a heartbeat: 0 divided by 0",
};

/** A chat on a store that others share, with a port for operators. */
class Node implements AsyncDisposable {
  readonly chat: TestChat;
  readonly #ops: Deno.HttpServer<Deno.NetAddr>;

  constructor(host: string) {
    this.chat = new TestChat({
      store: nats({ servers: [host] }),
      secret: "a secret that all of the nodes have",
    });
    const ops = createOps(this.chat.chat, { version: "1.2.3", store: "nats" });
    this.#ops = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ops);
  }

  get target(): string {
    return `127.0.0.1:${this.#ops.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat[Symbol.asyncDispose]();
    await this.#ops.shutdown();
  }
}

/** A Prometheus that asks some targets, and has the rules of the documentation. */
class Prometheus implements AsyncDisposable {
  readonly #port: number;
  readonly #child: Deno.ChildProcess;

  constructor(targets: readonly string[]) {
    using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#port = (free.addr as Deno.NetAddr).port;
    // JSON is YAML as well.
    const config = {
      global: { scrape_interval: "250ms", scrape_timeout: "250ms", evaluation_interval: "250ms" },
      rule_files: [new URL("alerts.yml", DOCS).pathname],
      scrape_configs: [{ job_name: "parley", static_configs: [{ targets }] }],
    };
    Deno.writeTextFileSync(`${FOLDER}/prometheus.yml`, JSON.stringify(config));
    this.#child = new Deno.Command(PROMETHEUS!, {
      args: [
        `--config.file=${FOLDER}/prometheus.yml`,
        `--storage.tsdb.path=${FOLDER}/tsdb`,
        `--web.listen-address=127.0.0.1:${this.#port}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Asks a question, and returns what there is in its `data`; undefined while it is not up. */
  async ask<Data>(path: string): Promise<Data | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${path}`)
      .catch(() => undefined);
    if (answer?.ok) return (await answer.json()).data;
    await answer?.body?.cancel();
    return undefined;
  }

  /** The values that a query has now. */
  async query(query: string): Promise<string[]> {
    type Found = { result: { value: [number, string] }[] };
    const found = await this.ask<Found>(`query?${new URLSearchParams({ query })}`);
    return found?.result.map(({ value: [, text] }) => text) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    signalIfRunning(this.#child, "SIGKILL");
    await this.#child.status;
  }
}

Deno.test("Prometheus has an answer to each query of the dashboard and the rules, of three nodes", {
  ignore: PROMETHEUS === undefined || NEEDS_NATS.ignore,
}, async () => {
  await using store = await NatsServer.start();
  await using one = new Node(store.host);
  await using two = new Node(store.host);
  await using three = new Node(store.host);
  await using prometheus = new Prometheus([one.target, two.target, three.target]);
  const { host, roomId } = await one.chat.host1("Lobby", { name: "Ana" });

  const dashboard = JSON.parse(await Deno.readTextFile(new URL("dashboard.json", DOCS)));
  const shown: string[] = dashboard.panels.flatMap(
    ({ targets = [] }: { targets?: { expr: string }[] }) => targets.map(({ expr }) => expr),
  );
  const rules = [...(await Deno.readTextFile(new URL("alerts.yml", DOCS))).matchAll(/expr: (.+)/g)]
    .map(([, expr]) => expr!);
  assertEquals([shown.length > 20, rules.length > 5], [true, true]);

  let n = 0;
  const silent = async () => {
    host.send({ action: "message", room_id: roomId, n: ++n, body: "Hello" });
    const left = await Promise.all([
      ...shown.filter((query) => !(query in SILENT)),
      // A rule has an answer while something is wrong: what it compares always has one.
      ...rules.map((rule) => rule.replace(/ (?:==|>) [\d.]+$/, "")),
    ].map(async (query) => {
      const values = await prometheus.query(query.replaceAll("$__rate_interval", "1m"));
      return values.some((value) => value !== "NaN") ? [] : [query];
    }));
    return left.flat();
  };
  let left: string[] = [];
  await until(async () => (left = await silent()).length === 0, () => left.join("\n"), {
    everyMs: 250,
    withinMs: 30_000,
  });
  assertEquals(await prometheus.query('up{job="parley"}'), ["1", "1", "1"]);
  const firing = await prometheus.ask<{ alerts: unknown[] }>("alerts");
  assertEquals(firing, { alerts: [] });
  const others = Object.keys(SILENT).filter((query) => !shown.includes(query));
  assertEquals(others, [], "the dashboard does not ask that any more");
});

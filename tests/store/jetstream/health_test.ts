import { assertEquals } from "@std/assert";
import { JetStreamHealth } from "../../../src/store/jetstream/health.ts";
import type { PublishOutcome } from "../../../src/store/jetstream/link/publish.ts";
import { until } from "../../support/waiting.ts";

const PROBE_MS = 20;

const STORED: PublishOutcome = { type: "stored", seq: 1, duplicate: false };

/** A node that hears itself as long as `hears`, and whose NATS answers as it is told. */
class Bench implements Disposable {
  hears = true;
  outcome: PublishOutcome = STORED;
  /** The number of times that it was asked. */
  probes = 0;
  readonly did: string[] = [];
  readonly health: JetStreamHealth;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    this.health = new JetStreamHealth(PROBE_MS, { hears: () => this.hears }, {
      say: () => {},
      probe: () => {
        this.probes++;
        return Promise.resolve(this.outcome);
      },
      giveUp: (reason) => {
        this.did.push(`given up: ${reason}`);
        this.health.broken(reason);
      },
      catchUp: () => Promise.resolve(),
      changed: (works) => void this.did.push(works ? "works" : "does not work"),
      failing: (reason) => void this.did.push(reason ?? "stores again"),
    });
    // The answer is there before it is judged, however late a busy machine makes both.
    this.#timer = setInterval(async () => {
      await this.health.ask(performance.now());
      this.health.judge();
    }, PROBE_MS / 2);
  }

  /** Connects, and waits until it works. */
  static async working(): Promise<Bench> {
    const bench = new Bench();
    bench.health.connected();
    await until(() => bench.health.works, "it does not work");
    assertEquals(bench.did.splice(0), ["works"]);
    return bench;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

for (const unanswered of ["unknown", "unheard"] as const) {
  Deno.test(`a node that hears itself and is told of nothing stored (${unanswered}) gives the connection up`, async () => {
    using bench = await Bench.working();
    bench.outcome = { type: unanswered, reason: "timeout" };
    await until(() => bench.did.length === 3, "it does not notice");
    const reason = "NATS does not say that it stores anything";
    assertEquals(bench.did.splice(0), ["does not work", `given up: ${reason}`, reason]);
    // Another connection to where nothing is stored is no end of that, and is given up as well.
    bench.health.connected();
    await until(() => bench.did.length > 0, "it keeps a connection that is of no use");
    assertEquals([bench.health.works, bench.did.splice(0)], [false, [`given up: ${reason}`]]);
    bench.outcome = STORED;
    bench.health.connected();
    await until(() => bench.did.length > 1, "it does not work again");
    assertEquals(bench.did, ["works", "stores again"]);
  });
}

Deno.test("a node that is told why nothing is stored says so, and keeps the connection", async () => {
  using bench = await Bench.working();
  bench.outcome = { type: "refused", reason: "maximum bytes exceeded" };
  await until(() => bench.did.length > 0, "it does not notice");
  const { probes } = bench;
  await until(() => bench.probes >= probes + 6, "it does not ask again");
  assertEquals([bench.health.works, bench.did.splice(0)], [true, ["maximum bytes exceeded"]]);
  bench.outcome = STORED;
  await until(() => bench.did.length > 0, "it does not notice that there is room again");
  assertEquals(bench.did, ["stores again"]);
});

Deno.test("a node that does not hear itself does not work, whatever is stored", async () => {
  using bench = await Bench.working();
  bench.hears = false;
  await until(() => bench.did.length === 3, "it does not notice");
  assertEquals(bench.did[0], "does not work");
});

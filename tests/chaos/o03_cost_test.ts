import { assert, assertEquals } from "@std/assert";
import { DEFAULTS } from "../../src/core/state/options.ts";
import { FORMATS } from "../../src/ops/exposition.ts";
import { createOps } from "../../src/ops/ops.ts";
import { createChat } from "../../src/server/chat.ts";
import { insideOf, revealInside } from "../../src/server/inside.ts";
import { Bench } from "../server/engine_setting.ts";
import { shortest, turn, until } from "../support/waiting.ts";
import { quantile, report, setting } from "./setting.ts";

const ROOMS = setting(2_000, 10_000);
const MOST_MS = 5;
const SCRAPES = 100;

/** The time that a scrape takes, in milliseconds. */
async function scrape(ops: ReturnType<typeof createOps>): Promise<[string, number]> {
  const begin = performance.now();
  const accept = FORMATS.openMetrics;
  const text = await (await ops(new Request("http://localhost/metrics", { headers: { accept } })))
    .text();
  return [text, performance.now() - begin];
}

Deno.test("O3 /metrics is as long with many rooms as with one, and as quick", async () => {
  await using bench = new Bench({ ...DEFAULTS, rate: 0, maxConnections: 1e6, maxRooms: 1e6 });
  const chat = createChat({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const inside = Object.assign(bench.engine, { allowOrigins() {} });
  revealInside(chat, inside);
  assert(insideOf(chat) === inside);
  const ops = createOps(chat, { version: "1", store: "memory" });
  const people = Array.from({ length: ROOMS / 100 }, () => bench.v1().socket);
  people[0]!.hear({ action: "create", body: "Lobby" });
  await turn();
  const [one] = await scrape(ops);
  for (const [i, socket] of people.entries()) {
    for (let n = i === 0 ? 1 : 0; n < 100; n++) {
      socket.hear({ action: "create", body: "Lobby" });
      // A frame that may take long waits for its turn.
      await until(() => bench.engine.rooms === 100 * i + n + 1, "a room is not made", {
        everyMs: 0,
      });
    }
  }
  assertEquals(bench.engine.rooms, ROOMS);
  const [many] = await scrape(ops);
  const seriesOf = (text: string) => text.split("\n").map((line) => line.replace(/ \S+$/, ""));
  assertEquals(seriesOf(many), seriesOf(one));
  let typical = 0;
  const ms = await shortest(MOST_MS, async () => {
    const times: number[] = [];
    for (let i = 0; i < SCRAPES; i++) times.push((await scrape(ops))[1]);
    typical = quantile(times, 0.5);
    return typical;
  });
  report("O3", `/metrics with ${ROOMS} rooms`, {
    "more lines": seriesOf(many).length - seriesOf(one).length,
    "bytes with one": one.length,
    "bytes with all": many.length,
    "ms (median)": ms.toFixed(2),
  }, ms > MOST_MS ? [`${MOST_MS} ms`] : []);
  assert(ms <= MOST_MS, `${ms} ms`);
  await chat.close();
});

import { assert } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ownCpuSeconds } from "../../bench/usage.ts";
import { ChatClient, SendError } from "../../client.ts";
import { variable } from "../support/permissions.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { Cast } from "./people.ts";
import { chance, FULL, quantile, report, SEED, setting } from "./setting.ts";

/** The time to soak, in seconds: `CHAOS_SOAK`, or five minutes in the full setting. */
const SECONDS = Number(variable("CHAOS_SOAK") ?? setting(3, 300));
const CLIENTS = setting(40, 1_000);
const PER_ROOM = 20;
const SAMPLES = 20;

/** A sample of what is seen of the server at a moment. */
interface Sample {
  atS: number;
  rssMb: number;
  descriptors: number;
  p99Ms: number;
}

/** The slope of a line through the samples, per second (least squares). */
function slope(samples: Sample[], of: (sample: Sample) => number): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(samples.map(({ atS }) => atS));
  const y = mean(samples.map(of));
  const top = samples.reduce((sum, s) => sum + (s.atS - x) * (of(s) - y), 0);
  return top / samples.reduce((sum, s) => sum + (s.atS - x) ** 2, 0);
}

/** Comes, joins, talks, and goes in one of the ways there are; again and again. */
async function churn(
  url: string,
  rooms: string[],
  random: () => number,
  goOn: () => boolean,
): Promise<number> {
  let visits = 0;
  while (goOn()) {
    const chat = new ChatClient(url, { timeoutMs: 20_000 });
    try {
      await chat.connect();
      const room = await chat.joinRoom(rooms[Math.floor(random() * rooms.length)]!);
      for (let i = Math.floor(random() * 4); i >= 0 && goOn(); i--) {
        await room.send("something");
        await pause(random() * Math.min(12_000, 200 * SECONDS));
      }
      if (random() < 0.5) await room.leave();
      visits++;
    } catch (error) {
      // A request that a reset has cut is refused, and that is the visit; a message never is.
      if (error instanceof SendError) throw error;
    } finally {
      await chat.close();
    }
  }
  return visits;
}

Deno.test("R17 a server that people come to and go from for long stays as it is", async () => {
  await using server = await ServerProcess.start({
    args: ["--log-level", "warn", "--max-rooms", "1000"],
  });
  await using proxy = await FaultProxy.to(server.host);
  await using cast = new Cast(server.url);
  const anchors = await cast.fill(2);
  await using keeper = new ChatClient(server.url);
  await keeper.connect();
  const rooms: string[] = [];
  while (rooms.length < CLIENTS / PER_ROOM) rooms.push((await keeper.createRoom("Soak")).id);

  const begin = performance.now();
  const ownCpu = ownCpuSeconds();
  const elapsed = () => (performance.now() - begin) / 1_000;
  let failed: unknown;
  const goOn = () => elapsed() < SECONDS && failed === undefined;
  // Half of them through a network that resets all connections now and then.
  const churning = Array.from({ length: CLIENTS }, async (_, i) => {
    const random = chance(SEED + i);
    await pause(random() * Math.min(10_000, SECONDS * 300));
    return await churn(i % 2 === 0 ? server.url : proxy.url, rooms, random, goOn);
  });
  const allChurned = Promise.all(churning).catch((error) => {
    failed = error;
    return [];
  });
  const talking = cast.talk(anchors, { count: Infinity, perSecond: 20, while: goOn });
  const samples: Sample[] = [];
  let resets = 0;
  let from = 0;
  while (goOn()) {
    await pause(SECONDS * 1_000 / SAMPLES);
    const p99Ms = quantile(cast.latencies.slice(from), 0.99);
    from = cast.latencies.length;
    const { rss, descriptors } = server;
    samples.push({ atS: elapsed(), rssMb: rss / 1e6, descriptors, p99Ms });
    if (samples.length % 4 !== 0) continue;
    proxy.reset();
    resets++;
  }
  const visits = (await allChurned).reduce((sum, count) => sum + count, 0);
  await talking;
  if (failed !== undefined) throw failed;
  const verdict = await cast.verdict();
  const late = samples.slice(Math.floor(samples.length / 2));
  const idle = server.descriptors;
  const rssSlope = 600 * slope(late, ({ rssMb }) => rssMb);
  const [p99First, p99Second] = [samples.slice(0, late.length), late].map((half) =>
    quantile(half.map(({ p99Ms }) => p99Ms), 0.5)
  ) as [number, number];
  const cores = (seconds: number) => (seconds / elapsed()).toFixed(2);
  const missed = [
    ...(SECONDS < 3_600 ? [`an hour (${SECONDS} s)`] : []),
    ...(rssSlope < 1 ? [] : ["RSS slope"]),
    ...(Math.abs(p99Second / p99First - 1) <= 0.2 ? [] : ["p99"]),
  ];
  report("R17", `${SECONDS} s of ${CLIENTS} clients that come, talk and go`, {
    visits,
    "all connections reset": resets,
    "RSS MB": samples.filter((_, i) => i % 5 === 4).map(({ rssMb }) => Math.round(rssMb)).join(" "),
    "RSS slope in the second half, MB/10 min": rssSlope.toFixed(1),
    "p99 ms, both halves": `${p99First.toFixed(1)} ${p99Second.toFixed(1)}`,
    "cores used by the server": cores(server.cpuSeconds),
    "cores used by the clients": cores(ownCpuSeconds() - ownCpu),
    "descriptors at the end": idle,
    lost: verdict.lost,
  }, missed);
  assertClean(verdict);
  assert(visits > 0);
  // Three connections, and what the process itself needs, which is less than this.
  await until(() => server.descriptors <= samples[0]!.descriptors + 2, () => {
    return `${server.descriptors} descriptors, once ${samples[0]!.descriptors}`;
  });
  if (FULL) assert(server.descriptors < 40, `${server.descriptors} descriptors`);
});

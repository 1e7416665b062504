/**
 * Measures one run: what the load reports becomes rows, histograms and a result.
 *
 * @module
 */

import type { CsvFile, DELIVERY_COLUMNS } from "./csv_files.ts";
import { Histogram, quantilesOf } from "./histogram.ts";
import type { LatencySettings } from "./latency_flags.ts";
import { type Delivery, runLoad } from "./load_run.ts";
import { fixed } from "./numbers.ts";
import type { LoadCounts, RunResult, RunStatus } from "./summary.ts";
import { Timeline } from "./timeline.ts";
import { cpuSecondsOf, machine, MOST_GENERATOR_CPU, ownCpuSeconds, rssOf } from "./usage.ts";

/** Where a run goes and what comes of it. */
export interface MeasureOptions {
  run: number;
  url: string;
  /** The process of the server, where it is known. */
  pid: number | undefined;
  /** Takes a row for each delivery. */
  rows: CsvFile<typeof DELIVERY_COLUMNS[number]>;
  signal: AbortSignal;
  /** Called with the share of the run that is over. */
  progress(done: number): void;
}

const PROGRESS_MS = 200;

/** Measures one run. Rejects where it cannot begin. */
export async function measure(
  settings: LatencySettings,
  { run, url, pid, rows, signal, progress }: MeasureOptions,
): Promise<RunResult> {
  const durationMs = settings.durationS * 1_000;
  const warmupMs = settings.warmupS * 1_000;
  const scheduled = new Histogram();
  const sent = new Histogram();
  const late = new Histogram();
  const timeline = new Timeline(durationMs);
  let startMs = 0;
  let lastMs = 0;
  let generator = 0;
  let server: number | undefined;
  let began = 0;

  function begin(): void {
    began = performance.now();
    generator = ownCpuSeconds();
    server = pid === undefined ? undefined : cpuSecondsOf(pid);
  }

  function take(delivery: Delivery): void {
    const { scheduledMs, sentMs, receivedMs } = delivery;
    scheduled.add(receivedMs - scheduledMs);
    sent.add(receivedMs - sentMs);
    late.add(sentMs - scheduledMs);
    timeline.add(scheduledMs - startMs, receivedMs - startMs);
    lastMs = receivedMs;
    rows.add(rowOf(delivery));
  }

  let timers: ReturnType<typeof setTimeout>[] = [];
  let counts: LoadCounts;
  try {
    counts = await runLoad({
      ...settings,
      url,
      durationMs,
      warmupMs,
      drainMs: settings.drainS * 1_000,
      signal,
    }, {
      started(at) {
        startMs = at;
        begin();
        const done = () => (performance.now() - startMs + warmupMs) / (durationMs + warmupMs);
        timers = [
          // Once more when the measured part begins: starting up is nobody's steady state.
          setTimeout(begin, startMs - performance.now()),
          setInterval(() => progress(Math.min(1, done())), PROGRESS_MS),
        ];
      },
      delivered: take,
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }

  const seconds = (performance.now() - began) / 1_000;
  const generatorCpu = (ownCpuSeconds() - generator) / seconds;
  const cpu = pid === undefined ? undefined : cpuSecondsOf(pid);
  return {
    parameters: { ...settings, run, url },
    status: statusOf(counts, generatorCpu),
    counts,
    scheduled: quantilesOf(scheduled),
    sent: quantilesOf(sent),
    late: quantilesOf(late),
    askedPerSecond: counts.expected * 1_000 / durationMs,
    deliveredPerSecond: counts.received / Math.max(0.001, (lastMs - startMs) / 1_000),
    serverCpuSeconds: cpu === undefined || server === undefined ? undefined : cpu - server,
    serverRssBytes: pid === undefined ? undefined : rssOf(pid),
    generatorCpu,
    deno: Deno.version.deno,
    machine: machine(),
    bars: scheduled.bars(20),
    slices: timeline.slices(),
  };
}

function statusOf({ problems, received, expected }: LoadCounts, generatorCpu: number): RunStatus {
  // What was lost is lost, however busy the one was who saw it.
  if (problems.length > 0 || received < expected) return "failed";
  return generatorCpu > MOST_GENERATOR_CPU ? "void" : "ok";
}

/** Seconds since 1970, all on the one monotonic clock. */
function seconds(ms: number): string {
  return fixed((performance.timeOrigin + ms) / 1_000, 6);
}

function rowOf({ senderId, receiverId, k, scheduledMs, sentMs, receivedMs, seq }: Delivery) {
  return {
    msg_id: `${senderId}-${k}`,
    sender_id: senderId,
    receiver_id: receiverId,
    send_time: seconds(sentMs),
    receive_time: seconds(receivedMs),
    scheduled_time: seconds(scheduledMs),
    latency_ms: fixed(receivedMs - scheduledMs, 3),
    seq,
  };
}

// This module is pure: no sockets, no clock, no Deno.

/**
 * Figures of the throughput runs, and the middle of several rounds.
 *
 * @module
 */

/** Figures of a generator: `perSecond` counts deliveries. Latencies in milliseconds. */
export interface GeneratorResult {
  perSecond: number;
  /** Deliveries for each second of CPU the server used. */
  perCpuSecond: number;
  messagesPerSecond: number;
  entriesPerFrame: number;
  bytesPerDelivery: number;
  /** Shares of a core. */
  serverCpu: number;
  generatorCpu: number;
  serverRssBytes: number;
  p50: number;
  p99: number;
  "p99.9": number;
  max: number;
  /** Deliveries that had not come when nothing more came. */
  lost: number;
}

/** One run of one server under one shape; `void` where the generator was too busy to tell. */
export interface Measurement extends GeneratorResult {
  server: string;
  shape: string;
  round: number;
  status: "ok" | "void" | "failed";
  /** Why it failed. */
  problem: string;
}

/** A figure of one server under one shape over all rounds that count. */
export interface Middle {
  median: number;
  least: number;
  most: number;
  /** The number of rounds that count. */
  rounds: number;
}

/** A figure of one run. */
export type MeasuredFigure<Figure extends keyof GeneratorResult> =
  & Pick<Measurement, "server" | "shape" | "status">
  & Record<Figure, number>;

/** The median of a figure over the rounds that are neither void nor failed. */
export function middleOf<Figure extends keyof GeneratorResult>(
  measurements: readonly MeasuredFigure<Figure>[],
  { server, shape }: { server: string; shape: string },
  figure: Figure,
): Middle | undefined {
  const values = measurements
    .filter((it) => it.server === server && it.shape === shape && it.status === "ok")
    .map((it): number => it[figure])
    .sort((a, b) => a - b);
  const half = Math.floor(values.length / 2);
  const upper = values[half];
  if (upper === undefined) return undefined;
  const median = values.length % 2 === 1 ? upper : (upper + values[half - 1]!) / 2;
  return { median, least: values[0]!, most: values.at(-1)!, rounds: values.length };
}

/**
 * The second reader of a server's numbers: the runtime's own exporter of OpenTelemetry, which is on
 * where `OTEL_DENO` says so. Nothing is counted twice: it reads what `/metrics` reads.
 *
 * @module
 */

import { BOUNDS, type Histogram } from "../core/state/metrics.ts";
import { FAMILIES, type MetricsReading } from "./families.ts";

/** Takes a number with its labels. */
interface Observer {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** An instrument that asks for its numbers when it is read. */
interface Observable {
  addCallback(callback: (observer: Observer) => void): void;
}

/** The part of a meter that is used. */
export interface Meter {
  createObservableCounter(name: string, options: { description: string }): Observable;
  createObservableGauge(name: string, options: { description: string }): Observable;
}

/** The meter of the runtime; undefined where its telemetry is off. */
export function runtimeMeter(): Meter | undefined {
  try {
    return Deno.telemetry.meterProvider.getMeter("parley");
  } catch {
    return undefined;
  }
}

/**
 * Makes an instrument for each family, named as in `/metrics`. An instrument that asks cannot be a
 * histogram: one is the counters that it has there, `_bucket`, `_sum` and `_count`.
 */
export function instrument(meter: Meter, read: () => MetricsReading): void {
  for (const family of FAMILIES) {
    const { name, help: description } = family;
    if (family.type === "histogram") {
      const histogram = () => family.read(read());
      const counter = (ending: string) =>
        meter.createObservableCounter(`${name}_${ending}`, { description });
      counter("bucket").addCallback((observer) => observeBuckets(histogram(), observer));
      counter("sum").addCallback((observer) => observer.observe(histogram().sum));
      counter("count").addCallback((observer) => observer.observe(histogram().count));
      continue;
    }
    const instrument = family.type === "counter"
      ? meter.createObservableCounter(`${name}_total`, { description })
      : meter.createObservableGauge(family.type === "info" ? `${name}_info` : name, {
        description,
      });
    instrument.addCallback((observer) => {
      for (const { value, labels } of family.read(read())) observer.observe(value, labels);
    });
  }
}

function observeBuckets({ counts }: Histogram, observer: Observer): void {
  let below = 0;
  counts.forEach((count, i) => {
    below += count;
    observer.observe(below, { le: BOUNDS[i] === undefined ? "+Inf" : String(BOUNDS[i]) });
  });
}

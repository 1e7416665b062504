// This module is pure: no sockets, no clock, no Deno.

/**
 * Numbers as text, for whoever scrapes them: the text format of Prometheus, version 0.0.4, and
 * OpenMetrics 1.0.
 *
 * @module
 */

import { BOUNDS } from "../core/state/metrics.ts";
import { FAMILIES, type Family, type MetricsReading, type Sample } from "./families.ts";

/** The formats by their media types. */
export const FORMATS = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

/** A format. */
export type Format = keyof typeof FORMATS;

/**
 * The format that an `Accept` header asks for. Who does not say gets that of Prometheus, and so does a
 * browser.
 */
export function formatFor(accept: string | null): Format {
  let [best, weight]: [Format, number] = ["prometheus", 0];
  for (const item of accept?.toLowerCase().split(",") ?? []) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim());
    const named = (name: string) =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const q = Number(named("q") ?? 1);
    const version = named("version");
    if (!(q > weight)) continue;
    if (type === "application/openmetrics-text" && (version ?? "1.0.0").startsWith("1.")) {
      [best, weight] = ["openMetrics", q];
    } else if (type === "text/plain" || type === "*/*") {
      [best, weight] = ["prometheus", q];
    }
  }
  return best;
}

/** Writes all numbers. */
export function expose(reading: MetricsReading, format: Format): string {
  const lines = FAMILIES.flatMap((family) => linesOf(family, reading, format));
  if (format === "openMetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function linesOf(family: Family, reading: MetricsReading, format: Format): string[] {
  const isOpen = format === "openMetrics";
  const { name, help, unit, type } = family;
  // In OpenMetrics a family has the name without the ending, and its own kind of facts.
  const ending = type === "counter" ? "_total" : type === "info" ? "_info" : "";
  const title = isOpen ? name : name + ending;
  const head = [
    `# HELP ${title} ${escapeHelp(help)}`,
    `# TYPE ${title} ${type === "info" && !isOpen ? "gauge" : type}`,
    ...isOpen && unit !== undefined ? [`# UNIT ${title} ${unit}`] : [],
  ];
  const lines = family.type === "histogram"
    ? bucketLines(name, family.read(reading))
    : family.read(reading).map((sample) => `${name}${ending}${labelsOf(sample)} ${sample.value}`);
  return lines.length === 0 ? [] : [...head, ...lines];
}

function bucketLines(name: string, { counts, sum }: { counts: number[]; sum: number }): string[] {
  let below = 0;
  const lines = counts.map((count, i) => {
    below += count;
    const bound = BOUNDS[i];
    return `${name}_bucket{le="${bound === undefined ? "+Inf" : decimal(bound)}"} ${below}`;
  });
  return [...lines, `${name}_sum ${sum}`, `${name}_count ${below}`];
}

/** A bound as both formats write numbers: `1.0`, not `1`. */
function decimal(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function labelsOf({ labels = {} }: Sample): string {
  const all = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return all.length === 0 ? "" : `{${all.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

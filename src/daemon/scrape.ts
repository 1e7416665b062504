// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads what `/metrics` answers, as far as this package writes it.
 *
 * @module
 */

/** Numbers by their name with its labels, like `parley_connections{protocol="v1"}`. */
export type Scraped = ReadonlyMap<string, number>;

/** Reads the text format of Prometheus. */
export function readMetrics(text: string): Scraped {
  const numbers = new Map<string, number>();
  for (const line of text.split("\n")) {
    const space = line.lastIndexOf(" ");
    if (line.startsWith("#") || space < 1) continue;
    numbers.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return numbers;
}

/** Adds up all numbers of a name, whatever their labels. */
export function sumOf(scraped: Scraped, name: string): number {
  let sum = 0;
  for (const [key, value] of scraped) {
    if (key === name || key.startsWith(`${name}{`)) sum += value;
  }
  return sum;
}

/** The label of a number of this name, as `parley_build_info{store="…"}` has it. */
export function labelOf(scraped: Scraped, name: string, label: string): string | undefined {
  for (const key of scraped.keys()) {
    if (!key.startsWith(`${name}{`)) continue;
    return new RegExp(`[{,]${label}="([^"]*)"`).exec(key)?.[1];
  }
  return undefined;
}

/**
 * The time below which a part of what a histogram has seen between two readings lies, in seconds;
 * undefined where it has seen nothing.
 */
export function quantileBetween(
  before: Scraped | undefined,
  after: Scraped,
  name: string,
  part: number,
): number | undefined {
  const counts: [bound: number, count: number][] = [];
  for (const [key, value] of after) {
    const bound = key.startsWith(`${name}_bucket{`) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
    if (bound === undefined) continue;
    counts.push([bound === "+Inf" ? Infinity : Number(bound), value - (before?.get(key) ?? 0)]);
  }
  counts.sort(([a], [b]) => a - b);
  const all = counts.at(-1)?.[1] ?? 0;
  if (all <= 0) return undefined;
  return counts.find(([, count]) => count >= part * all)?.[0];
}

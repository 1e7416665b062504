// This module is pure: no sockets, no clock, no Deno.

/**
 * Numbers as files, pages and terminals show them. Every figure of the benchmark goes through here,
 * so that none shows what binary fractions leave behind. What is no number is a dash.
 *
 * @module
 */

const NONE = "–";

/** A number with that many decimals. */
export function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : NONE;
}

/** A number with at most four decimals, for those who calculate with it. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** A duration in milliseconds with its unit, as exact as it is interesting. */
export function ms(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** A share of one, in percent. */
export function percent(share: number, decimals = 0): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(decimals)} %` : NONE;
}

/** Bytes in MiB, with the unit. */
export function mebibytes(bytes: number): string {
  return `${fixed(bytes / 1_048_576, 0)} MiB`;
}

/** A number of three digits or so, with thousands as `k` and millions as `M`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  if (Math.abs(value) >= 1_000_000) return `${threeDigits(value / 1_000_000)}M`;
  if (Math.abs(value) >= 10_000) return `${threeDigits(value / 1_000)}k`;
  return Math.abs(value) >= 1_000
    ? Math.round(value).toLocaleString("en")
    : String(threeDigits(value));
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}

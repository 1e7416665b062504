/**
 * The resources that this process uses, as far as a program with no permission may know.
 *
 * @module
 */

import process from "node:process";
import type { Usage } from "./families.ts";

/** Reads what this process uses now. */
export function usageNow(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: Deno.memoryUsage().rss,
    startedAt: performance.timeOrigin / 1_000,
  };
}

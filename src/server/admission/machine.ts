/**
 * The memory of the machine, as far as a program without permissions is told.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { DEFAULTS } from "../../core/state/options.ts";

/**
 * The bytes that all logs may take together unless somebody says it: a quarter of what the runtime
 * lets JavaScript have, which depends on the memory of the machine, and never more than the default.
 */
export function usualMemory(heapLimit: number = getHeapStatistics().heap_size_limit): number {
  return Math.min(DEFAULTS.memoryBytes, Math.floor(heapLimit / 4));
}

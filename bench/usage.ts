/**
 * The usage of a process, and the machine it runs on. Where the system does not tell, the
 * figures are left out.
 *
 * @module
 */

import { cpuUsage } from "node:process";

/** Over this share of its core, a generator measures itself: the run is void. */
export const MOST_GENERATOR_CPU = 0.85;

/** Ticks a second in `/proc`; Linux has had the same for every architecture for decades. */
const TICKS = 100;

/** CPU seconds that another process has used so far; undefined where the system does not tell. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything; the fields behind it are numbers.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The memory of another process that is in RAM, in bytes; undefined where the system does not tell. */
export function rssOf(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1];
  return kib === undefined ? undefined : Number(kib) * 1_024;
}

/** CPU seconds that this process has used so far, all its threads together. */
export function ownCpuSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000_000;
}

/** The machine in one line: processor, cores, system. */
export function machine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(read("/proc/cpuinfo") ?? "")?.[1] ??
    Deno.build.arch;
  const cores = navigator.hardwareConcurrency;
  const kernel = Deno.build.os === "linux" ? ` ${Deno.osRelease()}` : "";
  return `${model}, ${cores} cores, ${Deno.build.os}${kernel}`;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

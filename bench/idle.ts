// deno-lint-ignore-file no-console -- a program that talks to its user
/**
 * `deno task bench:idle`: what a connection costs that says nothing but that it lives, in rooms
 * of 100, and what it costs a server that has nothing but Deno's sockets.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import { type Row, writeCsv } from "./csv_files.ts";
import { helpOf, parseFlags } from "./flags.ts";
import type { IdleOptions, IdleResult } from "./idle_connections.ts";
import { Interrupt } from "./interrupt.ts";
import { fixed, percent } from "./numbers.ts";
import { makeFolder } from "./out_folder.ts";
import { bareDeno } from "./peer_list.ts";
import { forMeasuring, parley, type ServerCommand, ServerProcess } from "./server_process.ts";
import { machine } from "./usage.ts";
import { UsageError } from "./usage_error.ts";

const FLAGS = {
  numbers: {},
  texts: {
    connections: "how many, separated by commas (default 1000,5000,10000)",
    out: "folder for the results, instead of bench/data/<time>",
  },
  switches: {},
};

const COLUMNS = [
  ...["server", "connections", "kib_per_connection", "connect_seconds", "idle_cpu"] as const,
  ...["deno_version", "machine"] as const,
];

/** The servers, by name. */
const SERVERS: readonly [string, ServerCommand][] = [
  ["Parley", parley(undefined, ["--max-connections", "1000000"])],
  ["Deno alone", bareDeno()],
];

/** The time that one size may take, in milliseconds. */
const RUN_MS = 120_000;

async function main(args: string[]): Promise<number> {
  try {
    const flags = parseFlags(args, FLAGS);
    if (flags === "help") {
      console.log(helpOf("deno task bench:idle [flags]", FLAGS));
      return 0;
    }
    const sizes = sizesIn(flags.texts.connections ?? "1000,5000,10000");
    const folder = await makeFolder(flags.texts.out);
    using interrupt = new Interrupt();
    const rows: Row<typeof COLUMNS[number]>[] = [];
    for (const connections of sizes) {
      for (const [name, command] of SERVERS) {
        const result = await measure(command, connections, interrupt.signal);
        rows.push(row(name, result));
        await writeCsv(`${folder}/idle.csv`, COLUMNS, rows);
        const kib = fixed(result.bytesPerConnection / 1_024, 1);
        console.log(
          `${String(connections).padStart(6)} connections  ${name.padEnd(10)}  ` +
            `${kib.padStart(5)} KiB each, opened in ${fixed(result.connectSeconds, 1)} s, ` +
            `then ${percent(result.idleCpu, 1)} of a core`,
        );
      }
    }
    console.log(`Results are in ${folder}`);
    return 0;
  } catch (error) {
    console.error(reasonOf(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

function sizesIn(list: string): number[] {
  return list.split(",").map((text) => {
    const size = Number(text);
    if (/^\d+$/.test(text) && size >= 1 && size <= 1_000_000) return size;
    throw new UsageError(
      `--connections must be whole numbers from 1 to 1000000, not ${JSON.stringify(text)}`,
    );
  });
}

/** Opens connections from a process of their own to a server of their own. */
async function measure(
  command: ServerCommand,
  connections: number,
  signal: AbortSignal,
): Promise<IdleResult> {
  await using server = await ServerProcess.start(command);
  const options: IdleOptions = { port: server.port, pid: server.pid, connections };
  const script = new URL("idle_connections.ts", import.meta.url).href;
  const args = ["run", "-A", "--quiet", script, JSON.stringify(options)];
  const [program = "", ...all] = [...forMeasuring(), Deno.execPath(), ...args];
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: all,
    signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_MS)]),
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot open ${connections} connections: ${said || "it took too long"}`);
}

function row(server: string, it: IdleResult): Row<typeof COLUMNS[number]> {
  return {
    server,
    connections: it.connections,
    kib_per_connection: fixed(it.bytesPerConnection / 1_024, 2),
    connect_seconds: fixed(it.connectSeconds, 2),
    idle_cpu: fixed(it.idleCpu, 4),
    deno_version: Deno.version.deno,
    machine: machine(),
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * A hostile server, and the real client and the real terminal chat at it, each in a process of its
 * own: what they take, how often they come, and what a person sees.
 *
 * @module
 */

import { CliProcess } from "../cli/cli_process.ts";
import { Picture } from "../cli/picture.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { pause, until } from "../support/waiting.ts";
import { FORGED, type Hostile } from "./hostile_servers.ts";

/** The outcome of one program at a hostile server. */
export interface Outcome {
  /** The most resident memory that its process has had, in MB. */
  peak: number;
  /** The most that it did of one thing: connecting again, joining, or sending. */
  attempts: number;
  /** The time that it was there, in milliseconds. */
  ms: number;
}

/** The outcome of the terminal chat, which shows something besides. */
export interface Shown extends Outcome {
  /** The bytes that it printed. */
  bytes: number;
  /** Parts of what it printed that are no text, and no control sequence of its own. */
  controls: string[];
  /** Rows that others have begun. */
  forged: string[];
  /** The exit code when it was asked to end; 99 where it left the terminal in another mode. */
  code: number | undefined;
}

/** The width of the terminal, as in {@linkcode CliProcess}. */
const COLUMNS = 60;

/** The part of what was printed that is drawn, in UTF-16 units: a person sees no more in the time. */
const DRAWN = 200_000;

/** All that the terminal chat writes besides text and line breaks: the rest is for {@linkcode Picture} to refuse. */
// deno-lint-ignore no-control-regex
const OWN = /\x1b\[(?:\d*[AJ]|[\d;]*m|\?(?:7|2004)[hl]|6n|>c)|\r\n?/g;

/** The time between two looks at the memory of a process, in milliseconds. */
const LOOK_MS = 50;

/** Runs an app with the client at a hostile server. */
export async function appAt(hostile: Hostile, ms: number): Promise<Outcome> {
  await using server = new ScriptedServer(hostile.play);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", "tests/attacks/hostile_app.ts", server.url],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const peak = await watched(() => child.pid, server, ms);
  const attempts = attemptsAt(server);
  await child.stdin.close();
  await child.status;
  return { peak, attempts, ms };
}

/** Runs the terminal chat at a hostile server, with somebody who types. */
export async function terminalAt(hostile: Hostile, ms: number): Promise<Shown> {
  await using server = new ScriptedServer(hostile.play);
  // Whoever calls people by name may ring: without that, each bell is the server's own.
  await using cli = new CliProcess(["--url", server.url, "--name", "Ana", "--no-bell"], {
    terminal: true,
    raw: true,
  });
  const type = (text: string) => cli.type(text).catch(() => {}); // It may have ended by now.
  type("hello\r/who\r");
  const peak = await watched(() => childOf(cli.pid), server, ms);
  const attempts = attemptsAt(server);
  type("\x15\x04");
  const code = await cli.end().catch(() => undefined);
  const { stdout: printed } = cli;
  return {
    ...{ peak, attempts, ms, code },
    bytes: new TextEncoder().encode(printed).length,
    controls: [
      ...new Set(printed.replace(OWN, "").match(/[^\P{Cc}]|\p{Bidi_Control}|[\u2028\u2029]/gu)),
    ],
    forged: forgedIn(printed.slice(0, DRAWN)),
  };
}

/** Rows on the screen that begin with what others have forged. */
export function forgedIn(printed: string): string[] {
  const [time = ""] = FORGED.split(" ");
  return [1, 2].flatMap((width) => {
    const picture = new Picture(COLUMNS, { widthOf: (text) => /^[ -~]/.test(text) ? 1 : width });
    picture.write(printed);
    return picture.rows.filter((row) => row.startsWith(time));
  });
}

/** The most memory that a process has while it is at a server, in MB. */
async function watched(
  pidOf: () => number | undefined,
  server: ScriptedServer,
  ms: number,
): Promise<number> {
  await until(() => server.attempts.length > 0, "nobody comes");
  const end = performance.now() + ms;
  let peak = 0;
  while (performance.now() < end) {
    peak = Math.max(peak, peakOf(pidOf()));
    await pause(LOOK_MS);
  }
  return peak;
}

/** The peak of a process's resident memory up to now, in MB; 0 where it has ended. */
function peakOf(pid: number | undefined): number {
  const status = readOr(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_024;
}

function childOf(pid: number): number | undefined {
  const [child] = readOr(`/proc/${pid}/task/${pid}/children`).split(" ");
  return child ? Number(child) : undefined;
}

function readOr(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Counts how often a client did the same: each counts from the second time on. */
function attemptsAt(server: ScriptedServer): number {
  const sends = server.heard("message") + server.heard("messages");
  return Math.max(server.attempts.length - 1, server.heard("join") - 1, sends - 1);
}

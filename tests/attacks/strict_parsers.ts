/**
 * Parsers of other languages, which take what RFC 8259 allows and nothing else: each is a process
 * that reads one object a line.
 *
 * @module
 */

import { signalIfRunning } from "../support/child.ts";
import { findProgram } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { COMPILER } from "./generators.ts";

/** Twice the same key, NaN, whole numbers beyond 2⁵³ and halves of surrogate pairs are errors too. */
const PYTHON = `
import json, sys
def pairs(items):
    if len(dict(items)) != len(items): raise ValueError("a key twice")
    return dict(items)
def constant(name): raise ValueError(name)
def whole(text):
    if abs(int(text)) > 2**53: raise ValueError(text)
    return int(text)
decode = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_int=whole).decode
count = 0
for line in sys.stdin.buffer:
    try:
        value = decode(line.decode("utf-8").rstrip("\\n"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        if not isinstance(value, dict): raise ValueError("no object")
    except ValueError as error:
        print(error, line[:300])
        sys.exit(1)
    count += 1
print(count)
`;

const PERL = `
use JSON::PP;
my $json = JSON::PP->new->utf8->max_depth(64);
my $count = 0;
while (my $line = <STDIN>) {
    my $value = eval { $json->decode($line) };
    if ($@ || ref $value ne "HASH") { print "$@: ", substr($line, 0, 300); exit 1; }
    $count++;
}
print $count;
`;

const PYTHON_PROGRAM = findProgram("python3");
const PERL_PROGRAM = findProgram("perl");
const FOLDER = new URL(".", import.meta.url).pathname;
const BUILT = tempFolder();

/** `true` where all of them are here. */
export const HAS_PARSERS: boolean = COMPILER !== undefined && PYTHON_PROGRAM !== undefined &&
  PERL_PROGRAM !== undefined;

/** Builds what reads JSON in C++, with nlohmann's library; that takes some seconds. */
async function built(): Promise<string> {
  const path = `${BUILT}/strict_json`;
  const args = ["-O1", "-std=c++17", "-o", path, `${FOLDER}strict_json.cpp`];
  const { success, stderr } = await new Deno.Command(COMPILER ?? "g++", { args }).output();
  if (success) return path;
  throw new Error(`Is nlohmann-json3-dev installed? ${new TextDecoder().decode(stderr)}`);
}

/** Parsers at work. */
export class StrictParsers implements AsyncDisposable {
  readonly #children: { language: string; child: Deno.ChildProcess }[];
  readonly #writers: WritableStreamDefaultWriter<Uint8Array>[];
  #waiting = "";

  private constructor(commands: Record<string, string[]>) {
    this.#children = Object.entries(commands).map(([language, [program, ...args]]) => ({
      language,
      child: new Deno.Command(program!, { args, stdin: "piped", stdout: "piped" }).spawn(),
    }));
    this.#writers = this.#children.map(({ child }) => child.stdin.getWriter());
  }

  /** Starts them; the one in C++ only if `all` are wanted. */
  static async start(all: boolean): Promise<StrictParsers> {
    return new StrictParsers({
      Python: [PYTHON_PROGRAM ?? "python3", "-c", PYTHON],
      Perl: [PERL_PROGRAM ?? "perl", "-e", PERL],
      ...(all ? { "C++": [await built()] } : {}),
    });
  }

  /** Gives them a text to read, later. */
  add(text: string): void {
    this.#waiting += `${text}\n`;
  }

  /** Resolves when they can take more. */
  async flush(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#waiting);
    this.#waiting = "";
    // One that has found something to complain of reads no more.
    await Promise.all(this.#writers.map((writer) => writer.write(bytes).catch(() => {})));
  }

  /** Ends their input, and returns what each of them says. */
  async finish(): Promise<Record<string, string>> {
    await this.flush();
    await Promise.all(this.#writers.map((writer) => writer.close().catch(() => {})));
    const said = this.#children.map(async ({ language, child }) => {
      const { stdout } = await child.output();
      return [language, new TextDecoder().decode(stdout).trim()];
    });
    return Object.fromEntries(await Promise.all(said));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#children) {
      signalIfRunning(child, "SIGKILL");
      if (!child.stdout.locked) await child.stdout.cancel();
      await child.status;
    }
  }
}

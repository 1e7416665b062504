/**
 * Proves what modules are. One that is pure has to compile without any platform: those in
 * {@linkcode PURE_FOLDERS}, and others whose first comment says "This module is pure". One that
 * says "This module runs in browsers" has to compile without Deno. Both with all they import.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program that talks to its user

/** Folders whose modules are pure without a word. */
const PURE_FOLDERS = ["src/core/", "src/protocol/"];

/** The only module in these that is not: it has timers, as both sides need them. */
const IMPURE = "src/protocol/deadline.ts";

/** From text to UTF-8 and back depends on nothing but its input, whoever provides it. */
const TEXT_CODING = `
declare class TextEncoder {
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label: string, options: { ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}`;

/** Which modules are of a kind, and what these may see: libraries, and declarations beside them. */
const KINDS: Record<string, { is: typeof isPure; lib: string[]; beside: string }> = {
  pure: {
    is: isPure,
    lib: ["esnext"],
    beside: TEXT_CODING,
  },
  browser: {
    is: runsInBrowsers,
    lib: ["dom", "dom.iterable", "dom.asynciterable", "esnext"],
    beside: "",
  },
};

/** A table of letters that look alike: the only import that is as pure as what it is for. */
const TABLE = "unhomoglyph";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["", "src/", "web/"];
const TIMEOUT_MS = 120_000;

/** Says whether the module at a path is to be pure, from where it is or by its own word. */
export function isPure(path: string, text: string): boolean {
  const inFolder = PURE_FOLDERS.some((folder) => path.startsWith(folder)) && path !== IMPURE;
  return inFolder || firstComment(text).includes("This module is pure");
}

/** Says whether the module at a path says that it runs in browsers. */
function runsInBrowsers(_path: string, text: string): boolean {
  return firstComment(text).includes("This module runs in browsers");
}

/** Checks all modules of that kind and returns the exit code. */
async function checkMarked(kind: string | undefined): Promise<number> {
  const settings = KINDS[kind ?? ""];
  if (settings === undefined) {
    console.error(`Say what to check: ${Object.keys(KINDS).join(" or ")}`);
    return 2;
  }
  const files = await findAll(settings.is);
  if (files.length === 0) {
    console.error(`No module is of this kind: ${kind}`);
    return 1;
  }
  const config = await Deno.makeTempFile({ suffix: ".json" });
  const beside = await Deno.makeTempFile({ suffix: ".d.ts" });
  try {
    await Deno.writeTextFile(config, await configWith(settings.lib));
    await Deno.writeTextFile(beside, settings.beside);
    const { success } = await new Deno.Command("deno", {
      args: ["check", "--config", config, beside, ...files],
      cwd: ROOT,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).spawn().status;
    return success ? 0 : 1;
  } finally {
    await Deno.remove(config);
    await Deno.remove(beside);
  }
}

async function findAll(is: typeof isPure): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for await (const path of walk(folder)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      if (is(path, text)) found.push(path);
    }
  }
  return found.sort();
}

/** Paths of the modules in `folder`; below the root's own only where it has a name. */
async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = folder + entry.name;
    if (entry.isFile && path.endsWith(".ts")) yield path;
    if (entry.isDirectory && folder !== "") yield* walk(`${path}/`);
  }
}

/** All comments above the first line of code, without their line breaks. */
function firstComment(text: string): string {
  const [comment] = /^(\s|\/\/.*|\/\*[^]*?\*\/)*/.exec(text) ?? [""];
  return comment.replaceAll(/\s*\n\s*(\*|\/\/)?\s*/g, " ");
}

/** The project's own strictness, but nothing to import that could need a platform. */
async function configWith(lib: string[]): Promise<string> {
  const { compilerOptions, imports: { [TABLE]: table } } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  return JSON.stringify({
    imports: { [TABLE]: table },
    compilerOptions: { ...compilerOptions, lib },
    lock: false,
    nodeModulesDir: "none",
  });
}

if (import.meta.main) Deno.exit(await checkMarked(Deno.args[0]));

/**
 * Proves what modules say of themselves. A module whose first comment says "This module is
 * pure" has to compile without any platform, one that says "This module runs in browsers"
 * without Deno, and both with all they import.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program that talks to its user

/** From text to UTF-8 and back depends on nothing but its input, whoever provides it. */
const TEXT_CODING = `
declare class TextEncoder {
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label: string, options: { ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}`;

/** What modules with a marker may see: libraries, and declarations beside them. */
const KINDS: Record<string, { marker: string; lib: string[]; beside: string }> = {
  pure: {
    marker: "This module is pure",
    lib: ["esnext"],
    beside: TEXT_CODING,
  },
  browser: {
    marker: "This module runs in browsers",
    lib: ["dom", "dom.iterable", "dom.asynciterable", "esnext"],
    beside: "",
  },
};

/** A table of letters that look alike: the only import that is as pure as what it is for. */
const TABLE = "unhomoglyph";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["", "src/"];
const TIMEOUT_MS = 120_000;

/** Checks all modules of that kind and returns the exit code. */
async function checkMarked(kind: string | undefined): Promise<number> {
  const settings = KINDS[kind ?? ""];
  if (settings === undefined) {
    console.error(`Say what to check: ${Object.keys(KINDS).join(" or ")}`);
    return 2;
  }
  const files = await findMarked(settings.marker);
  if (files.length === 0) {
    console.error(`No module says "${settings.marker}"`);
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

async function findMarked(marker: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for await (const path of walk(folder)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      if (firstComment(text).includes(marker)) found.push(path);
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

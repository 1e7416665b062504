/**
 * Makes a clone work where JSR cannot be reached but npm can, by filling `vendor/` with
 * stand-ins for the `@std` packages that `deno.json` pins. Where JSR answers it leaves
 * everything to Deno.
 *
 * The other tasks depend on it, so it decides once and leaves a note in `vendor/`. A JSR that did
 * not answer is asked again: after a minute, then after twice as long each time, up to a day. A
 * change of versions or stand-ins, and `deno task setup --refresh`, make it decide anew.
 *
 * A stand-in is a folder below `tools/standins/`: each `.ts` file is our own code, each
 * `.d.ts` file gives types to the module of the same name in npm's copy of the standard library.
 * Those modules are copied, with all that they import, and only if they are what they were when
 * {@linkcode COPY} was written, wherever they came from.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program that talks to its user

/** npm's copy of the standard library, and the SHA-512 of the modules that are taken from it. */
const COPY = {
  name: "npm:deno-std@1.4.0",
  integrity:
    "sha512-tXUT3nsZrEPvRanBRTxTieMqqUu8/8iNul4piTBugoz9mbTKMOzPIlVrbyRbZeQNNNeoXy+9MSfMeh4Z86GOYA==",
};
const JSR = "https://jsr.io";
const FROM_JSR = "@std is from JSR";
const FROM_STAND_INS = `@std is from tools/standins and ${COPY.name}, checked`;
const JSR_TIMEOUT_MS = 3_000;
const NPM_TIMEOUT_MS = 120_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const ROOT = new URL("../", import.meta.url);
const STANDINS = new URL("tools/standins/", ROOT);

/** A pinned package and, by path, the files that stand in for it. */
interface Package {
  name: string;
  version: string;
  files: Map<string, string>;
}

/** The decisions of earlier runs. */
interface Note {
  source: "jsr" | "stand-ins";
  /** Of what the decision was made from; empty while it is being carried out. */
  fingerprint: string;
  /** When JSR was asked last, in milliseconds since 1970. */
  askedAt: number;
  /** The number of times in a row that it did not answer. */
  silences: number;
}

/** The parts that a setup works with. */
export interface SetupOptions {
  /** The folder to fill. */
  vendor: URL;
  /** `true`: decides anew. */
  refresh: boolean;
  /** The time, in milliseconds since 1970. */
  now: number;
  /** Asks whether JSR has this version of a package of `@std`. */
  onJsr(name: string, version: string): Promise<boolean>;
  /** The text of a module of npm's copy, like `assert/mod.js`. */
  readCopy(path: string): Promise<string>;
  /** The hash of the copied modules: `sha512-` and Base64. */
  integrity: string;
}

/**
 * Decides where the packages come from, carries it out, and returns a line about it.
 *
 * @throws {Error} if there is no source, or if npm's copy is not what it was.
 */
export async function setUp(options: SetupOptions): Promise<string> {
  const { vendor, now } = options;
  const packages = await readPackages();
  const fingerprint = await digest(
    JSON.stringify([options.integrity, packages.map((it) => ({ ...it, files: [...it.files] }))]),
  );
  const note = await readNote(vendor);
  const isDone = note?.fingerprint === fingerprint && !options.refresh;
  if (isDone && note.source === "jsr") return FROM_JSR;
  if (isDone && (now < askAgainAt(note) || !await canWrite(vendor, note))) return standInLine(note);

  const [first] = packages;
  if (first === undefined || await options.onJsr(first.name, first.version)) {
    if (note?.source === "stand-ins") await removeStandIns(packages, vendor);
    await writeNote(vendor, { source: "jsr", fingerprint, askedAt: now, silences: 0 });
    return FROM_JSR;
  }

  const silences = isDone ? note.silences + 1 : 1;
  const after: Note = { source: "stand-ins", fingerprint, askedAt: now, silences };
  if (!isDone) {
    const complete = await withCopies(packages, options);
    await writeNote(vendor, { ...after, fingerprint: "" });
    for (const it of complete) await writePackage(it, vendor);
  }
  await writeNote(vendor, after);
  return standInLine(after);
}

function standInLine(note: Note): string {
  const again = new Date(askAgainAt(note)).toISOString().slice(0, 16);
  return `${FROM_STAND_INS}, as JSR does not answer; it is asked again after ${again}Z`;
}

function askAgainAt({ askedAt, silences }: Note): number {
  return askedAt + Math.min(MINUTE_MS * 2 ** (silences - 1), DAY_MS);
}

/** Reads the pinned `@std` packages and their stand-ins. */
async function readPackages(): Promise<Package[]> {
  const config = await Deno.readTextFile(new URL("deno.json", ROOT));
  const { imports } = JSON.parse(config) as { imports: Record<string, string> };
  const pins = Object.values(imports)
    .map((it) => /^jsr:@std\/([^@]+)@(.+)$/.exec(it)?.slice(1))
    .filter((it) => it !== undefined) as [string, string][];
  return await Promise.all(
    pins.map(async ([name, version]) => ({ name, version, files: await readStandIn(name) })),
  );
}

/** The files of a package, sorted. Its root is what its stable modules export. */
async function readStandIn(name: string): Promise<Map<string, string>> {
  const folder = new URL(`${name}/`, STANDINS);
  const files = new Map<string, string>();
  for await (const { name: file } of Deno.readDir(folder)) {
    files.set(file, await Deno.readTextFile(new URL(file, folder)));
    if (!file.endsWith(".d.ts")) continue;
    const module = file.slice(0, -".d.ts".length);
    files.set(
      `${module}.ts`,
      `// @ts-types="./${file}"\nexport * from "./npm/${name}/${module}.js";\n`,
    );
  }
  if (!files.has("mod.ts")) {
    const stable = [...files.keys()]
      .filter((file) => !/^_|^unstable_|\.d\.ts$/.test(file));
    files.set(
      "mod.ts",
      stable.map((file) => `export * from "./${file}";\n`).sort().join(""),
    );
  }
  return new Map([...files].sort());
}

/**
 * Adds to each package the modules of npm's copy that it is made of, below `npm/`.
 *
 * @throws {Error} if they cannot be had, or are not what they were.
 */
async function withCopies(
  packages: Package[],
  { readCopy, integrity }: SetupOptions,
): Promise<Package[]> {
  const copies: Map<string, string>[] = [];
  for (const it of packages) {
    copies.push(
      await readAll(modulesOf(it), readCopy).catch((error) => {
        const reason = error instanceof Error ? error.message : error;
        throw new Error(`Neither JSR nor ${COPY.name} can be reached: ${reason}`);
      }),
    );
  }
  const found = `sha512-${await digest(JSON.stringify(copies.map((it) => [...it])))}`;
  if (found !== integrity) {
    throw new Error(
      `${COPY.name} is not what it was when Parley was tested with it, and is not used: ` +
        `expected ${integrity}, got ${found}`,
    );
  }
  return packages.map((it, i) => {
    const copied = [...copies[i] ?? []].map(([path, text]) => [`npm/${path}`, text] as const);
    return { ...it, files: new Map([...it.files, ...copied]) };
  });
}

/** Paths of the modules of npm's copy that a package is made of, without what they import. */
function modulesOf({ name, files }: Package): string[] {
  return [...files.keys()].filter((file) => file.endsWith(".d.ts"))
    .map((file) => `${name}/${file.slice(0, -".d.ts".length)}.js`);
}

/** Reads modules and all that they import, each once. */
async function readAll(
  paths: string[],
  read: (path: string) => Promise<string>,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const wanted = [...paths];
  for (const path of wanted) {
    if (texts.has(path)) continue;
    const text = await read(path);
    texts.set(path, text);
    wanted.push(...importsOf(path, text));
  }
  return texts;
}

/** Paths of the modules that a module of npm's copy imports. */
function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(/^(?:(?:import|export)\b[^"'`;]*\sfrom|import)\s*"(\.[^"]+)"/gm);
  return [...specifiers].map(([, specifier = ""]) =>
    new URL(specifier, `file:///${path}`).pathname.slice(1)
  );
}

/** Entry points by export name: `parse_args.ts` is `./parse-args`. */
function exportsOf({ files }: Package): Record<string, string> {
  const entries = [...files.keys()]
    .filter((file) => !file.endsWith(".d.ts") && !/^_|^npm\//.test(file))
    .map((file) => [
      file === "mod.ts" ? "." : `./${file.slice(0, -".ts".length).replaceAll("_", "-")}`,
      `./${file}`,
    ]);
  return Object.fromEntries(entries);
}

async function readNote(vendor: URL): Promise<Note | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(new URL("setup.json", vendor))) as Note;
  } catch {
    return undefined; // no earlier run, or one that was cut short
  }
}

async function writeNote(vendor: URL, note: Note): Promise<void> {
  await Deno.mkdir(vendor, { recursive: true });
  await Deno.writeTextFile(new URL("setup.json", vendor), JSON.stringify(note));
}

/** Says whether the folder can be changed: a program may run from one that is not its user's. */
async function canWrite(vendor: URL, note: Note): Promise<boolean> {
  try {
    await writeNote(vendor, note);
    return true;
  } catch {
    return false;
  }
}

function folderOf({ name }: Package, vendor: URL): URL {
  return new URL(`${new URL(JSR).host}/@std/${name}/`, vendor);
}

/** Writes a package in the layout in which Deno vendors one from JSR. */
async function writePackage(it: Package, vendor: URL): Promise<void> {
  const folder = folderOf(it, vendor);
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [file, text] of it.files) {
    const url = new URL(`${it.version}/${file}`, folder);
    await Deno.mkdir(new URL(".", url), { recursive: true });
    await Deno.writeTextFile(url, text);
    const bytes = new TextEncoder().encode(text);
    const checksum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    manifest[`/${file}`] = { size: bytes.length, checksum: `sha256-${checksum}` };
  }
  await Deno.writeTextFile(
    new URL(`${it.version}_meta.json`, folder),
    JSON.stringify({ manifest, exports: exportsOf(it) }),
  );
  await Deno.writeTextFile(
    new URL("meta.json", folder),
    JSON.stringify({
      scope: "std",
      name: it.name,
      latest: it.version,
      versions: { [it.version]: {} },
    }),
  );
}

async function removeStandIns(packages: Package[], vendor: URL): Promise<void> {
  for (const it of packages) {
    await Deno.remove(folderOf(it, vendor), { recursive: true }).catch(() => {});
  }
}

/** The SHA-512 of a text, in Base64. */
async function digest(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
}

/** Asks JSR. A proxy may answer with a page of its own, so the answer has to parse. */
async function onJsr(name: string, version: string): Promise<boolean> {
  try {
    const response = await fetch(`${JSR}/@std/${name}/meta.json`, {
      signal: AbortSignal.timeout(JSR_TIMEOUT_MS),
    });
    const { versions } = await response.json();
    return version in versions;
  } catch {
    return false;
  }
}

/** Reads a module of npm's copy. */
async function readCopy(path: string): Promise<string> {
  // Not a literal, so that nothing is fetched where JSR answers.
  const module = "./npm_copy.ts";
  return (await import(module)).readModule(`${COPY.name}/${path}`);
}

if (import.meta.main) {
  const refresh = Deno.args.includes("--refresh");
  const vendor = new URL("vendor/", ROOT);
  const late = setTimeout(() => {
    console.error(`setup: ${COPY.name} did not come within ${NPM_TIMEOUT_MS / 1_000} s`);
    Deno.exit(1);
  }, NPM_TIMEOUT_MS);
  try {
    const { integrity } = COPY;
    const now = Date.now();
    console.error(`setup: ${await setUp({ vendor, refresh, now, onJsr, readCopy, integrity })}`);
  } catch (error) {
    console.error(`setup: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
  clearTimeout(late);
}

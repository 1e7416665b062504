/**
 * Makes a fresh clone work where JSR cannot be reached but npm can, by filling `vendor/`
 * with stand-ins for the `@std` packages that `deno.json` pins. Where JSR answers it
 * leaves everything to Deno.
 *
 * The other tasks depend on it, so it decides once and leaves a note in `vendor/`. Only
 * `deno task setup --refresh`, or a change of versions or stand-ins, makes it look again.
 *
 * A stand-in is a folder below `tools/standins/`: each `.ts` file is our own code, each
 * `.d.ts` file gives types to the npm module of the same name.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program that talks to its user

/** npm's copy of the standard library; it has no types of its own. */
const NPM_PACKAGE = "npm:deno-std@1.4.0";
const JSR = "https://jsr.io";
const JSR_TIMEOUT_MS = 3_000;
const NPM_TIMEOUT_MS = 120_000;

const ROOT = new URL("../", import.meta.url);
const STANDINS = new URL("tools/standins/", ROOT);
const VENDOR = new URL("vendor/", ROOT);
const NOTE = new URL("setup.json", VENDOR);

/** A pinned package and, by path, the files that stand in for it. */
interface Package {
  name: string;
  version: string;
  files: Map<string, string>;
}

/** What an earlier run decided. */
interface Note {
  source: "jsr" | "stand-ins";
  /** Of what the decision was made from; empty while it is being carried out. */
  fingerprint: string;
}

/** Decides where the packages come from and returns the exit code. */
async function setup(refresh: boolean): Promise<number> {
  const packages = await readPackages();
  const fingerprint = await sha256(
    JSON.stringify(packages.map((it) => ({ ...it, files: [...it.files] }))),
  );
  const note = await readNote();
  if (note?.fingerprint === fingerprint && !refresh) return 0;

  if (await jsrAnswers(packages)) {
    if (note?.source === "stand-ins") {
      await removeStandIns(packages);
      console.error("JSR answers: removed the stand-ins from vendor/.");
    }
    await writeNote({ source: "jsr", fingerprint });
    return 0;
  }

  await writeNote({ source: "stand-ins", fingerprint: "" });
  for (const it of packages) await writePackage(it);
  if (!await resolves(packages)) {
    console.error(`Cannot set up vendor/: neither JSR nor ${NPM_PACKAGE} can be reached.`);
    return 1;
  }
  await writeNote({ source: "stand-ins", fingerprint });
  console.error("JSR does not answer: put stand-ins for @std into vendor/.");
  return 0;
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
      `// @ts-types="./${file}"\n` +
        `export * from "${NPM_PACKAGE}/${name}/${module}.js";\n`,
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

/** Entry points by export name: `parse_args.ts` is `./parse-args`. */
function exportsOf({ files }: Package): Record<string, string> {
  const entries = [...files.keys()]
    .filter((file) => !file.endsWith(".d.ts") && !file.startsWith("_"))
    .map((file) => [
      file === "mod.ts" ? "." : `./${file.slice(0, -".ts".length).replaceAll("_", "-")}`,
      `./${file}`,
    ]);
  return Object.fromEntries(entries);
}

async function readNote(): Promise<Note | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(NOTE)) as Note;
  } catch {
    return undefined; // no earlier run, or one that was cut short
  }
}

async function writeNote(note: Note): Promise<void> {
  await Deno.mkdir(VENDOR, { recursive: true });
  await Deno.writeTextFile(NOTE, JSON.stringify(note));
}

/** A proxy may answer with a page of its own, so the answer has to parse. */
async function jsrAnswers([first]: Package[]): Promise<boolean> {
  if (first === undefined) return true;
  try {
    const response = await fetch(`${JSR}/@std/${first.name}/meta.json`, {
      signal: AbortSignal.timeout(JSR_TIMEOUT_MS),
    });
    const { versions } = await response.json();
    return first.version in versions;
  } catch {
    return false;
  }
}

function folderOf({ name }: Package): URL {
  return new URL(`${new URL(JSR).host}/@std/${name}/`, VENDOR);
}

/** Writes a package in the layout in which Deno vendors one from JSR. */
async function writePackage(it: Package): Promise<void> {
  const folder = folderOf(it);
  const manifest: Record<string, { size: number; checksum: string }> = {};
  await Deno.mkdir(new URL(it.version, folder), { recursive: true });
  for (const [file, text] of it.files) {
    await Deno.writeTextFile(new URL(`${it.version}/${file}`, folder), text);
    manifest[`/${file}`] = {
      size: new TextEncoder().encode(text).length,
      checksum: `sha256-${await sha256(text)}`,
    };
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

async function removeStandIns(packages: Package[]): Promise<void> {
  for (const it of packages) {
    await Deno.remove(folderOf(it), { recursive: true }).catch(() => {});
  }
}

/** Has Deno load every entry point, which also fetches the npm package. */
async function resolves(packages: Package[]): Promise<boolean> {
  const specifiers = packages.flatMap((it) =>
    Object.keys(exportsOf(it))
      .map((path) => `jsr:@std/${it.name}@${it.version}${path.slice(1)}`)
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", ...specifiers],
    cwd: ROOT,
    stderr: "null",
    signal: AbortSignal.timeout(NPM_TIMEOUT_MS),
  }).output();
  return success;
}

async function sha256(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

if (import.meta.main) Deno.exit(await setup(Deno.args.includes("--refresh")));

/**
 * Builds the page: `web/dist/` from the sources in `web/`, and `src/server/page_files.ts`, which holds
 * it, as a package serves no files.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program that talks to its user

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

const ROOT = new URL("../", import.meta.url);
const DIST = "web/dist/";
const MODULE = "src/server/page_files.ts";

/** Files that a page loads when it first needs them. */
const PARTS: readonly string[] = [
  "actions.js",
  "panel.js",
  "search.js",
  "tabs.js",
  "icon_unread.svg",
];

/** The styles that are in scripts: they are built before these, and not served. */
const INNER = ["style.css", "actions.css", "panel.css", "search.css"];

/** The bundles, in this order: scripts hold the styles. */
const BUNDLES: Record<string, string> = {
  "style.css": "web/style.css",
  "actions.css": "web/actions.css",
  "panel.css": "web/panel.css",
  "search.css": "web/search.css",
  "page.css": "web/page.css",
  "actions.js": "web/actions.ts",
  "panel.js": "web/panel.ts",
  "search.js": "web/search.ts",
  "tabs.js": "web/tabs.ts",
  "chat.js": "web/main.ts",
};

/** Files that name others, and are built behind them; the page itself has no hash in its name. */
const NAMING = ["chat.js", "page.html"];

/** The characters of a hash in a name. */
const HASH_CHARS = 12;

/** Files that are served as they are. */
const COPIED = ["icon.svg", "icon_unread.svg"];

/** Characters of a line of the module. */
const LINE = 128;

/** Builds all files, by their names; writes what others are built with where `isBuilding`. */
export async function buildPage(isBuilding = false): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, source] of Object.entries(BUNDLES)) {
    files.set(name, await bundle(source));
    // A script is bundled with what is there.
    if (INNER.includes(name) && isBuilding) await write(`${DIST}${name}`, files.get(name)!);
  }
  for (const name of COPIED) files.set(name, await read(`web/${name}`));
  const html = (await read("web/page.html")).replace(/\n+(?=<)/g, "");
  files.set("page.html", html);
  return files;
}

/** Reads what is in `web/dist/`. */
export async function builtPage(): Promise<Map<string, string>> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(DIST, ROOT)));
  const names = entries.map(({ name }) => name);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await read(DIST + name)] as const)),
  );
}

/** Says whether a file is in others only. */
export function isInner(name: string): boolean {
  return INNER.includes(name);
}

/** Says whether a page loads a file, by its served name, when it first needs it. */
export function isLater(name: string): boolean {
  return PARTS.includes(name.replace(/-\w+\./, "."));
}

/** Unpacks a file as the module holds it. */
export function unpacked(text: string): string {
  return new TextDecoder().decode(gunzipSync(Uint8Array.fromBase64(text)));
}

async function bundle(source: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", source],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

async function write(path: string, text: string): Promise<void> {
  const old = await read(path).catch(() => undefined);
  if (old !== text) await Deno.writeTextFile(new URL(path, ROOT), text);
}

/**
 * The files by the names that they are served under: with a hash of what is in them, so that a browser
 * may keep them for good. They name each other so, too.
 */
export function servedFiles(files: Map<string, string>): Map<string, string> {
  const served = new Map<string, string>();
  const renamed: [string, string][] = [];
  const place = (name: string) => NAMING.indexOf(name);
  for (const name of [...files.keys()].sort((a, b) => place(a) - place(b))) {
    if (isInner(name)) continue;
    const text = renamed.reduce(
      (text, [name, hashed]) => text.replaceAll(`?${name}`, `?${hashed}`),
      files.get(name)!,
    );
    const [stem, ending] = name.split(".");
    const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
    const hashed = ending === "html" ? name : `${stem}-${hash}.${ending}`;
    renamed.push([name, hashed]);
    served.set(hashed, text);
  }
  return served;
}

/** Compresses harder than servers do, as it is done once: that is 3 % of what is loaded at first. */
async function packed(text: string): Promise<Uint8Array> {
  const { gzipAsync } = await import("@gfx/zopfli");
  return await gzipAsync(new TextEncoder().encode(text), { numiterations: 15 });
}

/** The module that holds the files: compressed, as they are sent. */
function moduleOf(files: Map<string, Uint8Array>): string {
  const rows = [...files].map(([name, packed]) => {
    const lines = packed.toBase64().match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
    return `  ${JSON.stringify(name)}: \`\n${lines.join("\n")}\`,\n`;
  });
  return `// Made by \`deno task page\` of what is in web/: do not edit.\n
/**
 * The files of the page, each compressed with gzip and written in base64.
 *
 * @module
 */

/** The files by the names that they are served under. */
export const PAGE_FILES: Record<string, string> = {\n${rows.join("")}};\n`;
}

if (import.meta.main) {
  await Deno.mkdir(new URL(DIST, ROOT), { recursive: true });
  const files = await buildPage(true);
  for (const [name, text] of files) await write(`${DIST}${name}`, text);
  const sent = new Map<string, Uint8Array>();
  for (const [name, text] of servedFiles(files)) sent.set(name, await packed(text));
  await write(MODULE, moduleOf(sent));
  let sum = 0;
  for (const [name, { length }] of sent) {
    if (!isLater(name)) sum += length;
    const when = isLater(name) ? ", when it is used" : "";
    console.log(`${name.padEnd(28)} ${String(length).padStart(6)} bytes compressed${when}`);
  }
  console.log(`${"at first".padEnd(28)} ${String(sum).padStart(6)}`);
}

/**
 * The source files of this project, as a test reads them.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** One of them. */
export interface SourceFile {
  /** Its path; without `src/` and the suffix where it is in there. */
  name: string;
  /** Where it is, seen from the root. */
  path: string;
  /** All of it. */
  text: string;
  /** The text without comments and without what stands in strings. */
  code: string;
  /** Its imports, each under its name here or as it stands there. */
  imports: { name: string; typesOnly: boolean }[];
}

function nameOf(path: string): string {
  return path.startsWith("src/") ? path.slice(4).replace(/\.ts$/, "") : path;
}

/** The paths of the files in a folder, and in those in it unless it is the root, that end with `suffix`. */
export function pathsIn(folder: string, suffix = ".ts"): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory && folder !== "" ? pathsIn(`${folder}${name}/`, suffix) : [`${folder}${name}`]
  ).filter((path) => path.endsWith(suffix));
}

/** Reads a file. */
export function read(path: string): SourceFile {
  const url = new URL(path, ROOT);
  const text = Deno.readTextFileSync(url);
  const bare = text.replace(/\/\*[\s\S]*?\*\/|("(?:[^"\\\n]|\\.)*")|(?<!:)\/\/.*/g, "$1");
  const statements = bare.matchAll(
    /^(?:import|export)\s+(?:(type)\s+)?(?:(\{[^}]*\}|\*|\w+)[^;{}"]*\sfrom\s+)?"([^"]+)"/gm,
  );
  const imports = [...statements].map(([, type, names = "", target = ""]) => {
    const named = names.match(/^\{([\s\S]*)\}$/)?.[1]?.split(",").map((name) => name.trim());
    const typesOnly = type !== undefined ||
      (named?.every((name) => name === "" || name.startsWith("type ")) ?? false);
    const name = target.startsWith(".")
      ? nameOf(new URL(target, url).href.slice(ROOT.href.length))
      : target;
    return { name, typesOnly };
  });
  const code = bare.replace(/"(?:[^"\\\n]|\\.)*"/g, `""`);
  return { name: nameOf(path), path, text, code, imports };
}

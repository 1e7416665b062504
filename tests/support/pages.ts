/**
 * The names in pages of documentation: paths, and functions as `src/server/connections/pump.ts:mark`.
 *
 * @module
 */

/** A function that a page names. */
export interface NamedFunction {
  /** The path of its file; `src/` may be left out. */
  path: string;
  name: string;
}

const FUNCTION = /([\w./-]+\.ts):(\w+)/g;

/** A path in backticks: a file with an ending that is one, or a folder. */
const PATH = /`([\w./-]*(?:\.(?:ts|js|json|md|svg|py)|\/))(?::\w+)?`/g;

/** Finds the functions that a page names, in its text and on the arrows of its diagrams. */
export function functionsIn(page: string): NamedFunction[] {
  return [...page.matchAll(FUNCTION)].map(([, path = "", name = ""]) => ({ path, name }));
}

/** Finds the paths in backticks of a page, each with the folder that it named before. */
export function pathsNamedIn(page: string): { path: string; folder: string }[] {
  let folder = "";
  return [...page.matchAll(PATH)].map(([, path = ""]) => {
    const named = { path, folder };
    if (path.endsWith("/")) folder = path;
    return named;
  });
}

/** Says whether a source file declares a function or method, private or not. */
export function declares(code: string, name: string): boolean {
  const modifiers = "(?:(?:export|async|static|get|set|private|readonly) )*";
  const declared = new RegExp(
    `^(?:${modifiers}function\\*? ${name}|  ${modifiers}\\*?#?${name})\\b(?!.*;$)(?: = )?[(<]`,
    "m",
  );
  return declared.test(code);
}

/** Reads the first cells of each row of the table below a heading, without its head. */
export function rowsOf(page: string, heading: string, cells: number): string[][] {
  const [, section = ""] = page.split(`# ${heading}\n`);
  const rows = section.split(/\n##+ /)[0]!.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row.split("|").slice(1, cells + 1).map((cell) => cell.trim().replaceAll("`", ""))
  );
}

/** Reads the first column of a table below a heading, without its head. */
export function firstCells(page: string, heading: string): string[] {
  return rowsOf(page, heading, 1).flat();
}

/**
 * The commands that start the programs of this package: from a clone, from JSR, or from elsewhere.
 *
 * @module
 */

/** Words to type after `deno run` and its flags, or instead of it. */
export interface Programs {
  /** The terminal chat, after `deno run -N`. */
  cli: string;
  /** The whole command that starts a server. */
  server: string;
}

/** Finds the words for the programs that `url` is a module of, in `src/`. */
export function programsOf(url: string): Programs {
  const root = new URL("../", url);
  const [, name, version] = /^\/(@[^/]+\/[^/]+)\/([^/]+)\/$/.exec(root.pathname) ?? [];
  if (root.host === "jsr.io" && name !== undefined) {
    const entry = `jsr:${name}@${version}`;
    return { cli: `${entry}/cli`, server: `deno run -NE ${entry}/server` };
  }
  if (root.protocol === "file:") return { cli: "cli.ts", server: "deno task server" };
  return { cli: `${root}cli.ts`, server: `deno run -NE ${root}server.ts` };
}

/** The words for the programs of this package. */
export const PROGRAMS: Programs = programsOf(import.meta.url);

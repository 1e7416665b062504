/**
 * How the programs of this package are started: from a clone, from JSR, or from elsewhere.
 *
 * @module
 */

/** What to type after `deno run` and its flags, or instead of it. */
export interface Programs {
  /** The terminal chat, after `deno run -N`. */
  cli: string;
  /** The whole command that starts a server. */
  server: string;
}

/** How to start the programs of which `url` is a module in `src/`. */
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

/** How to start the programs of this package. */
export const PROGRAMS: Programs = programsOf(import.meta.url);

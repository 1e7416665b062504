/**
 * Ends a connection without waiting for its peer, which no documented call of the runtime does.
 *
 * @module
 */

/** The part of the runtime that it keeps to itself; any of it may be missing in another version. */
interface Runtime {
  core?: { tryClose?: (resource: number) => void };
}

/**
 * Ends the connection behind a WebSocket that was closed, and says whether that was to be had. Not
 * for one that the runtime is still writing to: that write would go on, and nobody would know of it.
 */
export function terminate(socket: WebSocket): boolean {
  const runtime = Reflect.get(Deno, Reflect.get(Deno, "internal") ?? "") as Runtime | undefined;
  const key = Object.getOwnPropertySymbols(socket).find((name) => name.description === "[[rid]]");
  const resource: unknown = key && Reflect.get(socket, key);
  const end = runtime?.core?.tryClose;
  if (end === undefined || typeof resource !== "number") return false;
  end(resource);
  return true;
}

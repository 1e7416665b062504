/**
 * Child processes of tests.
 *
 * @module
 */

/** Sends a child process a signal; `false` where it has ended by itself. */
export function signalIfRunning(child: Deno.ChildProcess, signal: Deno.Signal): boolean {
  try {
    child.kill(signal);
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return false;
  }
}

/**
 * Child processes of tests.
 *
 * @module
 */

/** Sends a child process a signal, unless it has ended by itself. */
export function signalIfRunning(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended.
    if (!(error instanceof TypeError)) throw error;
  }
}

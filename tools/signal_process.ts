/**
 * A signal for a process that may have ended.
 *
 * Owns: nothing. Never: takes a missing right for an ended process.
 */

/**
 * Sends a signal.
 *
 * @returns false when the process has ended already, which is no failure of the caller's
 */
export function signalProcess(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * CPU time of the calling thread.
 *
 * Owns: nothing. Reads: the platform's `process`, at the first call: looking at it loads 3 MB on Deno, and `/proc/thread-self` needs every permission there.
 * Never: fails; where the platform does not tell, the time is 0.
 *
 * @module
 */

interface Platform {
  readonly process?: { threadCpuUsage?(): { readonly user: number; readonly system: number } };
}

/** CPU time of this thread in microseconds, 0 where the platform does not tell. */
export function threadCpuUs(): number {
  const usage = (globalThis as Platform).process?.threadCpuUsage?.();
  return usage === undefined ? 0 : usage.user + usage.system;
}

/**
 * Turns of the event loop, as the platform's own global gives them.
 *
 * Owns: nothing. Reads: the global `setImmediate` of Deno and Node, when it is first called: looking at it loads 1.5 MB on Deno.
 * Never: keeps a turn.
 *
 * @module
 */

/**
 * Calls back after the event loop has looked at its sockets and timers once.
 *
 * @param call What to call.
 */
export function setImmediate(call: () => void): void {
  (globalThis as unknown as { setImmediate(call: () => void): unknown }).setImmediate(call);
}

/** Settles after the event loop has looked at its sockets and timers once. */
export function afterIo(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

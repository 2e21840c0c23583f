/**
 * How many workers this thread has running.
 *
 * Owns: the count. A worker counts from its start until it was terminated.
 * Reads: nothing.
 * Never: forgets a worker that did not answer to its stop: its thread may still run, and the process may not exit.
 *
 * @module
 */

const running = new Map<number, string>();
const stuck: string[] = [];
let started = 0;

/**
 * Counts a worker.
 *
 * @returns Its number.
 */
export function workerStarted(name: string): number {
  running.set(++started, name);
  return started;
}

/**
 * Takes a worker off the count.
 *
 * @param wasStuck True when it did not answer to its stop.
 */
export function workerEnded(number: number, wasStuck: boolean): void {
  const name = running.get(number);
  if (name === undefined) return;
  running.delete(number);
  if (wasStuck) stuck.push(name);
}

/** Names of the workers that run. */
export function workersRunning(): string[] {
  return [...running.values()];
}

/** Names of the workers that were terminated because they did not answer; their threads may still run. */
export function workersStuck(): string[] {
  return [...stuck];
}

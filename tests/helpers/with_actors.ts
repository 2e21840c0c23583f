/**
 * Runs a test that starts actors and fails it when a worker is left.
 *
 * @module
 */

import { workersRunning, workersStuck } from "../../actors/kernel/worker_count.ts";
import type { ActorHandle } from "../../actors/kernel/contract.ts";

/** Milliseconds that each actor gets to stop after the test. */
const STOP_TIMEOUT_MS = 5_000;

/** Keeps what a test starts, so that it is stopped when the test ends. */
export type KeepActor = <A extends ActorHandle>(actor: A | Promise<A>) => Promise<A>;

/**
 * Runs a test body. What is given to `keep` is stopped afterwards, last first.
 *
 * @param body The test.
 * @throws {Error} When a worker still runs that was not kept, or one had to be terminated.
 */
export async function withActors(body: (keep: KeepActor) => Promise<void>): Promise<void> {
  const before = workersRunning().length;
  const stuckBefore = workersStuck().length;
  const kept: ActorHandle[] = [];
  try {
    await body(async (actor) => {
      const started = await actor;
      kept.push(started);
      return started;
    });
  } finally {
    for (const actor of kept.reverse()) {
      // One that crashed on purpose has ended already; one that does not stop shows in the count below.
      await actor.stop({ timeoutMs: STOP_TIMEOUT_MS }).catch(() => {});
    }
  }
  const left = workersRunning();
  if (left.length > before) throw new Error(`Workers were left running: ${left.slice(before).join(", ")}`);
  const stuck = workersStuck();
  if (stuck.length > stuckBefore) throw new Error(`Workers did not stop: ${stuck.slice(stuckBefore).join(", ")}`);
}

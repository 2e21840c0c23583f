/**
 * How big the conformance runs are.
 *
 * Owns: `RINGMQ_CONFORMANCE_SCALE`, a factor on message counts (1 in CI). Reads: the environment. Never: changes an assertion.
 *
 * @module
 */

const SCALE = Number(Deno.env.get("RINGMQ_CONFORMANCE_SCALE") ?? "1");

/**
 * A count of messages for this run.
 *
 * @param count The full count.
 * @returns The count times the scale, in whole hundreds, at least 400.
 */
export function scaled(count: number): number {
  return Math.max(400, Math.round(count * SCALE / 100) * 100);
}

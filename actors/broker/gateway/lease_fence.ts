/**
 * The fence before every answer: a master whose lease is over answers nothing.
 *
 * Owns: nothing. Reads: the lease in shared memory. Never: waits.
 */
import type { Clock } from "../../../store/clock.ts";
import { LeaseView } from "../../../store/memory/lease_region.ts";

/**
 * Makes the check of one gateway.
 *
 * @param lease of this mastership; undefined for brokers that are none, which are never fenced
 * @param clock of this thread
 */
export function leaseFence(lease: SharedArrayBuffer | undefined, clock: Clock): () => boolean {
  if (lease === undefined) return () => false;
  const view = new LeaseView(lease, clock);
  return () => !view.isHeld;
}

/**
 * The caller's end of PullMessageService: its signals, and the ring with what was found, in the order in which both were given.
 *
 * Owns: the count of signals, the loop that sleeps on the ring's bell. Never does: keep a batch.
 */

import { afterIo } from "../kernel/after_io.ts";
import type { ActorRef } from "../kernel/contract.ts";
import type { PullListener } from "./actor_set.ts";
import { FoundRing } from "./found_ring.ts";
import type { PullContract, PulledBatch } from "./pull_contract.ts";

/** Batches taken from the ring before the event loop has its turn. */
const BATCHES_A_TURN = 64;

/**
 * @param ref the actor
 * @param memory of its ring; undefined when it has none
 * @param listenerOf who hears of a pull; undefined when it was closed
 */
export function listenToPulls(
  ref: ActorRef<PullContract>,
  memory: SharedArrayBuffer | undefined,
  listenerOf: (id: number) => PullListener | undefined,
): void {
  const ring = memory === undefined ? undefined : new FoundRing(memory);
  let signals = 0;
  let hasEnded = false;
  const found = (batch: PulledBatch): void => listenerOf(batch.id)?.found(batch);
  /** @returns whether the ring is empty, or waits for a signal */
  const drain = (batchesMax: number): boolean => {
    for (let taken = 0; taken < batchesMax; taken++) {
      const batch = ring?.take(signals);
      if (batch === undefined) return true;
      found(batch);
    }
    return false;
  };
  /** Around each signal: first what was put into the ring before it, then what waited for it. */
  const inTurn = (handle: () => void): void => {
    drain(Infinity);
    signals = (signals + 1) | 0;
    handle();
    drain(Infinity);
  };
  ref.on("found", (batches) => inTurn(() => batches.forEach(found)));
  ref.on("empty", ({ id, nextOffset, rtMs }) => inTurn(() => listenerOf(id)?.empty(nextOffset, rtMs)));
  ref.on("illegal", ({ id, nextOffset }) => inTurn(() => listenerOf(id)?.illegal(nextOffset)));
  ref.on("trouble", (report) => inTurn(() => listenerOf(report.id)?.trouble(report)));
  ref.on("alive", (ids) => inTurn(() => ids.forEach((id) => listenerOf(id)?.alive())));
  if (ring === undefined) return;
  void ref.ended.then(() => {
    hasEnded = true;
    ring.wake();
  });
  const sleeper = ring.sleeper();
  const hasBatch = (): boolean => hasEnded || ring.hasBatch(signals);
  void (async (): Promise<void> => {
    while (!hasEnded) {
      if (drain(BATCHES_A_TURN)) await sleeper.sleep(hasBatch);
      else await afterIo();
    }
  })();
}

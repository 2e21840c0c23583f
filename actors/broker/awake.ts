/**
 * Actors that sleep until they are needed: a thread costs about ten megabytes, and many brokers never read an old message or see a
 * delayed one, a transaction or a timer; one that nobody consumes from parks no pull.
 *
 * Who asks such a peer signals `wake` first, and the main thread starts it. It is a supervised child like the others from then on.
 */
import type { Clock } from "../../store/clock.ts";
import type { Contract, PeerRef } from "../kernel/contract.ts";

/** The children that sleep. */
export type Sleeper = "cold-read" | "hold" | "schedule" | "transactions" | "timer";

/** The signal that wakes one. */
export type WakeSignal = { wake: { readonly child: Sleeper } };

/** What waking needs of an actor's context. */
interface Waker {
  readonly clock: Clock;
  signal(name: "wake", payload: WakeSignal["wake"]): boolean;
}

/** Longest wait for a thread to start, on a machine with too much to do. Milliseconds. */
const WAKE_MS_MAX = 20_000;

/** Between two looks. Milliseconds. */
const LOOK_MS = 2;

/**
 * Gives a peer's address when somebody is there.
 *
 * @param context of the asking actor
 * @param peer whom it wants to ask
 * @param child name of the child
 * @returns the same address; when nobody came in time, asking it says so
 */
export async function awake<C extends Contract>(context: Waker, peer: PeerRef<C>, child: Sleeper): Promise<PeerRef<C>> {
  if (peer.connected) return peer;
  context.signal("wake", { child });
  const deadlineMs = context.clock.monotonicMs() + WAKE_MS_MAX;
  while (!peer.connected && context.clock.monotonicMs() < deadlineMs) await context.clock.sleep(LOOK_MS);
  return peer;
}

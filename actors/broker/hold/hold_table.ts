/**
 * The table of parked pulls: by queue, woken by arrivals or by time.
 *
 * Pure state. A pull is told to wake when its queue's largest offset has passed the offset it waits at, or when its deadline has come; the
 * gateway that parked it decides then what to answer. Waking a pull that its gateway no longer knows costs nothing: its token means nothing there.
 */
import { WakeReason } from "../broker_memory.ts";

/** A parked pull. */
export interface Parked {
  readonly gateway: number;
  readonly token: number;
  readonly offset: number;
  readonly deadlineMs: number;
}

/** Called for each pull to wake. */
export type Wake = (gateway: number, token: number, reason: number) => void;

/** Tokens of one gateway lie below this. */
const TOKENS_MAX = 2 ** 32;

/** Parked pulls of a broker. */
export class HoldTable {
  readonly #bySlot = new Map<number, Map<number, Parked>>();
  #size = 0;

  /** Pulls parked now. */
  get size(): number {
    return this.#size;
  }

  /** Queues with parked pulls. */
  slots(): IterableIterator<number> {
    return this.#bySlot.keys();
  }

  /** Parks a pull; one of the same token is replaced. The caller looks at the queue again afterwards. */
  park(slot: number, parked: Parked): void {
    let pulls = this.#bySlot.get(slot);
    if (pulls === undefined) this.#bySlot.set(slot, pulls = new Map());
    const before = pulls.size;
    pulls.set(keyOf(parked), parked);
    this.#size += pulls.size - before;
  }

  /** Forgets a pull whose connection is gone. One that is not there any more was woken meanwhile. */
  forget(slot: number, gateway: number, token: number): void {
    const pulls = this.#bySlot.get(slot);
    if (pulls === undefined || !pulls.delete(keyOf({ gateway, token }))) return;
    this.#size--;
    if (pulls.size === 0) this.#bySlot.delete(slot);
  }

  /**
   * Wakes the pulls of a queue that wait below its largest offset.
   *
   * @param maxOffset of the queue, plus one
   * @returns how many were woken
   */
  arrived(slot: number, maxOffset: number, wake: Wake): number {
    const pulls = this.#bySlot.get(slot);
    if (pulls === undefined) return 0;
    return this.#wakeWhere(slot, pulls, WakeReason.Arrival, (parked) => parked.offset < maxOffset, wake);
  }

  /**
   * Wakes every pull whose deadline has come.
   *
   * @returns how many were woken
   */
  expire(nowMs: number, wake: Wake): number {
    let woken = 0;
    for (const [slot, pulls] of this.#bySlot) {
      woken += this.#wakeWhere(slot, pulls, WakeReason.Deadline, (parked) => parked.deadlineMs <= nowMs, wake);
    }
    return woken;
  }

  /** Asserts that the count fits the queues. */
  check(): void {
    let size = 0;
    for (const pulls of this.#bySlot.values()) size += pulls.size;
    if (size !== this.#size) throw new Error(`Hold table counts ${this.#size} pulls, its queues hold ${size}`);
  }

  #wakeWhere(
    slot: number,
    pulls: Map<number, Parked>,
    reason: number,
    due: (parked: Parked) => boolean,
    wake: Wake,
  ): number {
    let woken = 0;
    for (const [key, parked] of pulls) {
      if (!due(parked)) continue;
      pulls.delete(key);
      woken++;
      wake(parked.gateway, parked.token, reason);
    }
    this.#size -= woken;
    if (pulls.size === 0) this.#bySlot.delete(slot);
    return woken;
  }
}

function keyOf({ gateway, token }: Pick<Parked, "gateway" | "token">): number {
  return gateway * TOKENS_MAX + token;
}

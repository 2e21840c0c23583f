/**
 * The table of parked pulls: by queue, woken by arrivals or by time.
 *
 * Pure state. A pull is told to wake when its queue's largest offset has passed the offset it waits at, or when its deadline has come; the
 * gateway that parked it decides then what to answer. Forgetting a pull that its gateway no longer knows costs nothing: its token means nothing there.
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

/** Parked pulls of a broker. */
export class HoldTable {
  readonly #bySlot = new Map<number, Parked[]>();
  #size = 0;

  /** Pulls parked now. */
  get size(): number {
    return this.#size;
  }

  /** Queues with parked pulls. */
  slots(): IterableIterator<number> {
    return this.#bySlot.keys();
  }

  /** Parks a pull. The caller looks at the queue again afterwards. */
  park(slot: number, parked: Parked): void {
    const list = this.#bySlot.get(slot);
    if (list === undefined) this.#bySlot.set(slot, [parked]);
    else list.push(parked);
    this.#size++;
  }

  /**
   * Wakes the pulls of a queue that wait below its largest offset.
   *
   * @param maxOffset of the queue, plus one
   * @returns how many were woken
   */
  arrived(slot: number, maxOffset: number, wake: Wake): number {
    const list = this.#bySlot.get(slot);
    if (list === undefined) return 0;
    return this.#wakeWhere(slot, list, WakeReason.Arrival, (parked) => parked.offset < maxOffset, wake);
  }

  /**
   * Wakes every pull whose deadline has come.
   *
   * @returns how many were woken
   */
  expire(nowMs: number, wake: Wake): number {
    let woken = 0;
    for (const [slot, list] of this.#bySlot) {
      woken += this.#wakeWhere(slot, list, WakeReason.Deadline, (parked) => parked.deadlineMs <= nowMs, wake);
    }
    return woken;
  }

  /** Asserts that the count fits the lists. */
  check(): void {
    let size = 0;
    for (const list of this.#bySlot.values()) size += list.length;
    if (size !== this.#size) throw new Error(`Hold table counts ${this.#size} pulls, its lists hold ${size}`);
  }

  #wakeWhere(slot: number, list: Parked[], reason: number, due: (parked: Parked) => boolean, wake: Wake): number {
    let kept = 0;
    for (const parked of list) {
      if (due(parked)) wake(parked.gateway, parked.token, reason);
      else list[kept++] = parked;
    }
    const woken = list.length - kept;
    list.length = kept;
    this.#size -= woken;
    if (kept === 0) this.#bySlot.delete(slot);
    return woken;
  }
}

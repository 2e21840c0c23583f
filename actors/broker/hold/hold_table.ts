/**
 * The table of parked pulls: by queue, woken by arrivals or by time.
 *
 * Pure state. A pull is told to wake when its queue's largest offset has passed the offset it waits at and something there may match its filter, or when its deadline has come;
 * the gateway that parked it decides then what to answer. Waking a pull that its gateway no longer knows costs nothing: its token means nothing there.
 */
import { WakeReason } from "../broker_memory.ts";

/** A parked pull. */
export interface Parked {
  readonly gateway: number;
  readonly token: number;
  /** Offset that it waits at. */
  readonly offset: number;
  readonly deadlineMs: number;
  /** Queue within its topic. */
  readonly queueId: number;
  /** Number that its gateway gave to what it filters by; 0 when every message matches. */
  readonly filterId: number;
}

/** Called for each pull to wake, with the offset to go on at: what lies before it does not match. */
export type Wake = (gateway: number, token: number, reason: number, offset: number) => void;

/** Finds the first offset from `from` on whose message may match a pull's filter; `to` when there is none below. */
export type FirstMatch = (parked: Parked, from: number, to: number) => number;

/** A pull with the offset up to which nothing matches. */
interface Held {
  readonly parked: Parked;
  seen: number;
}

/** Tokens of one gateway lie below this. */
const TOKENS_MAX = 2 ** 32;

/** Parked pulls of a broker. */
export class HoldTable {
  readonly #bySlot = new Map<number, Map<number, Held>>();
  readonly #firstMatch: FirstMatch;
  #size = 0;

  /** @param firstMatch looks into the messages that have come; without it everything may match */
  constructor(firstMatch: FirstMatch = (_, from) => from) {
    this.#firstMatch = firstMatch;
  }

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
    pulls.set(keyOf(parked), { parked, seen: parked.offset });
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
   * Wakes the pulls of a queue that wait below its largest offset for something that may be there.
   *
   * @param maxOffset of the queue, plus one
   * @returns how many were woken
   */
  arrived(slot: number, maxOffset: number, wake: Wake): number {
    const pulls = this.#bySlot.get(slot);
    if (pulls === undefined) return 0;
    return this.#wakeWhere(slot, pulls, WakeReason.Arrival, (held) => this.#mayMatch(held, maxOffset), wake);
  }

  /**
   * Wakes every pull whose deadline has come.
   *
   * @returns how many were woken
   */
  expire(nowMs: number, wake: Wake): number {
    let woken = 0;
    for (const [slot, pulls] of this.#bySlot) {
      woken += this.#wakeWhere(slot, pulls, WakeReason.Deadline, ({ parked }) => parked.deadlineMs <= nowMs, wake);
    }
    return woken;
  }

  /** Asserts that the count fits the queues. */
  check(): void {
    let size = 0;
    for (const pulls of this.#bySlot.values()) size += pulls.size;
    if (size !== this.#size) throw new Error(`Hold table counts ${this.#size} pulls, its queues hold ${size}`);
  }

  #mayMatch(held: Held, maxOffset: number): boolean {
    if (held.seen >= maxOffset) return false;
    if (held.parked.filterId !== 0) held.seen = this.#firstMatch(held.parked, held.seen, maxOffset);
    return held.seen < maxOffset;
  }

  #wakeWhere(
    slot: number,
    pulls: Map<number, Held>,
    reason: number,
    due: (held: Held) => boolean,
    wake: Wake,
  ): number {
    let woken = 0;
    for (const [key, held] of pulls) {
      if (!due(held)) continue;
      pulls.delete(key);
      woken++;
      wake(held.parked.gateway, held.parked.token, reason, held.seen);
    }
    this.#size -= woken;
    if (pulls.size === 0) this.#bySlot.delete(slot);
    return woken;
  }
}

function keyOf({ gateway, token }: Pick<Parked, "gateway" | "token">): number {
  return gateway * TOKENS_MAX + token;
}

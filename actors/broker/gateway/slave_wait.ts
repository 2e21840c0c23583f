/**
 * Waits for the slaves in the gateway's own thread, where one client is all there is to serve.
 *
 * A client that has one send in flight sends nothing until it is answered, and an event loop that waits for the bell is there about 50 µs later than a thread
 * that blocks on it. Anyone else's request would have to wait meanwhile, so there must not have been any: each of the last reads brought one send of the same
 * connection. Slaves that are not quick are left to the event loop.
 *
 * Owns: when it waits. Reads: the acknowledgements that wait. Never: waits longer than a millisecond. For a tenth of a second it does not wait at all for slaves
 * that took longer three times in a row.
 */
import type { Clock } from "../../../store/clock.ts";
import type { BellSleeper } from "../../../store/memory/doorbell.ts";
import type { AckQueue } from "./ack_hold.ts";
import type { GatewayConnection } from "./connection.ts";

/** So many sends in a row make a client alone. */
const ALONE_SENDS = 8;

/** Longest wait. Milliseconds. */
const WAIT_MS_MAX = 1;

/** One wait in vain may be a busy machine; so many in a row are a slow slave. */
const VAIN_MAX = 3;

/** So long slow slaves are left to the event loop. Milliseconds. */
const LEAVE_MS = 100;

/** The loop of a gateway. */
export interface GatewayLoop {
  /** Its sleep. */
  readonly sleeper: Pick<BellSleeper, "block" | "wake">;
  /** Whether there is anything for it to do besides acknowledgements. */
  readonly hasOther: () => boolean;
  /** Reads of the gateway so far. */
  readonly reads: () => number;
}

/** What this works with. */
export interface SlaveWaitParts extends GatewayLoop {
  readonly acks: AckQueue;
  readonly clock: Clock;
  /** Up to where acknowledgements may leave. */
  readonly position: () => number;
}

/** The waits of one gateway. */
export class SlaveWait {
  readonly #parts: SlaveWaitParts;
  readonly #hasWork: () => boolean;
  #connection: GatewayConnection | undefined;
  #reads = 0;
  #sends = 0;
  #vain = 0;
  #leftUntilMs = -Infinity;

  /** @param parts what it works with */
  constructor(parts: SlaveWaitParts) {
    this.#parts = parts;
    this.#hasWork = (): boolean => parts.acks.nextPosition <= parts.position() || parts.hasOther();
  }

  /** Something was written, and acknowledgements wait for slaves. */
  written(): void {
    const { clock, sleeper, hasOther } = this.#parts;
    if (!this.#isAlone()) return;
    let nowMs = clock.monotonicMs();
    if (nowMs < this.#leftUntilMs) return;
    const endMs = nowMs + WAIT_MS_MAX;
    // A ring may tell of something else: of what the device has, or of what another gateway's clients wait for.
    do {
      sleeper.block(this.#hasWork, endMs - nowMs);
      nowMs = clock.monotonicMs();
    } while (nowMs < endMs && !this.#hasWork());
    // What came meanwhile rang here, and is the loop's.
    if (hasOther()) sleeper.wake();
    if (this.#hasWork()) {
      this.#vain = 0;
    } else if (++this.#vain >= VAIN_MAX) {
      this.#vain = 0;
      this.#leftUntilMs = nowMs + LEAVE_MS;
    }
  }

  #isAlone(): boolean {
    const { acks } = this.#parts;
    const reads = this.#parts.reads();
    const connection = acks.lastConnection;
    const isSame = acks.length === 1 && connection === this.#connection && reads - this.#reads === 1;
    this.#connection = connection;
    this.#reads = reads;
    this.#sends = isSame ? this.#sends + 1 : 0;
    return this.#sends >= ALONE_SENDS;
  }
}

/**
 * The replication table: what each slave has confirmed, in shared memory.
 *
 * ```
 *   descriptor | master connected | loan of GroupTransferService's turn | for each slave: generation, odd while the place is taken; id in its failover set; confirmed position
 * ```
 *
 * HAService takes, updates and gives back the places of its slaves. GroupTransferService reads how far enough of them are, gateways read whether a send has to be refused.
 * HAClient says whether its master is connected. It never knows what a position means to a producer.
 */
import { Cursor } from "./cursor.ts";
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./region.ts";
import { TurnLoan } from "./turn_loan.ts";

const MAGIC = 0x5245504c;
const LAYOUT_VERSION = 3;

/** Slaves of one master at most. */
export const SLAVES_MAX = 16;

const MASTER_CONNECTED_BYTE = WORD_STRIDE_BYTES;
const LOAN_BYTE = 2 * WORD_STRIDE_BYTES;
const FIRST_SLAVE_BYTE = 3 * WORD_STRIDE_BYTES;
const ID_BYTE = 4;
const CONFIRMED_BYTE = 8;

/** Tries to read a place that is given to others again and again. */
const READS_MAX = 100;
const REGION_BYTES = FIRST_SLAVE_BYTE + SLAVES_MAX * WORD_STRIDE_BYTES;

/** Creates the region of the table: no slave, no master. */
export function createReplicationTable(): SharedArrayBuffer {
  return createRegion({ magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: SLAVES_MAX }, REGION_BYTES);
}

/** One thread's view of the table. */
export class ReplicationTable {
  /** GroupTransferService's turn, which HAService takes while that one sleeps. */
  readonly loan: TurnLoan;
  readonly #masterConnected: Int32Array;
  readonly #taken: readonly Int32Array[];
  readonly #ids: readonly Int32Array[];
  readonly #confirmed: readonly Cursor[];

  /**
   * @param buffer what {@linkcode createReplicationTable} returned
   * @throws {RegionMismatchError} when it is something else
   */
  constructor(buffer: SharedArrayBuffer) {
    attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#masterConnected = new Int32Array(buffer, MASTER_CONNECTED_BYTE, 1);
    this.loan = new TurnLoan(buffer, LOAN_BYTE);
    const starts = Array.from({ length: SLAVES_MAX }, (_, place) => FIRST_SLAVE_BYTE + place * WORD_STRIDE_BYTES);
    this.#taken = starts.map((start) => new Int32Array(buffer, start, 1));
    this.#ids = starts.map((start) => new Int32Array(buffer, start + ID_BYTE, 1));
    this.#confirmed = starts.map((start) => new Cursor(buffer, start + CONFIRMED_BYTE));
  }

  /** Whether the master of this slave is connected. */
  get isMasterConnected(): boolean {
    return Atomics.load(this.#masterConnected, 0) === 1;
  }

  /** Stores {@link isMasterConnected}. Only HAClient. */
  set isMasterConnected(value: boolean) {
    Atomics.store(this.#masterConnected, 0, value ? 1 : 0);
  }

  /** Slaves that have a place. */
  get slaves(): number {
    return this.#taken.reduce((count, taken) => count + (Atomics.load(taken, 0) & 1), 0);
  }

  /**
   * Takes a place for a slave. Only HAService.
   *
   * @param confirmed position that the slave reported
   * @param brokerId of the slave in its failover set; 0 where there is none
   * @returns the place; −1 when all are taken
   */
  take(confirmed: number, brokerId = 0): number {
    const place = this.#taken.findIndex((taken) => (Atomics.load(taken, 0) & 1) === 0);
    if (place < 0) return -1;
    this.#confirmed[place]!.store(confirmed);
    Atomics.store(this.#ids[place]!, 0, brokerId);
    Atomics.add(this.#taken[place]!, 0, 1);
    return place;
  }

  /** Stores what a slave has confirmed. Only HAService. */
  confirm(place: number, position: number): void {
    this.#confirmed[place]!.store(position);
  }

  /** Gives a place back. Only HAService. */
  release(place: number): void {
    const taken = this.#taken[place]!;
    if ((Atomics.load(taken, 0) & 1) === 1) Atomics.add(taken, 0, 1);
  }

  /** Gives every place back: an incarnation of HAService before this one may have left some. Only HAService. */
  releaseAll(): void {
    for (let place = 0; place < SLAVES_MAX; place++) this.release(place);
  }

  /**
   * The position that so many slaves have confirmed, or passed.
   *
   * @param slaves at least 1
   * @returns −1 when there are not so many
   */
  confirmedBy(slaves: number): number {
    const positions: number[] = [];
    for (let place = 0; place < SLAVES_MAX; place++) {
      if ((Atomics.load(this.#taken[place]!, 0) & 1) === 1) positions.push(this.#confirmed[place]!.load());
    }
    if (positions.length < slaves) return -1;
    return positions.sort((left, right) => right - left)[slaves - 1]!;
  }

  /**
   * The position that a member of the failover set has confirmed.
   *
   * A place may go to another slave while it is read: its generation tells. Where one member has two places for a moment, the lower counts.
   *
   * @returns −1 when it is not connected
   * @throws {Error} when a place changes hands faster than it can be read
   */
  confirmedOf(brokerId: number): number {
    let least = -1;
    for (let place = 0; place < SLAVES_MAX; place++) {
      const confirmed = this.#confirmedAt(place, brokerId);
      if (confirmed >= 0) least = least < 0 ? confirmed : Math.min(least, confirmed);
    }
    return least;
  }

  #confirmedAt(place: number, brokerId: number): number {
    const taken = this.#taken[place]!;
    for (let read = 0; read < READS_MAX; read++) {
      const generation = Atomics.load(taken, 0);
      if ((generation & 1) === 0 || Atomics.load(this.#ids[place]!, 0) !== brokerId) return -1;
      const confirmed = this.#confirmed[place]!.load();
      if (Atomics.load(taken, 0) === generation) return confirmed;
    }
    throw new Error(`Cannot read place ${place} of the replication table: it changed ${READS_MAX} times`);
  }

  /**
   * Slaves that are less than `gapBytes` behind a position.
   *
   * Source: apache/rocketmq store/ha/DefaultHAService.java isInSyncSlave
   */
  inSync(position: number, gapBytes: number): number {
    let count = 0;
    for (let place = 0; place < SLAVES_MAX; place++) {
      if ((Atomics.load(this.#taken[place]!, 0) & 1) === 0) continue;
      if (position - this.#confirmed[place]!.load() < gapBytes) count++;
    }
    return count;
  }
}

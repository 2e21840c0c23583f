/**
 * The sync-state set in shared memory: who is in it, and for whom acknowledgements wait.
 *
 * The two differ while a change is on its way to the agreement: who is to be added is waited for before the change is written there, who is to go until it is known to be written. So whatever the
 * agreement holds at any moment, each of its members has everything that was acknowledged.
 *
 * ```
 *   descriptor | version | 8 slots, the one of a version is version mod 8:
 *                          number of the set (2 words), members, required members, ids of both
 * ```
 *
 * The main thread writes, everybody reads. A slot is written before its version is published and written again only seven versions later, so a copy holds when the version has not moved so far meanwhile.
 */
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./region.ts";
import { Cursor } from "./cursor.ts";

const MAGIC = 0x53594e43;
const LAYOUT_VERSION = 1;

/** Members at most: a master and as many followers as the replication table has places. */
export const SYNC_STATE_MEMBERS_MAX = 17;

const SLOTS = 8;
const EPOCH_BYTE = 0;
const COUNTS_BYTE = 8;
const IDS_BYTE = 16;
const SLOT_BYTES = Math.ceil((IDS_BYTE + 2 * SYNC_STATE_MEMBERS_MAX * 4) / 8) * 8;
const FIRST_SLOT_BYTE = 2 * WORD_STRIDE_BYTES;
const REGION_BYTES = FIRST_SLOT_BYTE + SLOTS * SLOT_BYTES;

/** Copies that are tried before something must be wrong. */
const READS_MAX = 100;

/** One state of the set. */
export interface SyncState {
  /** Number of the set that is agreed upon. */
  readonly epoch: number;
  /** Members that are agreed upon. */
  readonly members: readonly number[];
  /** Members that acknowledgements wait for: those, and who is about to be one. */
  readonly required: readonly number[];
}

/** Creates the region: nobody is a member. */
export function createSyncState(): SharedArrayBuffer {
  return createRegion({ magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: SYNC_STATE_MEMBERS_MAX }, REGION_BYTES);
}

/** One thread's view of the set. */
export class SyncStateRegion {
  readonly #version: Int32Array;
  readonly #words: Int32Array;
  readonly #epochs: readonly Cursor[];
  #readVersion = -1;
  #read: SyncState = { epoch: 0, members: [], required: [] };

  /**
   * @param buffer what {@linkcode createSyncState} returned
   * @throws {RegionMismatchError} when it is something else
   */
  constructor(buffer: SharedArrayBuffer) {
    attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#version = new Int32Array(buffer, WORD_STRIDE_BYTES, 1);
    this.#words = new Int32Array(buffer);
    this.#epochs = Array.from({ length: SLOTS }, (_, slot) => new Cursor(buffer, slotStart(slot) + EPOCH_BYTE));
  }

  /** Publishes a state. Only the main thread. @throws {RangeError} when there are too many members */
  publish(state: SyncState): void {
    const { epoch, members, required } = state;
    if (Math.max(members.length, required.length) > SYNC_STATE_MEMBERS_MAX) {
      throw new RangeError(
        `Cannot publish sync-state set [${members}], required [${required}]: limit is ${SYNC_STATE_MEMBERS_MAX}`,
      );
    }
    const version = Atomics.load(this.#version, 0) + 1;
    const at = slotStart(version % SLOTS) / 4;
    this.#epochs[version % SLOTS]!.store(epoch);
    Atomics.store(this.#words, at + COUNTS_BYTE / 4, members.length);
    Atomics.store(this.#words, at + COUNTS_BYTE / 4 + 1, required.length);
    const ids = at + IDS_BYTE / 4;
    members.forEach((id, index) => Atomics.store(this.#words, ids + index, id));
    required.forEach((id, index) => Atomics.store(this.#words, ids + SYNC_STATE_MEMBERS_MAX + index, id));
    Atomics.store(this.#version, 0, version);
  }

  /** The state now; the same object as long as nothing was published. @throws {Error} when it changes faster than it can be read */
  read(): SyncState {
    for (let read = 0; read < READS_MAX; read++) {
      const version = Atomics.load(this.#version, 0);
      if (version === this.#readVersion) return this.#read;
      const state = this.#copy(version % SLOTS);
      if (Atomics.load(this.#version, 0) - version >= SLOTS - 1) continue;
      this.#readVersion = version;
      this.#read = state;
      return state;
    }
    throw new Error(`Cannot read the sync-state set: it changed ${READS_MAX} times meanwhile`);
  }

  #copy(slot: number): SyncState {
    const at = slotStart(slot) / 4;
    const ids = at + IDS_BYTE / 4;
    const list = (first: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => Atomics.load(this.#words, first + index));
    return {
      epoch: this.#epochs[slot]!.load(),
      members: list(ids, Atomics.load(this.#words, at + COUNTS_BYTE / 4)),
      required: list(ids + SYNC_STATE_MEMBERS_MAX, Atomics.load(this.#words, at + COUNTS_BYTE / 4 + 1)),
    };
  }
}

function slotStart(slot: number): number {
  return FIRST_SLOT_BYTE + slot * SLOT_BYTES;
}

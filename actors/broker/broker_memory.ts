/**
 * The shared memory of one broker process: the log, and the token rings between its actors.
 *
 * It owns which bell and which ring belongs to whom. Created once by the main thread, handed to every actor at its start.
 */
import type { Doorbell } from "../../store/memory/doorbell.ts";
import { createLogMemory, type LogMemory, type LogMemoryBuffers } from "../../store/memory/log_memory.ts";
import { createReplicationTable } from "../../store/memory/replication_table.ts";
import { createSyncState } from "../../store/memory/sync_state.ts";
import { createTokenRing } from "../../store/memory/token_ring.ts";

/** Gateways of one broker at most. */
export const GATEWAYS_MAX = 8;

/** Bells of threads that sleep for several reasons, as indexes of `LogMemory.waiterBell`. Gateway n has bell n. */
export const WaiterBell = { Hold: 8, Schedule: 9, GroupTransfer: 11, Timer: 12, Commit: 14 } as const;

/** Bells of all gateways, those that are not there included; without one of them when it is named. */
export function gatewayBells(memory: LogMemory, without?: number): Doorbell[] {
  return [...Array(GATEWAYS_MAX).keys()].filter((index) => index !== without).map((index) => memory.waiterBell(index));
}

/** Words of a park record: token, slot, offset (two words), deadline in ms since 1970 (two words), queue id, number of the filter. */
export const PARK_WORDS = 8;

/** Deadline of a park record that takes back what was parked, because its connection is gone. */
export const PARK_GONE = 0;

/** Words of a wake record: token, reason, offset to go on at (two words). */
export const WAKE_WORDS = 4;

/** Words of an arrival record: slot. */
export const ARRIVAL_WORDS = 1;

/** Why a parked pull is woken. */
export const WakeReason = { Arrival: 0, Deadline: 1 } as const;

/** Buffers of one broker; plain data that crosses threads. */
export interface BrokerMemoryBuffers {
  /** The commit log's ring, cursors, locks and bells. */
  readonly log: LogMemoryBuffers;
  /** Slots with new messages, from ReputMessageService to PullRequestHoldService. */
  readonly arrivals: SharedArrayBuffer;
  /** Pulls that found nothing, from each gateway to PullRequestHoldService. */
  readonly parks: readonly SharedArrayBuffer[];
  /** Pulls to look at again, from PullRequestHoldService to each gateway. */
  readonly wakes: readonly SharedArrayBuffer[];
  /** What slaves have confirmed, and whether the master of this slave is connected. */
  readonly replication: SharedArrayBuffer;
  /** Of a failover set: who must have what is acknowledged. */
  readonly syncState: SharedArrayBuffer;
}

/**
 * Creates the shared memory of a broker.
 *
 * @param options gateways; bytes of the log ring; bytes of the largest append
 */
export function createBrokerMemory(
  options: { gateways: number; ringBytes: number; appendBytesMax: number },
): BrokerMemoryBuffers {
  if (options.gateways < 1 || options.gateways > GATEWAYS_MAX) {
    throw new RangeError(`Cannot create broker memory: ${options.gateways} gateways, allowed are 1 to ${GATEWAYS_MAX}`);
  }
  const each = (words: number): SharedArrayBuffer[] =>
    Array.from({ length: options.gateways }, () => createTokenRing({ records: 16_384, recordWords: words }));
  return {
    log: createLogMemory(options),
    arrivals: createTokenRing({ records: 16_384, recordWords: ARRIVAL_WORDS }),
    parks: each(PARK_WORDS),
    wakes: each(WAKE_WORDS),
    replication: createReplicationTable(),
    syncState: createSyncState(),
  };
}

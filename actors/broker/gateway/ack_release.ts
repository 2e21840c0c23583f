/**
 * When acknowledgements leave that wait for more than the write, and what becomes of those whose time is over.
 *
 * Owns: the rule for each flush mode and role, and who syncs. Reads: the cursors of the log. Never: holds an acknowledgement itself, {@link AckQueue} does.
 */
import { decodeFrame, encodeFrame } from "../../../protocol/frame.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { Clock } from "../../../store/clock.ts";
import type { LogSync } from "../../../store/log_sync.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import type { AckQueue, LateAck } from "./ack_hold.ts";
import type { GatewayConnection } from "./connection.ts";
import type { GatewayReplication } from "./gateway_replication.ts";
import { type GatewayLoop, SlaveWait } from "./slave_wait.ts";

/** So much is synced by the gateway that waits for it. Bytes. */
const OWN_SYNC_BYTES_MAX = 16 * 1024;

/** A sync that took longer holds up other clients too much. Milliseconds. */
const SLOW_SYNC_MS = 10;

/** One slow sync may be a busy machine; so many in a row are a slow device. */
const SLOW_SYNCS_MAX = 3;

/** So long a gateway leaves syncs of a slow device to FlushCommitLogService. Milliseconds. */
const LEAVE_MS = 1_000;

/** What this works with. */
export interface AckReleaseParts {
  readonly values: Pick<BrokerValues, "flushDiskType" | "slaveTimeout" | "syncFlushTimeout">;
  readonly memory: LogMemory;
  readonly acks: AckQueue;
  readonly replication: GatewayReplication;
  /** Syncs the log in this thread. */
  readonly sync: LogSync;
  readonly clock: Clock;
  /** The loop of this gateway. */
  readonly loop: GatewayLoop;
  /** The thread is this gateway's alone, and writes what it appends. */
  readonly mayBlock: boolean;
  /** Output of a connection is ready for the end of the turn. */
  readonly markDirty: (connection: GatewayConnection) => void;
}

/** The rule of one gateway. */
export class AckRelease {
  /** Whether acknowledgements wait for more than the write. */
  readonly holds: boolean;
  /** How long they wait, milliseconds; the time of the slaves counts where both are waited for. */
  readonly timeoutMs: number;
  readonly #parts: AckReleaseParts;
  readonly #waitsForDevice: boolean;
  readonly #waitsForSlaves: boolean;
  readonly #slaveWait: SlaveWait;
  #syncs = 0;
  #slowSyncs = 0;
  #leftUntilMs = -Infinity;

  /** @param parts what it works with */
  constructor(parts: AckReleaseParts) {
    const { values: { flushDiskType, slaveTimeout, syncFlushTimeout }, replication } = parts;
    this.#parts = parts;
    this.#slaveWait = new SlaveWait({ ...parts, ...parts.loop, position: () => this.position() });
    this.#waitsForDevice = flushDiskType === "SYNC_FLUSH";
    this.#waitsForSlaves = replication.waits;
    this.holds = this.#waitsForDevice || this.#waitsForSlaves;
    this.timeoutMs = this.#waitsForSlaves ? slaveTimeout : syncFlushTimeout;
  }

  /** Syncs that this thread made. */
  get syncs(): number {
    return this.#syncs;
  }

  /** Up to where acknowledgements may leave. */
  position(): number {
    const { flushed, replicated } = this.#parts.memory;
    if (!this.#waitsForSlaves) return flushed.load();
    return this.#waitsForDevice ? Math.min(flushed.load(), replicated.load()) : replicated.load();
  }

  /**
   * Something was written, and acknowledgements may wait for it. What is little, and waits for a quick device only, this thread brings there itself: clients that wait
   * send nothing meanwhile, and two threads that wake each other take longer than a sync. What is much is synced beside the next requests.
   */
  written(): void {
    const { memory, acks, replication, mayBlock } = this.#parts;
    if (this.#waitsForSlaves) {
      if (this.#waitsForDevice) memory.askSync();
      if (acks.length === 0) return;
      replication.written();
      if (replication.isLonely) acks.dropAbove(memory.replicated.load(), this.#alone);
      else if (mayBlock) this.#slaveWait.written();
    } else if (this.#waitsForDevice && !this.#isSynced()) memory.askSync();
  }

  /** Syncs in this thread, where that is better. @returns false when FlushCommitLogService has to */
  #isSynced(): boolean {
    const { sync, acks, clock, mayBlock } = this.#parts;
    if (!mayBlock || acks.length === 0 || sync.behindBytes > OWN_SYNC_BYTES_MAX) return false;
    const beganMs = clock.monotonicMs();
    if (beganMs < this.#leftUntilMs) return false;
    if (sync.trySync() === undefined) return false;
    this.#syncs++;
    const endedMs = clock.monotonicMs();
    this.#slowSyncs = endedMs - beganMs > SLOW_SYNC_MS ? this.#slowSyncs + 1 : 0;
    if (this.#slowSyncs >= SLOW_SYNCS_MAX) {
      this.#slowSyncs = 0;
      this.#leftUntilMs = endedMs + LEAVE_MS;
    }
    return true;
  }

  /** The device or the slaves did not take a record in time: the producer is told so, with the record's place. */
  readonly late: LateAck = (connection, arena, start, end, position) => {
    const isLateSlave = this.#waitsForSlaves && position > this.#parts.memory.replicated.load();
    const code = isLateSlave ? ResponseCode.FLUSH_SLAVE_TIMEOUT : ResponseCode.FLUSH_DISK_TIMEOUT;
    this.#answer(connection, arena.slice(start, end), code);
  };

  /** No slave is near enough to be waited for. */
  readonly #alone: LateAck = (connection, arena, start, end) =>
    this.#answer(connection, arena.slice(start, end), ResponseCode.SLAVE_NOT_AVAILABLE);

  /** Sends an acknowledgement with another code: the message is stored all the same. Source: apache/rocketmq broker SendMessageProcessor.handlePutMessageResult */
  #answer(connection: GatewayConnection, frame: Uint8Array, code: number): void {
    connection.push(encodeFrame({ ...decodeFrame(frame), code }));
    this.#parts.markDirty(connection);
  }
}

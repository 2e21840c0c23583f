/**
 * When acknowledgements leave that wait for more than the write, and what becomes of those whose time is over.
 *
 * Owns: the rule for each flush mode and role. Reads: the cursors of the log. Never: holds an acknowledgement itself, {@link AckQueue} does.
 */
import { decodeFrame, encodeFrame } from "../../../protocol/frame.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import type { AckQueue, LateAck } from "./ack_hold.ts";
import type { GatewayConnection } from "./connection.ts";
import type { GatewayReplication } from "./gateway_replication.ts";

/** What this works with. */
export interface AckReleaseParts {
  readonly values: Pick<BrokerValues, "flushDiskType" | "slaveTimeout" | "syncFlushTimeout">;
  readonly memory: LogMemory;
  readonly acks: AckQueue;
  readonly replication: GatewayReplication;
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

  /** @param parts what it works with */
  constructor(parts: AckReleaseParts) {
    const { values: { flushDiskType, slaveTimeout, syncFlushTimeout }, replication } = parts;
    this.#parts = parts;
    this.#waitsForDevice = flushDiskType === "SYNC_FLUSH";
    this.#waitsForSlaves = replication.waits;
    this.holds = this.#waitsForDevice || this.#waitsForSlaves;
    this.timeoutMs = this.#waitsForSlaves ? slaveTimeout : syncFlushTimeout;
  }

  /** Up to where acknowledgements may leave. */
  position(): number {
    const { flushed, replicated } = this.#parts.memory;
    if (!this.#waitsForSlaves) return flushed.load();
    return this.#waitsForDevice ? Math.min(flushed.load(), replicated.load()) : replicated.load();
  }

  /** What was written is waited for. */
  held(): void {
    const { memory, acks, replication } = this.#parts;
    if (this.#waitsForDevice) memory.flushBell.ring();
    if (!this.#waitsForSlaves) return;
    replication.written();
    if (replication.isLonely) acks.dropAbove(memory.replicated.load(), this.#alone);
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

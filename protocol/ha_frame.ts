/**
 * Replication between a master and a slave, as long as no controller is there: raw TCP on the HA port, big-endian.
 *
 * ```
 * slave → master   i64 end of the slave's log                      first, after each append, and every 5 s
 * master → slave   i64 start │ i32 size │ size bytes of the log    never across the end of a file
 * master → slave   i64 next  │ i32 0                               when nothing was written for 5 s
 * ```
 *
 * Owns both layouts and the joining of split reads. What a position means, and whether it fits the own log, is the
 * business of the two services.
 *
 * Source: apache/rocketmq store/ha/DefaultHAConnection.java WriteSocketService, DefaultHAClient.java dispatchReadRequest.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { readInt, readLong, writeInt, writeLong } from "./java_number.ts";

/** Bytes of a slave's report. Source: apache/rocketmq store/ha/DefaultHAClient.java REPORT_HEADER_SIZE. */
export const HA_REPORT_BYTES = 8;

/** Bytes before the data of a transfer. Source: apache/rocketmq store/ha/DefaultHAConnection.java TRANSFER_HEADER_SIZE. */
export const HA_TRANSFER_HEADER_BYTES = 12;

/** Bytes of one transfer that a master sends at most. Source: apache/rocketmq store/config/MessageStoreConfig.java haTransferBatchSize. */
export const HA_TRANSFER_BATCH_BYTES = 32_768;

/**
 * Largest data of one transfer that is accepted, bytes: what fits the read buffer of Apache's slave with its header.
 * Source: apache/rocketmq store/ha/DefaultHAClient.java READ_MAX_BUFFER_SIZE.
 */
export const HA_TRANSFER_BYTES_MAX: number = 4_194_304 - HA_TRANSFER_HEADER_BYTES;

const ROOM_BYTES_MIN = 65_536;

/** One transfer of a master. */
export interface HaTransfer {
  /** Position of the first byte in the commit log; without data the position that comes next. */
  readonly offset: number;
  /** Bytes of the log, empty in a heartbeat; a view that holds until the next `push()`. */
  readonly data: Uint8Array;
}

/**
 * Encodes a report.
 *
 * @param offset End of the slave's log
 * @returns 8 bytes
 */
export function encodeHaReport(offset: number): Uint8Array {
  const bytes = new Uint8Array(HA_REPORT_BYTES);
  writeLong(bytes, 0, offset);
  return bytes;
}

/**
 * Encodes what stands before the data of a transfer.
 *
 * @param offset Position of the first byte
 * @param dataBytes Bytes of data that follow; 0 makes a heartbeat
 * @returns 12 bytes
 */
export function encodeHaTransferHeader(offset: number, dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(HA_TRANSFER_HEADER_BYTES);
  writeLong(bytes, 0, offset);
  writeInt(bytes, 8, dataBytes);
  return bytes;
}

/** Reads the reports of a slave: only the newest counts. */
export class HaReportDecoder {
  readonly #rest = new Uint8Array(HA_REPORT_BYTES);
  #restBytes = 0;

  /**
   * Takes bytes as they were read.
   *
   * @param chunk The bytes; they are not kept
   * @returns The last report that is complete now, or `undefined` when none has been completed
   */
  push(chunk: Uint8Array): number | undefined {
    const have = this.#restBytes + chunk.length;
    const whole = have - have % HA_REPORT_BYTES;
    let report: number | undefined;
    if (whole > 0) {
      const start = whole - HA_REPORT_BYTES - this.#restBytes;
      report = start >= 0 ? readLong(chunk, start) : this.#joined(chunk);
    }
    const left = whole === 0 ? chunk : chunk.subarray(whole - this.#restBytes);
    if (whole > 0) this.#restBytes = 0;
    this.#rest.set(left, this.#restBytes);
    this.#restBytes += left.length;
    return report;
  }

  /** The report that began in an earlier chunk and ends in this one. */
  #joined(chunk: Uint8Array): number {
    this.#rest.set(chunk.subarray(0, HA_REPORT_BYTES - this.#restBytes), this.#restBytes);
    return readLong(this.#rest, 0);
  }
}

/** Cuts the stream of a master into transfers. */
export class HaTransferDecoder {
  #room: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /**
   * Takes bytes as they were read. Views that `next()` gave before are void from now on.
   *
   * @param chunk The bytes; they are copied
   */
  push(chunk: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (kept === 0) this.#start = this.#end = 0;
    if (this.#end + chunk.length > this.#room.length) this.#makeRoom(kept, kept + chunk.length);
    this.#room.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Moves what is kept to the beginning, into twice the memory when it does not fit. */
  #makeRoom(kept: number, need: number): void {
    const from = this.#room.subarray(this.#start, this.#end);
    if (need > this.#room.length) this.#room = new Uint8Array(Math.max(need, this.#room.length * 2, ROOM_BYTES_MIN));
    this.#room.set(from);
    this.#start = 0;
    this.#end = kept;
  }

  /**
   * Takes the next transfer out of what was pushed.
   *
   * @returns The transfer, or `undefined` when it is not whole yet
   * @throws {ProtocolError} BODY_MALFORMED when the size is negative or above the bound
   */
  next(): HaTransfer | undefined {
    const have = this.#end - this.#start - HA_TRANSFER_HEADER_BYTES;
    if (have < 0) return undefined;
    const size = readInt(this.#room, this.#start + 8);
    if (size < 0 || size > HA_TRANSFER_BYTES_MAX) {
      throw new ProtocolError(
        "BODY_MALFORMED",
        `Cannot decode transfer: size is ${size}, limit is ${HA_TRANSFER_BYTES_MAX}`,
        { need: size, have: HA_TRANSFER_BYTES_MAX },
      );
    }
    if (have < size) return undefined;
    const offset = readLong(this.#room, this.#start);
    const dataStart = this.#start + HA_TRANSFER_HEADER_BYTES;
    this.#start = dataStart + size;
    return { offset, data: this.#room.subarray(dataStart, this.#start) };
  }
}

/**
 * How a master speaks to one slave: RocketMQ's default HA protocol, or another one behind the same interface.
 *
 * Owns: what frames look like and where a transfer has to end. Reads: what the slave sent. Never: a socket, the log, or what a confirmation is worth.
 */
import { encodeHaTransferHeader, HA_TRANSFER_HEADER_BYTES, HaReportDecoder } from "../../../protocol/ha_frame.ts";

/** What a slave said by what was read at once. */
export interface SlaveWords {
  /** End of the slave's log, as it was said last. */
  readonly report?: number;
  /** What it has to be answered before it is sent anything. */
  readonly answer?: Uint8Array;
  /** Why it cannot be served. */
  readonly refusal?: string;
}

/** One slave's side of the conversation. */
export interface SlaveDialect {
  /** Id of the slave in a failover set; 0 where there is none, or as long as it is not known. */
  readonly brokerId: number;
  /** Bytes before the data of a transfer. */
  readonly headerBytes: number;
  /** Takes what was read. */
  push(chunk: Uint8Array): SlaveWords;
  /** Where a slave begins that has nothing. */
  firstOf(log: { readonly first: number; readonly end: number; readonly fileBytes: number }): number;
  /** Position that a transfer from another one must not pass, besides the end of its file. */
  pieceEnd(position: number): number;
  /** What stands before the data; without data it is a heartbeat. */
  header(position: number, dataBytes: number): Uint8Array;
  /** Whether a transfer without data would tell something new. */
  readonly hasNews: boolean;
}

/** RocketMQ's default protocol. Source: apache/rocketmq store/ha/DefaultHAConnection.java */
export class PlainSlave implements SlaveDialect {
  readonly brokerId = 0;
  readonly headerBytes: number = HA_TRANSFER_HEADER_BYTES;
  readonly hasNews = false;
  readonly #decoder = new HaReportDecoder();

  /** The newest report. */
  push(chunk: Uint8Array): SlaveWords {
    const report = this.#decoder.push(chunk);
    return report === undefined ? {} : { report };
  }

  /** The start of the last file. Source: apache/rocketmq store/ha/DefaultHAConnection.java WriteSocketService */
  firstOf({ first, end, fileBytes }: { first: number; end: number; fileBytes: number }): number {
    return Math.max(first, end - end % fileBytes);
  }

  /** Nowhere. */
  pieceEnd(_position: number): number {
    return Infinity;
  }

  /** Position and size. */
  header(position: number, dataBytes: number): Uint8Array {
    return encodeHaTransferHeader(position, dataBytes);
  }
}

/**
 * How a slave speaks to its master: RocketMQ's default HA protocol, or another one behind the same interface.
 *
 * Owns: what frames look like and which bytes are next. Reads: what the master sent. Never: a socket.
 */
import { encodeHaReport, HaTransferDecoder } from "../../../protocol/ha_frame.ts";

/** What takes the log as it comes. */
export interface StreamLog {
  /** Position behind the last whole record. */
  end(): number;
  /** Position of the byte that is next. */
  received(): number;
  /** Begins an empty log above 0. */
  startAt(position: number): void;
  /** Appends what is next. @throws {Error} when the disk does not take it */
  append(data: Uint8Array): void;
}

/** One connection's side of the conversation. */
export interface MasterStream {
  /** What the master is sent first, if it is no report. */
  readonly hello: Uint8Array | undefined;
  /** Whether the master sends its log. */
  readonly isFollowing: boolean;
  /** Takes what was read. @throws {Error} when this master cannot be followed any longer */
  push(chunk: Uint8Array): void;
  /** What says that this slave has the log up to a position; undefined as long as it must not say so. */
  report(end: number): Uint8Array | undefined;
}

/**
 * Gives data to the log where it goes on; an empty log begins where the data does.
 *
 * @throws {Error} when it does not go on there
 */
export function follow(log: StreamLog, position: number, data: Uint8Array): void {
  const received = log.received();
  if (received === 0) {
    if (position > 0 && data.length > 0) log.startAt(position);
  } else if (position !== received) {
    throw new Error(`it goes on at ${position}, this log ends at ${received}`);
  }
  if (data.length > 0) log.append(data);
}

/** RocketMQ's default protocol. Source: apache/rocketmq store/ha/DefaultHAClient.java */
export class PlainMasterStream implements MasterStream {
  readonly hello = undefined;
  readonly isFollowing = true;
  readonly #log: StreamLog;
  readonly #decoder = new HaTransferDecoder();

  /** @param log of this slave */
  constructor(log: StreamLog) {
    this.#log = log;
  }

  /** Appends what came. */
  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let transfer = this.#decoder.next(); transfer !== undefined; transfer = this.#decoder.next()) {
      follow(this.#log, transfer.offset, transfer.data);
    }
  }

  /** The end of the log. */
  report(end: number): Uint8Array | undefined {
    return encodeHaReport(end);
  }
}

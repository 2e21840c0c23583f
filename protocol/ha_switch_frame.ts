/**
 * Replication between the brokers of a failover set: RocketMQ's auto-switch protocol, with epochs. Raw TCP on the HA port, big-endian.
 *
 * ```
 * follower → master   i32 1 │ i16 from the last file │ i16 learner │ i64 id in the set               handshake, once
 * master → follower   i32 1 │ i32 size │ i64 end of the log │ i32 epoch │ size / 12 times: i32 epoch, i64 start
 * follower → master   i32 2 │ i64 end of the follower's log                                          first, after each append, and every 5 s
 * master → follower   i32 2 │ i32 size │ i64 position │ i32 epoch │ i64 start of the epoch │ i64 confirmed │ size bytes of the log
 * ```
 *
 * The data of one transfer is of one epoch; without data it is a heartbeat, or tells what is confirmed.
 *
 * Owns the layouts and the joining of split reads. What an epoch means is the business of `store/epoch_table.ts`. The layout of 5.0.0, with an address in the handshake, is not spoken.
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAClient.java, AutoSwitchHAConnection.java
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { readInt, readLong, writeInt, writeLong } from "./java_number.ts";

/** States that frames carry. Source: apache/rocketmq store/ha/HAConnectionState.java */
export const HaState = { Handshake: 1, Transfer: 2 } as const;

/** Bytes of a follower's handshake. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAClient.java HANDSHAKE_HEADER_SIZE */
export const HA_HANDSHAKE_BYTES = 16;

/** Bytes of a follower's confirmation. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAClient.java TRANSFER_HEADER_SIZE */
export const HA_CONFIRMATION_BYTES = 12;

/** Bytes before the epochs of a master's answer. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAConnection.java HANDSHAKE_HEADER_SIZE */
export const HA_ANSWER_HEADER_BYTES = 20;

/** Bytes of an epoch. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAConnection.java EPOCH_ENTRY_SIZE */
export const HA_EPOCH_BYTES = 12;

/** Epochs of one answer at most. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAConnection.java handShakeBuffer */
export const HA_EPOCHS_MAX = 1000;

/** Bytes before the data of a transfer. Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAConnection.java TRANSFER_HEADER_SIZE */
export const HA_SWITCH_TRANSFER_HEADER_BYTES = 36;

/**
 * Largest data of one transfer that is accepted, bytes: what fits the read buffer of Apache's follower with its header.
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAClient.java READ_MAX_BUFFER_SIZE
 */
export const HA_SWITCH_TRANSFER_BYTES_MAX: number = 4_194_304 - HA_SWITCH_TRANSFER_HEADER_BYTES;

const ROOM_BYTES_MIN = 65_536;

/** An epoch and the position of its first byte. */
export interface HaEpoch {
  /** Number of the mastership. */
  readonly epoch: number;
  /** Position of its first byte. */
  readonly start: number;
}

/** What a follower says first. */
export interface HaHandshake {
  /** Which frame this is. */
  readonly kind: "handshake";
  /** Whether a follower that has nothing begins with the master's last file. */
  readonly isFromLastFile: boolean;
  /** Whether it never joins the sync-state set. */
  readonly isLearner: boolean;
  /** Its id in the set. */
  readonly brokerId: number;
}

/** What a follower has. */
export interface HaConfirmation {
  /** Which frame this is. */
  readonly kind: "confirmation";
  /** End of its log. */
  readonly position: number;
}

/** What a master answers to a handshake. */
export interface HaAnswer {
  /** Which frame this is. */
  readonly kind: "answer";
  /** End of the master's log. */
  readonly end: number;
  /** Its epoch. */
  readonly epoch: number;
  /** The epochs of its log, the oldest first. */
  readonly epochs: readonly HaEpoch[];
}

/** What stands before the data of a transfer. */
export interface HaSwitchTransferHeader {
  /** Position of the first byte. */
  readonly position: number;
  /** Epoch of the data. */
  readonly epoch: number;
  /** Where that epoch begins. */
  readonly epochStart: number;
  /** Up to here every member of the sync-state set has the log. */
  readonly confirmed: number;
}

/** A transfer. */
export interface HaSwitchTransfer extends HaSwitchTransferHeader {
  /** Which frame this is. */
  readonly kind: "transfer";
  /** Bytes of the log, none in a heartbeat; a view that holds until the next `push()`. */
  readonly data: Uint8Array;
}

/** Encodes a follower's handshake. */
export function encodeHaHandshake(handshake: Omit<HaHandshake, "kind">): Uint8Array {
  const bytes = new Uint8Array(HA_HANDSHAKE_BYTES);
  writeInt(bytes, 0, HaState.Handshake);
  writeInt(bytes, 4, (handshake.isFromLastFile ? 0x10000 : 0) | (handshake.isLearner ? 1 : 0));
  writeLong(bytes, 8, handshake.brokerId);
  return bytes;
}

/** Encodes a follower's confirmation. */
export function encodeHaConfirmation(position: number): Uint8Array {
  const bytes = new Uint8Array(HA_CONFIRMATION_BYTES);
  writeInt(bytes, 0, HaState.Transfer);
  writeLong(bytes, 4, position);
  return bytes;
}

/**
 * Encodes a master's answer.
 *
 * @throws {ProtocolError} BODY_MALFORMED when there are more epochs than a follower takes
 */
export function encodeHaAnswer({ end, epoch, epochs }: Omit<HaAnswer, "kind">): Uint8Array {
  const size = epochs.length * HA_EPOCH_BYTES;
  checkAnswerSize(size);
  const bytes = new Uint8Array(HA_ANSWER_HEADER_BYTES + size);
  writeInt(bytes, 0, HaState.Handshake);
  writeInt(bytes, 4, size);
  writeLong(bytes, 8, end);
  writeInt(bytes, 16, epoch);
  epochs.forEach((entry, index) => {
    const at = HA_ANSWER_HEADER_BYTES + index * HA_EPOCH_BYTES;
    writeInt(bytes, at, entry.epoch);
    writeLong(bytes, at + 4, entry.start);
  });
  return bytes;
}

/** Encodes what stands before the data of a transfer. */
export function encodeHaSwitchTransferHeader(header: HaSwitchTransferHeader, dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(HA_SWITCH_TRANSFER_HEADER_BYTES);
  writeInt(bytes, 0, HaState.Transfer);
  writeInt(bytes, 4, dataBytes);
  writeLong(bytes, 8, header.position);
  writeInt(bytes, 16, header.epoch);
  writeLong(bytes, 20, header.epochStart);
  writeLong(bytes, 28, header.confirmed);
  return bytes;
}

/** Bytes that were pushed and not taken yet, in one piece. */
class Pending {
  #room: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#end + chunk.length > this.#room.length) this.#makeRoom(this.length + chunk.length);
    this.#room.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** A view on the next bytes, which stay. */
  peek(bytes: number): Uint8Array {
    return this.#room.subarray(this.#start, this.#start + bytes);
  }

  take(bytes: number): Uint8Array {
    const taken = this.peek(bytes);
    this.#start += bytes;
    return taken;
  }

  #makeRoom(need: number): void {
    const from = this.#room.subarray(this.#start, this.#end);
    if (need > this.#room.length) this.#room = new Uint8Array(Math.max(need, this.#room.length * 2, ROOM_BYTES_MIN));
    this.#room.set(from);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Cuts the stream of a follower into frames. */
export class HaFollowerDecoder {
  readonly #pending = new Pending();

  /** Takes bytes as they were read; they are copied. */
  push(chunk: Uint8Array): void {
    this.#pending.push(chunk);
  }

  /**
   * Takes the next frame.
   *
   * @returns the frame, or undefined when it is not whole yet
   * @throws {ProtocolError} BODY_MALFORMED when the state is another one
   */
  next(): HaHandshake | HaConfirmation | undefined {
    const pending = this.#pending;
    if (pending.length < 4) return undefined;
    const state = readInt(pending.peek(4), 0);
    if (state === HaState.Transfer) {
      if (pending.length < HA_CONFIRMATION_BYTES) return undefined;
      return { kind: "confirmation", position: readLong(pending.take(HA_CONFIRMATION_BYTES), 4) };
    }
    if (state !== HaState.Handshake) throw stateError("follower", state);
    if (pending.length < HA_HANDSHAKE_BYTES) return undefined;
    const bytes = pending.take(HA_HANDSHAKE_BYTES);
    const flags = readInt(bytes, 4);
    return {
      kind: "handshake",
      isFromLastFile: flags >>> 16 === 1,
      isLearner: (flags & 0xffff) === 1,
      brokerId: readLong(bytes, 8),
    };
  }
}

/** Cuts the stream of a master into frames. */
export class HaMasterDecoder {
  readonly #pending = new Pending();

  /** Takes bytes as they were read; they are copied. Views that `next()` gave before are void from now on. */
  push(chunk: Uint8Array): void {
    this.#pending.push(chunk);
  }

  /**
   * Takes the next frame.
   *
   * @returns the frame, or undefined when it is not whole yet
   * @throws {ProtocolError} BODY_MALFORMED when the state is another one, or the size is not what it can be
   */
  next(): HaAnswer | HaSwitchTransfer | undefined {
    if (this.#pending.length < 8) return undefined;
    const head = this.#pending.peek(8);
    const state = readInt(head, 0);
    const size = readInt(head, 4);
    if (state === HaState.Handshake) return this.#answer(size);
    if (state === HaState.Transfer) return this.#transfer(size);
    throw stateError("master", state);
  }

  #answer(size: number): HaAnswer | undefined {
    checkAnswerSize(size);
    if (this.#pending.length < HA_ANSWER_HEADER_BYTES + size) return undefined;
    const bytes = this.#pending.take(HA_ANSWER_HEADER_BYTES + size);
    const epochs = Array.from({ length: size / HA_EPOCH_BYTES }, (_, index): HaEpoch => {
      const at = HA_ANSWER_HEADER_BYTES + index * HA_EPOCH_BYTES;
      return { epoch: readInt(bytes, at), start: readLong(bytes, at + 4) };
    });
    return { kind: "answer", end: readLong(bytes, 8), epoch: readInt(bytes, 16), epochs };
  }

  #transfer(size: number): HaSwitchTransfer | undefined {
    if (size < 0 || size > HA_SWITCH_TRANSFER_BYTES_MAX) {
      throw new ProtocolError(
        "BODY_MALFORMED",
        `Cannot decode transfer: size is ${size}, limit is ${HA_SWITCH_TRANSFER_BYTES_MAX}`,
        { need: size, have: HA_SWITCH_TRANSFER_BYTES_MAX },
      );
    }
    if (this.#pending.length < HA_SWITCH_TRANSFER_HEADER_BYTES + size) return undefined;
    const bytes = this.#pending.take(HA_SWITCH_TRANSFER_HEADER_BYTES + size);
    return {
      kind: "transfer",
      position: readLong(bytes, 8),
      epoch: readInt(bytes, 16),
      epochStart: readLong(bytes, 20),
      confirmed: readLong(bytes, 28),
      data: bytes.subarray(HA_SWITCH_TRANSFER_HEADER_BYTES),
    };
  }
}

function checkAnswerSize(size: number): void {
  if (size >= 0 && size % HA_EPOCH_BYTES === 0 && size <= HA_EPOCHS_MAX * HA_EPOCH_BYTES) return;
  throw new ProtocolError(
    "BODY_MALFORMED",
    `Cannot take epochs: size is ${size}, must be a multiple of ${HA_EPOCH_BYTES} up to ${
      HA_EPOCHS_MAX * HA_EPOCH_BYTES
    }`,
    { need: size, have: HA_EPOCHS_MAX * HA_EPOCH_BYTES },
  );
}

function stateError(side: string, state: number): ProtocolError {
  return new ProtocolError("BODY_MALFORMED", `Cannot decode frame of a ${side}: state is ${state}, must be 1 or 2`);
}

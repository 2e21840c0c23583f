/**
 * How the master of a failover set speaks to one follower.
 *
 * Owns: whether the handshake is done, and what was said to be confirmed. Reads: the epochs of the log, the confirm offset. Never: sends data of two epochs in one transfer.
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAConnection.java
 */
import {
  encodeHaAnswer,
  encodeHaSwitchTransferHeader,
  HA_SWITCH_TRANSFER_HEADER_BYTES,
  HaFollowerDecoder,
  type HaHandshake,
} from "../../../protocol/ha_switch_frame.ts";
import type { EpochTable } from "../../../store/epoch_table.ts";
import type { SlaveDialect, SlaveWords } from "../ha/slave_dialect.ts";

/** What a follower's conversation works with. */
export interface SwitchSlaveParts {
  /** This master's id in the set. */
  readonly ownId: number;
  /** This master's epoch. */
  readonly epoch: number;
  /** Epochs of its log. */
  readonly epochs: EpochTable;
  /** End of its log now. */
  readonly end: () => number;
  /** Up to here every member of the sync-state set has the log. */
  readonly confirmOffset: () => number;
}

/** One follower's side of the conversation. */
export class SwitchSlave implements SlaveDialect {
  readonly headerBytes: number = HA_SWITCH_TRANSFER_HEADER_BYTES;
  readonly #parts: SwitchSlaveParts;
  readonly #decoder = new HaFollowerDecoder();
  #handshake: HaHandshake | undefined;
  #told = -1;

  /** @param parts what it works with */
  constructor(parts: SwitchSlaveParts) {
    this.#parts = parts;
  }

  /** Id of the follower; 0 before its handshake. */
  get brokerId(): number {
    return this.#handshake?.brokerId ?? 0;
  }

  /** Whether it never joins the sync-state set. */
  get isLearner(): boolean {
    return this.#handshake?.isLearner ?? false;
  }

  /** Whether more is confirmed than the follower was told. */
  get hasNews(): boolean {
    return this.#told >= 0 && this.#parts.confirmOffset() > this.#told;
  }

  /** Takes what was read: a handshake, which is answered, or confirmations. */
  push(chunk: Uint8Array): SlaveWords {
    let report: number | undefined;
    let answer: Uint8Array | undefined;
    this.#decoder.push(chunk);
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      if (frame.kind === "handshake") {
        const refusal = this.#begin(frame);
        if (refusal !== undefined) return { refusal };
        answer = this.#answer();
      } else if (this.#handshake === undefined) {
        return { refusal: "it confirmed a position before its handshake" };
      } else {
        report = frame.position;
      }
    }
    return { ...(report === undefined ? {} : { report }), ...(answer === undefined ? {} : { answer }) };
  }

  /** The first file, or the last one where the follower asked for that. */
  firstOf({ first, end, fileBytes }: { first: number; end: number; fileBytes: number }): number {
    return this.#handshake?.isFromLastFile === true ? Math.max(first, end - end % fileBytes) : first;
  }

  /** The end of the position's epoch. */
  pieceEnd(position: number): number {
    return this.#parts.epochs.endAt(position);
  }

  /** @throws {Error} when no epoch holds the position */
  header(position: number, dataBytes: number): Uint8Array {
    const entry = this.#parts.epochs.at(position);
    if (entry === undefined) throw new Error(`no epoch is known for position ${position}`);
    this.#told = this.#parts.confirmOffset();
    const header = { position, epoch: entry.epoch, epochStart: entry.start, confirmed: this.#told };
    return encodeHaSwitchTransferHeader(header, dataBytes);
  }

  #begin(handshake: HaHandshake): string | undefined {
    const { brokerId } = handshake;
    if (this.#handshake !== undefined) return "it shook hands twice";
    if (!Number.isInteger(brokerId) || brokerId < 1 || brokerId > 0x7fffffff) return `its id is ${brokerId}`;
    if (brokerId === this.#parts.ownId) return `its id is ${brokerId}, as this master's`;
    this.#handshake = handshake;
    return undefined;
  }

  #answer(): Uint8Array {
    const { epoch, epochs, end } = this.#parts;
    return encodeHaAnswer({ end: end(), epoch, epochs: epochs.entries });
  }
}

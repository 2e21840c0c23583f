/**
 * How a follower of a failover set speaks to its master.
 *
 * Owns: the epochs of the follower's log, which it writes down before the first byte of each. Reads: what the master sent. Never: cuts the log; where it has to be cut, it says so and leaves.
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAClient.java
 */
import {
  encodeHaConfirmation,
  encodeHaHandshake,
  type HaAnswer,
  HaMasterDecoder,
  type HaSwitchTransfer,
} from "../../../protocol/ha_switch_frame.ts";
import { type EpochFile, EpochTable } from "../../../store/epoch_table.ts";
import { follow, type MasterStream, type StreamLog } from "../ha/master_stream.ts";

/** What the conversation works with. */
export interface SwitchMasterStreamParts {
  readonly log: StreamLog;
  readonly epochs: EpochFile;
  /** This follower's id in the set. */
  readonly brokerId: number;
  /** Epoch that the follower knows its master by. */
  readonly masterEpoch: number;
  readonly isFromLastFile: boolean;
  readonly isLearner: boolean;
  /** Told up to where every member of the sync-state set has the log. */
  readonly confirmed: (position: number) => void;
  /** The log has to be cut before this master can be followed. */
  readonly truncationWanted: (position: number) => void;
}

/** One connection's side of the conversation. */
export class SwitchMasterStream implements MasterStream {
  readonly hello: Uint8Array;
  readonly #parts: SwitchMasterStreamParts;
  readonly #decoder = new HaMasterDecoder();
  #isFollowing = false;

  /** @param parts what it works with */
  constructor(parts: SwitchMasterStreamParts) {
    const { isFromLastFile, isLearner, brokerId } = parts;
    this.#parts = parts;
    this.hello = encodeHaHandshake({ isFromLastFile, isLearner, brokerId });
  }

  /** Whether the handshake is done. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Takes what came: first the answer to the handshake, then transfers. */
  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      if (frame.kind === "answer") this.#compare(frame);
      else this.#take(frame);
    }
  }

  /** The end of the log, after the handshake. */
  report(end: number): Uint8Array | undefined {
    return this.#isFollowing ? encodeHaConfirmation(end) : undefined;
  }

  /** Compares the epochs. @throws {Error} when this log cannot go on with that master's, as it is */
  #compare({ epoch, epochs, end }: HaAnswer): void {
    const { log, epochs: file, masterEpoch, truncationWanted } = this.#parts;
    if (this.#isFollowing) throw new Error("it answered twice");
    if (epoch < masterEpoch) throw new Error(`its epoch is ${epoch}, the master's is ${masterEpoch}`);
    const point = file.table.consistentPoint(log.end(), new EpochTable(epochs), end);
    switch (point.kind) {
      case "empty":
        file.replace(new EpochTable());
        break;
      case "unknown":
        throw new Error(
          "this log has no epochs, so nobody knows what of it is the master's: empty the store to follow",
        );
      case "foreign":
        throw new Error(
          `no epoch of this log (${textOf(file.table)}) is one of that master's (${textOf(new EpochTable(epochs))})`,
        );
      case "at":
        if (point.position < log.end()) {
          truncationWanted(point.position);
          throw new Error(
            `this log ends at ${log.end()} and is the master's up to ${point.position}: it has to be cut there`,
          );
        }
        file.replace(file.table.cutAt(point.position));
    }
    this.#isFollowing = true;
  }

  #take(transfer: HaSwitchTransfer): void {
    const { log, confirmed } = this.#parts;
    if (!this.#isFollowing) throw new Error("it sent the log before it answered the handshake");
    this.#enter(transfer);
    follow(log, transfer.position, transfer.data);
    confirmed(Math.min(transfer.confirmed, log.end()));
  }

  /** Writes an epoch down when its first transfer comes. @throws {Error} when it is older, or does not begin at the end of this log */
  #enter({ epoch, epochStart, position }: HaSwitchTransfer): void {
    const { epochs: file, log } = this.#parts;
    const { last } = file.table;
    if (last?.epoch === epoch) {
      if (last.start === epochStart) return;
      throw new Error(`its epoch ${epoch} begins at ${epochStart}, this log's at ${last.start}`);
    }
    if (last !== undefined && (epoch < last.epoch || epochStart !== log.received())) {
      throw new Error(
        `epoch ${epoch} from ${epochStart} on does not follow epoch ${last.epoch}: this log ends at ${log.received()}`,
      );
    }
    if (last === undefined && position < epochStart) {
      throw new Error(`it sent position ${position} as of epoch ${epoch}, which begins at ${epochStart}`);
    }
    file.replace(file.table.with({ epoch, start: epochStart }));
  }
}

function textOf({ entries }: EpochTable): string {
  return entries.map(({ epoch, start }) => `${epoch} from ${start}`).join(", ") || "none";
}

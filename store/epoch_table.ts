/**
 * The epochs of a log: which mastership wrote which part of it.
 *
 * Each entry is an epoch and the position of its first byte; it ends where the next one begins, the last one where the log ends. Two logs of one failover set are the same up to the end of the newest entry that both have with the
 * same start, because a master writes its epoch down before it appends the first byte.
 *
 * Owns: the table, its text and its file. Reads: the file. Never: looks at the log.
 *
 * ```
 *   2                     entries
 *   773307083             CRC of the lines below; 0: not checked
 *   7-7000                epoch-start
 *   8-8000
 * ```
 * Source: apache/rocketmq store/ha/autoswitch/EpochFileCache.java, common/utils/CheckpointFile.java
 */
import { crcOfFew } from "../protocol/crc32.ts";
import type { HaEpoch } from "../protocol/ha_switch_frame.ts";
import { HA_EPOCHS_MAX } from "../protocol/ha_switch_frame.ts";
import { StoreError } from "./errors.ts";
import { directoryOf, type Disk } from "./file/disk.ts";
import { BACKUP_SUFFIX, readTextFile, writeTextFile } from "./file/json_file.ts";

/** Why two logs have no point in common, or which it is. */
export type ConsistentPoint =
  /** The logs are the same up to the position. */
  | { readonly kind: "at"; readonly position: number }
  /** The follower has no log. */
  | { readonly kind: "empty" }
  /** The follower has a log, and nobody knows which epochs it is of. */
  | { readonly kind: "unknown" }
  /** No epoch of the follower is one of the master's. */
  | { readonly kind: "foreign" };

/** Epochs of one log; it does not change. */
export class EpochTable {
  /** Epochs and starts, both rising; the starts may be equal only where a table was read that way. */
  readonly entries: readonly HaEpoch[];

  /** @throws {StoreError} `FILE_FORMAT` when epochs do not rise, or starts fall */
  constructor(entries: readonly HaEpoch[] = []) {
    entries.forEach(({ epoch, start }, index) => {
      const before = entries[index - 1];
      const isRising = before === undefined || (epoch > before.epoch && start >= before.start);
      if (isRising && Number.isSafeInteger(epoch) && Number.isSafeInteger(start) && start >= 0) return;
      throw new StoreError("FILE_FORMAT", `Cannot use epochs: entry ${index} is epoch ${epoch} from ${start} on`);
    });
    this.entries = entries;
  }

  /** The newest entry. */
  get last(): HaEpoch | undefined {
    return this.entries.at(-1);
  }

  /** The entry that holds a position: the newest that begins at or below it. */
  at(position: number): HaEpoch | undefined {
    return this.entries.findLast(({ start }) => start <= position);
  }

  /** Where the entry of a position ends; infinity for the newest one. */
  endAt(position: number): number {
    return this.entries.find(({ start }) => start > position)?.start ?? Infinity;
  }

  /** The table without entries that begin at or behind a position. Source: apache/rocketmq EpochFileCache.truncateSuffixByOffset */
  cutAt(position: number): EpochTable {
    return new EpochTable(this.entries.filter(({ start }) => start < position));
  }

  /**
   * The table with a new epoch.
   *
   * @throws {StoreError} `FILE_FORMAT` when it is not newer, or begins below the newest one
   */
  with(entry: HaEpoch): EpochTable {
    return new EpochTable([...this.entries, entry]);
  }

  /**
   * The table of who becomes master: its epoch begins at the end of the log. Epochs that have no byte there are forgotten, as are those whose last byte has left the log. A log that was written before
   * there were epochs becomes part of the first one. An epoch is never taken up again: a log that lost its end meanwhile would go on with other bytes, and nobody could tell.
   *
   * @throws {StoreError} `FILE_FORMAT` when this epoch or a newer one is known
   */
  asMaster(epoch: number, log: { readonly first: number; readonly end: number }): EpochTable {
    const { last } = this;
    if (last !== undefined && last.epoch >= epoch) {
      throw new StoreError(
        "FILE_FORMAT",
        `Cannot be master of epoch ${epoch}: the log is of epoch ${last.epoch}, from ${last.start} on`,
      );
    }
    const kept = this.entries.filter(({ start }, index) =>
      start < log.end && (this.entries[index + 1]?.start ?? Infinity) > log.first
    );
    const all = [...kept, { epoch, start: kept.length === 0 ? log.first : log.end }];
    return new EpochTable(all.slice(-HA_EPOCHS_MAX));
  }

  /**
   * Up to where the log of a follower is its master's.
   *
   * | the follower's log | its epochs | | |
   * |---|---|---|---|
   * | empty | any | – | it takes all |
   * | some | none | – | unknown: it cannot follow |
   * | some | some | none is the master's, with the same start | foreign: it cannot follow |
   * | some | some | the newest common one | the smaller of its two ends, never behind the follower's log |
   *
   * Source: apache/rocketmq EpochFileCache.findConsistentPoint, AutoSwitchHAClient.doTruncate
   *
   * @param end of the follower's log
   * @param master its table
   * @param masterEnd of its log
   */
  consistentPoint(end: number, master: EpochTable, masterEnd: number): ConsistentPoint {
    if (end === 0) return { kind: "empty" };
    if (this.entries.length === 0) return { kind: "unknown" };
    for (let index = this.entries.length - 1; index >= 0; index--) {
      const { epoch, start } = this.entries[index]!;
      const other = master.entries.findIndex((entry) => entry.epoch === epoch && entry.start === start);
      if (other < 0) continue;
      const ownEnd = this.entries[index + 1]?.start ?? end;
      const otherEnd = master.entries[other + 1]?.start ?? masterEnd;
      return { kind: "at", position: Math.min(ownEnd, otherEnd, end) };
    }
    return { kind: "foreign" };
  }
}

/** Encodes a table as the text of its file. */
export function encodeEpochs({ entries }: EpochTable): string {
  const lines = entries.map(({ epoch, start }) => `${epoch}-${start}\n`).join("");
  return `${entries.length}\n${crcOf(lines)}\n${lines}`;
}

/**
 * Decodes the text of a file.
 *
 * @throws {StoreError} `FILE_FORMAT` when number or sum are not those of the lines
 */
export function decodeEpochs(text: string): EpochTable {
  const [count, crc, ...lines] = text.replaceAll("\r\n", "\n").replace(/\n$/, "").split("\n");
  const entries = lines.map((line): HaEpoch => {
    const match = /^(\d{1,10})-(\d{1,16})$/.exec(line);
    if (match === null) throw new StoreError("FILE_FORMAT", `Cannot read epochs: a line is "${line}"`);
    return { epoch: Number(match[1]), start: Number(match[2]) };
  });
  if (Number(count) !== entries.length) {
    throw new StoreError("FILE_FORMAT", `Cannot read epochs: there are ${entries.length}, the file says ${count}`);
  }
  const actual = crcOf(lines.map((line) => `${line}\n`).join(""));
  if (crc !== "0" && Number(crc) !== actual) {
    throw new StoreError("FILE_FORMAT", `Cannot read epochs: their CRC is ${actual}, the file says ${crc}`);
  }
  return new EpochTable(entries);
}

/** The file of a log's epochs. One thread writes it. */
export class EpochFile {
  readonly #disk: Disk;
  readonly #path: string;
  #table: EpochTable;

  private constructor(disk: Disk, path: string, table: EpochTable) {
    this.#disk = disk;
    this.#path = path;
    this.#table = table;
  }

  /**
   * Reads the file; where there is none, there are no epochs.
   *
   * @throws {StoreError} `FILE_FORMAT` when neither it nor the text before it can be read
   * @throws {DiskError} when the disk refuses
   */
  static open(disk: Disk, path: string): EpochFile {
    return new EpochFile(disk, path, readTextFile(disk, path, decodeEpochs)?.value ?? new EpochTable());
  }

  /** What the file says. */
  get table(): EpochTable {
    return this.#table;
  }

  /**
   * Replaces the table. Blocks until it is on the device. Apache reads the text before where a file has no entries, so an empty table is no file.
   *
   * @throws {DiskError} when the disk refuses
   */
  replace(table: EpochTable): void {
    if (encodeEpochs(table) === encodeEpochs(this.#table)) return;
    if (table.entries.length > 0) writeTextFile(this.#disk, this.#path, encodeEpochs(table));
    else this.#remove();
    this.#table = table;
  }

  #remove(): void {
    for (const path of [`${this.#path}${BACKUP_SUFFIX}`, this.#path]) {
      if (this.#disk.exists(path)) this.#disk.remove(path);
    }
    this.#disk.syncDirectory(directoryOf(this.#path));
  }
}

function crcOf(lines: string): number {
  return crcOfFew(new TextEncoder().encode(lines)) & 0x7fffffff;
}

/**
 * Offsets of the delay levels: how far ScheduleMessageService has delivered each queue of the schedule topic.
 *
 * Owns: the table and the dialect of delayOffset.json. Reads: nothing. Never: a file.
 *
 * Source: apache/rocketmq broker ScheduleMessageService (encode, decode, updateOffset), DelayOffsetSerializeWrapper
 */
import { type DataVersion, nextDataVersion, NO_DATA_VERSION } from "../protocol/data_version.ts";
import { FastMap, parseFastJson, stringifyFastJson } from "../protocol/fast_json.ts";
import type { FastValue } from "../protocol/fast_json.ts";
import { StoreError } from "./errors.ts";
import { keepUnknownFields } from "./keep_unknown.ts";

/** Changes after which the data version moves. Source: apache/rocketmq common BrokerConfig delayOffsetUpdateVersionStep */
export const CHANGES_PER_VERSION = 200;

/** Offsets of the delay levels of one broker. */
export class DelayOffsets {
  readonly #offsets = new Map<number, number>();
  #version: DataVersion;
  /** What the file held: fields that are not known here stay in it. */
  #read: FastValue | undefined;
  #changes = 0;
  #dirty = false;

  /** @param version of the table that was loaded */
  constructor(version: DataVersion = NO_DATA_VERSION) {
    this.#version = version;
  }

  /** Whether something changed since {@link markSaved}. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Next offset to deliver of a level; 0 when nothing was delivered yet. */
  get(level: number): number {
    return this.#offsets.get(level) ?? 0;
  }

  /** Levels and their offsets. */
  entries(): IterableIterator<[number, number]> {
    return this.#offsets.entries();
  }

  /** Moves a level. */
  set(level: number, offset: number, nowMs: number): void {
    if (this.#offsets.get(level) === offset) return;
    this.#offsets.set(level, offset);
    this.#dirty = true;
    this.#changes++;
    if (this.#changes % CHANGES_PER_VERSION === 0) this.#version = nextDataVersion(this.#version, nowMs);
  }

  /** What is here is in the file. */
  markSaved(): void {
    this.#dirty = false;
  }

  /** What was taken for saved is not in the file. */
  markUnsaved(): void {
    this.#dirty = true;
  }

  /** Text of delayOffset.json, and of the answer to request 45. */
  encode(): string {
    const levels = [...this.#offsets].sort(([a], [b]) => a - b);
    const known = { dataVersion: { ...this.#version }, offsetTable: new Map(levels) };
    return stringifyFastJson(keepUnknownFields(known, this.#read), { pretty: true });
  }

  /**
   * Reads the text of delayOffset.json; that of 4.9 has no data version.
   *
   * @throws {StoreError} `FILE_FORMAT` when it is something else
   */
  static decode(text: string): DelayOffsets {
    const value = parseFastJson(text);
    if (!isObject(value)) throw new StoreError("FILE_FORMAT", "Cannot read delay offsets: the text is no JSON object");
    const version = value["dataVersion"];
    const offsets = new DelayOffsets(isObject(version) ? versionOf(version) : NO_DATA_VERSION);
    offsets.#read = value;
    const table = value["offsetTable"];
    const entries = table instanceof Map ? [...table] : isObject(table) ? Object.entries(table) : [];
    for (const [level, offset] of entries) {
      if (!Number.isSafeInteger(Number(level)) || !Number.isSafeInteger(Number(offset))) {
        throw new StoreError(
          "FILE_FORMAT",
          `Cannot read delay offsets: level "${String(level)}" has offset "${String(offset)}"`,
        );
      }
      offsets.#offsets.set(Number(level), Number(offset));
    }
    return offsets;
  }
}

function isObject(value: FastValue | undefined): value is { [key: string]: FastValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof FastMap) &&
    !(value instanceof Map);
}

function versionOf(value: { [key: string]: FastValue }): DataVersion {
  return {
    stateVersion: Number(value["stateVersion"] ?? 0),
    timestamp: Number(value["timestamp"] ?? 0),
    counter: Number(value["counter"] ?? 0),
  };
}

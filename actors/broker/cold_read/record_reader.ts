/**
 * Reads whole records by position, from the ring or from the files.
 *
 * It owns nothing but a buffer. Only what is below `written` is read, so no caller ever sees a record that a crash could take back.
 */
import type { LogReader } from "../../../store/log_reader.ts";
import { BLANK_MAGIC } from "../../../store/log_appender.ts";
import { MAGIC_V1, MAGIC_V2 } from "../../../protocol/record.ts";

const HEAD_BYTES = 8;

/** Reads records for one thread. */
export class RecordReader {
  readonly #reader: LogReader;
  readonly #recordBytesMax: number;
  readonly #head = new Uint8Array(64);
  readonly #view = new DataView(this.#head.buffer);

  /** @param reader of the log; @param recordBytesMax of the largest record */
  constructor(reader: LogReader, recordBytesMax: number) {
    this.#reader = reader;
    this.#recordBytesMax = recordBytesMax;
  }

  /** The record at a position, or null when there is none. */
  read(position: number): Uint8Array | null {
    if (position < 0 || position + HEAD_BYTES > this.#reader.end) return null;
    if (this.#reader.read(position, HEAD_BYTES, this.#head, 0) < HEAD_BYTES) return null;
    const bytes = this.#view.getInt32(0);
    const magic = this.#view.getInt32(4);
    if (magic === BLANK_MAGIC || (magic !== MAGIC_V1 && magic !== MAGIC_V2)) return null;
    if (bytes <= 0 || bytes > this.#recordBytesMax || position + bytes > this.#reader.end) return null;
    return this.readSized(position, bytes);
  }

  /** The record at a position whose size is known, or null when it cannot be read whole. */
  readSized(position: number, bytes: number): Uint8Array | null {
    if (position + bytes > this.#reader.end) return null;
    const record = new Uint8Array(bytes);
    return this.#reader.read(position, bytes, record, 0) === bytes ? record : null;
  }

  /** Reads records of a plan behind each other. @returns bytes read, fewer when one is missing */
  readInto(position: number, bytes: number, into: Uint8Array, at: number): boolean {
    return this.#reader.read(position, bytes, into, at) === bytes;
  }

  /** Store time of the record at a position, milliseconds since 1970; −1 when it cannot be read. */
  storeTime(position: number): number {
    if (position < 0 || position + 64 > this.#reader.end) return this.#storeTimeOfWhole(position);
    const read = this.#reader.read(position, 64, this.#head, 0);
    if (read < 64) return -1;
    if (this.#view.getInt32(4) !== MAGIC_V1 && this.#view.getInt32(4) !== MAGIC_V2) return -1;
    const bornV6 = (this.#view.getInt32(36) & 0x10) !== 0;
    return bornV6 ? this.#storeTimeOfWhole(position) : Number(this.#view.getBigInt64(56));
  }

  #storeTimeOfWhole(position: number): number {
    const record = this.read(position);
    if (record === null) return -1;
    const view = new DataView(record.buffer);
    return Number(view.getBigInt64((view.getInt32(36) & 0x10) !== 0 ? 68 : 56));
  }
}

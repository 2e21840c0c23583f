/**
 * Units of a queue through one cached page: who looks at a short queue several times reads it once.
 *
 * Owns: the bytes of one page.
 * Reads: units through a reader.
 * Never: notices that units change; whoever cuts a queue asks for nothing behind the cut.
 */
import { UNIT_BYTES } from "./consume_queue.ts";
import type { QueueUnits } from "./consume_queue_reader.ts";

/** Units of a page of 4096 bytes. Pages begin where files begin: the files before a queue's first one are gone. */
const PAGE_UNITS = Math.floor(4096 / UNIT_BYTES);

/** A reader of units with one page of memory. */
export class CachedUnits implements QueueUnits {
  readonly #source: QueueUnits;
  #bytes: Uint8Array | undefined;
  #first = 0;
  #count = 0;

  /** @param source where units are read from */
  constructor(source: QueueUnits) {
    this.#source = source;
  }

  /** Size of a file in bytes. */
  get fileBytes(): number {
    return this.#source.fileBytes;
  }

  /** Start positions in bytes of the files on the disk, in order. */
  starts(): number[] {
    return this.#source.starts();
  }

  /** Reads units; what lies in one page is read from the disk once. @throws {DiskError} when the disk refuses */
  readUnits(offset: number, count: number, into: Uint8Array, intoStart = 0): number {
    const fileUnits = this.#source.fileBytes / UNIT_BYTES;
    const inFile = offset % fileUnits;
    const first = offset - inFile % PAGE_UNITS;
    const units = Math.min(PAGE_UNITS, fileUnits - (inFile - inFile % PAGE_UNITS));
    if (offset + count > first + units) return this.#source.readUnits(offset, count, into, intoStart);
    if (this.#bytes === undefined || this.#first !== first) this.#read(first, units);
    const found = Math.max(0, Math.min(count, this.#count - (offset - first)));
    const at = (offset - first) * UNIT_BYTES;
    into.set(this.#bytes!.subarray(at, at + found * UNIT_BYTES), intoStart);
    return found;
  }

  /** Gives the memory back. */
  drop(): void {
    this.#bytes = undefined;
  }

  #read(first: number, units: number): void {
    this.#bytes ??= new Uint8Array(PAGE_UNITS * UNIT_BYTES);
    this.#first = first;
    this.#count = this.#source.readUnits(first, units, this.#bytes, 0);
  }
}

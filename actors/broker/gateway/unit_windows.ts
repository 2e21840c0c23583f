// hot
/**
 * Units read ahead: who pulls a queue from the front to the back finds the next ones in memory, instead of asking the disk for a few at a time.
 *
 * Owns: a few windows, each of one queue. Reads: queues through their readers.
 * Never: holds what may change: its readers end where the units that are written or shared do.
 */
import { UNIT_BYTES } from "../../../store/consume_queue.ts";
import type { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";

/** Units of a window: eight pulls of the usual 32. */
export const WINDOW_UNITS = 256;

/** Windows at most: 80 KiB together. */
export const WINDOWS_MAX = 16;

interface Window {
  source: ConsumeQueueReader;
  first: number;
  count: number;
  readonly bytes: Uint8Array;
}

/** The windows of one thread. */
export class UnitWindows {
  readonly #windows: Window[] = [];
  #next = 0;

  /**
   * Reads units that consumers may see.
   *
   * @param source of a queue with a tail, which knows where the queue ends
   * @param offset of the first
   * @param count how many
   * @param into where they go, from its first byte on
   * @returns how many were read
   * @throws {DiskError} when the disk refuses
   */
  read(source: ConsumeQueueReader, offset: number, count: number, into: Uint8Array): number {
    if (count >= WINDOW_UNITS) return source.readUnits(offset, count, into, 0);
    const window = this.#windowOf(source);
    if (offset < window.first || offset + count > window.first + window.count) {
      window.count = 0;
      window.first = offset;
      window.count = source.readUnits(offset, WINDOW_UNITS, window.bytes, 0);
    }
    const at = (offset - window.first) * UNIT_BYTES;
    const units = Math.min(count, window.first + window.count - offset);
    into.set(window.bytes.subarray(at, at + units * UNIT_BYTES));
    return units;
  }

  /** Gives up the window of a queue whose files are gone. */
  forget(source: ConsumeQueueReader): void {
    const at = this.#windows.findIndex((window) => window.source === source);
    if (at >= 0) this.#windows.splice(at, 1);
  }

  #windowOf(source: ConsumeQueueReader): Window {
    const windows = this.#windows;
    for (let i = 0; i < windows.length; i++) if (windows[i]!.source === source) return windows[i]!;
    if (windows.length < WINDOWS_MAX) {
      const window = { source, first: 0, count: 0, bytes: new Uint8Array(WINDOW_UNITS * UNIT_BYTES) };
      windows.push(window);
      return window;
    }
    this.#next = (this.#next + 1) % WINDOWS_MAX;
    const window = windows[this.#next]!;
    window.source = source;
    window.count = 0;
    return window;
  }
}

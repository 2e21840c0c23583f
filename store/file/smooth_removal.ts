/**
 * Removes a large file little by little: giving a gigabyte back at once stalls the file system for everybody.
 *
 * Owns: a handle on the file between the removal of its name and the end. Because the bytes are cut off, they are given back even while readers
 * on other threads hold the file open; those find it shorter than they expect and take it for gone.
 * Reads: nothing.
 * Never: cuts before the device knows that the name is gone, so that no start finds a short file.
 */
import { directoryOf, type Disk, type DiskFile } from "./disk.ts";

/** A file whose name is gone and whose bytes go step by step. */
export class SmoothRemoval {
  readonly #file: DiskFile;
  #left: number;

  /**
   * Removes the name and waits until the device knows. Blocks.
   *
   * @throws {DiskError} when the disk refuses; the file is then as it was, or its name is gone
   */
  constructor(disk: Disk, path: string) {
    this.#file = disk.open(path, "write");
    this.#left = this.#file.bytes();
    try {
      disk.remove(path);
      disk.syncDirectory(directoryOf(path));
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /**
   * Gives bytes back.
   *
   * @param bytes how many at most
   * @returns true when there are more
   * @throws {DiskError} when the disk refuses; the rest goes when the last handle is closed
   */
  step(bytes: number): boolean {
    if (this.#left <= 0) return false;
    this.#left = Math.max(0, this.#left - bytes);
    try {
      this.#file.truncate(this.#left);
    } catch (error) {
      this.#left = 0;
      this.#file.close();
      throw error;
    }
    if (this.#left === 0) this.#file.close();
    return this.#left > 0;
  }

  /** Gives the rest back at once. */
  finish(): void {
    if (this.#left > 0) this.#file.close();
    this.#left = 0;
  }
}

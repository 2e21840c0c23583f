/**
 * The bytes that a channel reads into.
 *
 * Owns: one buffer for each channel: small while the channel is quiet, larger while reads fill it.
 * Reads: nothing.
 * Never: lets a command keep a view of the buffer, which the next read overwrites.
 *
 * @module
 */

import type { RemotingCommand } from "../../protocol/command.ts";

const BYTES_MIN = 4_096;
const BYTES_MAX = 65_536;
const GROWTH = 4;

/** The buffer. */
export class ReadBuffer {
  #bytes: Uint8Array = new Uint8Array(BYTES_MIN);
  #full = false;

  /** Where the next read goes. */
  space(): Uint8Array {
    if (this.#full && this.#bytes.length < BYTES_MAX) {
      this.#bytes = new Uint8Array(Math.min(this.#bytes.length * GROWTH, BYTES_MAX));
    }
    return this.#bytes;
  }

  /**
   * What the last read brought.
   *
   * @param count How many bytes it was.
   */
  filled(count: number): Uint8Array {
    this.#full = count === this.#bytes.length;
    return this.#full ? this.#bytes : this.#bytes.subarray(0, count);
  }

  /**
   * Makes a command's body independent of the buffer.
   *
   * @returns The same command.
   */
  detach(command: RemotingCommand): RemotingCommand {
    if (command.body.buffer === this.#bytes.buffer) command.body = command.body.slice();
    return command;
  }
}

/**
 * The memory that frames are written into until they are on the wire: two buffers that take turns, so that nothing is
 * allocated while requests flow.
 *
 * ```text
 * | sealed: views of it wait to be written | being filled | free |
 * ```
 *
 * Owns: one buffer that is filled and one that is written or rests. Reads: nothing.
 * Never: touches bytes that were sealed until they are said to be written.
 *
 * @module
 */

import type { DirectRequest } from "./direct_request.ts";

const BYTES_MIN = 16_384;
/** Buffers above this size are not kept. */
const KEPT_BYTES_MAX = 262_144;

/** The buffers of one connection. */
export class OutBuffer {
  #bytes: Uint8Array = new Uint8Array(0);
  #sealed = 0;
  #end = 0;
  #spare: Uint8Array = new Uint8Array(0);

  /** Bytes that are not sealed. */
  get openBytes(): number {
    return this.#end - this.#sealed;
  }

  /**
   * Lets a request write its frame.
   *
   * @param request The request.
   * @param opaque Its number.
   * @returns Bytes of the frame.
   */
  place(request: DirectRequest, opaque: number): number {
    const start = this.#end;
    if (this.#bytes.length - start < request.frameBytesMax) return this.#placeInLarger(request, opaque);
    this.#end = request.write(this.#bytes, start, opaque);
    return this.#end - start;
  }

  /** A view of what was written since the last time. */
  seal(): Uint8Array {
    const view = this.#bytes.subarray(this.#sealed, this.#end);
    this.#sealed = this.#end;
    return view;
  }

  /** All that was sealed is now being written: the other buffer is filled meanwhile. */
  swap(): void {
    const sealed = this.#bytes;
    this.#bytes = this.#spare;
    this.#spare = sealed;
    this.#sealed = 0;
    this.#end = 0;
  }

  /** What was sealed before the last swap is written. */
  written(): void {
    if (this.#spare.length > KEPT_BYTES_MAX) this.#spare = new Uint8Array(0);
  }

  #placeInLarger(request: DirectRequest, opaque: number): number {
    const open = this.#bytes.subarray(this.#sealed, this.#end);
    const larger = new Uint8Array(
      Math.max(BYTES_MIN, this.#bytes.length * 2, 2 * (open.length + request.frameBytesMax)),
    );
    larger.set(open);
    this.#bytes = larger;
    this.#sealed = 0;
    this.#end = open.length;
    return this.place(request, opaque);
  }
}

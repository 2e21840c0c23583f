/**
 * Writes frames to a connection, all that one turn offered in one write.
 *
 * Owns: the frames that wait. One write is in flight at a time; what is offered meanwhile goes with the next.
 * Reads: nothing.
 * Never: grows without a bound; a reader that is too slow is given up.
 *
 * @module
 */

import type { DirectRequest } from "./direct_request.ts";
import { NetError } from "./errors.ts";
import { OutBuffer } from "./out_buffer.ts";
import type { Connection } from "./transport.ts";

/** How a writer is made. */
export interface FrameWriterOptions {
  /** Where the bytes go. */
  readonly connection: Connection;
  /** Bytes that may wait. */
  readonly pendingBytesMax: number;
  /** Called after each write that took bytes. */
  readonly wrote: () => void;
  /** Called once, when nothing more can be written. */
  readonly failed: (error: NetError) => void;
}

/** Frames up to this size are joined into one write; larger ones are written from where they lie. */
const JOIN_BYTES_MAX = 65_536;

/** So many bytes of direct requests are written before the turn ends: the other end begins while this one goes on. */
const EAGER_BYTES = 32_768;

/** The writer. */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  #frames: Uint8Array[] = [];
  #pendingBytes = 0;
  readonly #out = new OutBuffer();
  #scheduled = false;
  #writing = false;
  #ended = false;
  #drained: PromiseWithResolvers<void> | undefined;
  readonly #endTurn = (): void => {
    this.#scheduled = false;
    if (!this.#writing && !this.#ended) void this.#write();
  };

  /**
   * Makes a FrameWriter.
   *
   * @param options The connection and the bound.
   */
  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /** Bytes that wait to be written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Takes a frame; it must not be changed afterwards. Past the bound the writer fails with `SLOW_READER`. */
  offer(frame: Uint8Array): void {
    if (this.#ended) return;
    if (this.#out.openBytes > 0) this.#frames.push(this.#out.seal());
    this.#frames.push(frame);
    this.#offered(frame.length);
  }

  /** Lets a request write its frame behind what was offered before. Past the bound the writer fails with `SLOW_READER`. */
  place(request: DirectRequest, opaque: number): void {
    if (this.#ended) return;
    this.#offered(this.#out.place(request, opaque));
    if (!this.#writing && this.#out.openBytes >= EAGER_BYTES) void this.#write();
  }

  /** Settles when everything offered so far is written, or nothing can be. */
  async drained(): Promise<void> {
    if (this.#pendingBytes === 0 || this.#ended) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Takes nothing more and drops what waits. */
  end(): void {
    this.#ended = true;
    this.#frames = [];
    this.#pendingBytes = 0;
    this.#drained?.resolve();
  }

  #offered(bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > this.#options.pendingBytesMax) {
      const address = this.#options.connection.remoteAddress;
      this.#fail(
        new NetError(
          "SLOW_READER",
          `Cannot write to ${address}: ${this.#pendingBytes} bytes wait, limit is ${this.#options.pendingBytesMax}`,
          { address },
        ),
      );
      return;
    }
    if (this.#writing || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#endTurn);
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#frames.length > 0 || this.#out.openBytes > 0) {
        if (this.#out.openBytes > 0) this.#frames.push(this.#out.seal());
        const frames = this.#frames;
        this.#frames = [];
        this.#out.swap();
        for (const bytes of join(frames)) {
          await this.#writeAll(bytes);
          if (this.#ended) return;
          this.#pendingBytes -= bytes.length;
          this.#options.wrote();
        }
        this.#out.written();
      }
      this.#drained?.resolve();
      this.#drained = undefined;
    } catch (cause) {
      const address = this.#options.connection.remoteAddress;
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new NetError("SEND_FAILED", `Cannot write to ${address}: ${why}`, { address, cause }));
    } finally {
      this.#writing = false;
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let start = 0;
    while (start < bytes.length && !this.#ended) {
      start += await this.#options.connection.write(start === 0 ? bytes : bytes.subarray(start));
    }
  }

  #fail(error: NetError): void {
    if (this.#ended) return;
    this.end();
    this.#options.failed(error);
  }
}

/** Frames that lie behind each other in memory as one view: nothing is copied. */
function neighbours(frames: readonly Uint8Array[]): Uint8Array[] {
  const views: Uint8Array[] = [];
  let first: Uint8Array | undefined;
  let bytes = 0;
  const endRun = (): void => {
    if (first === undefined) return;
    views.push(first.length === bytes ? first : new Uint8Array(first.buffer, first.byteOffset, bytes));
  };
  for (const frame of frames) {
    if (first !== undefined && frame.buffer === first.buffer && frame.byteOffset === first.byteOffset + bytes) {
      bytes += frame.length;
      continue;
    }
    endRun();
    first = frame;
    bytes = frame.length;
  }
  endRun();
  return views;
}

/** Joins runs of small frames; their bytes in order are those of the frames. */
function join(offered: readonly Uint8Array[]): Uint8Array[] {
  if (offered.length === 1) return [...offered];
  const frames = neighbours(offered);
  const joined: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    if (run.length === 1) joined.push(...run);
    else if (run.length > 1) joined.push(concat(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const frame of frames) {
    if (runBytes + frame.length > JOIN_BYTES_MAX) endRun();
    run.push(frame);
    runBytes += frame.length;
  }
  endRun();
  return joined;
}

function concat(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

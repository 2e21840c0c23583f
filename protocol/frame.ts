/**
 * Frames: how commands lie in a byte stream.
 *
 * ```
 * i32 length of what follows │ u8 serialize type │ u24 header length │ header │ body
 * ```
 *
 * Owns the boundaries, the bound and the accumulation of split frames. The header itself is read by `header_json.ts` or
 * `header_binary.ts`, by the type byte of each frame.
 *
 * Source: apache/rocketmq remoting/protocol/RemotingCommand.java encode, remoting/netty/NettyDecoder.java.
 *
 * @module
 */
import { type RemotingCommand, SerializeType } from "./command.ts";
import { ProtocolError } from "./errors.ts";
import { decodeBinaryHeader, encodeBinaryHeader } from "./header_binary.ts";
import { decodeJsonHeader, encodeJsonHeader } from "./header_json.ts";
import { readInt, writeInt } from "./java_number.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";

/** Bytes before the header: length, serialize type, header length. */
export const FRAME_PREFIX_BYTES = 8;

const LENGTH_BYTES = 4;
const HEADER_LENGTH_MASK = 0xffffff;

/** Bytes that a split frame is given room for at first; the room doubles from there as bytes arrive. */
const PARTIAL_BYTES_MIN = 4096;

/**
 * Takes a whole frame instead of having it decoded.
 *
 * @param bytes What holds it; valid during the call, unless `own`
 * @param start First byte of the frame, its length word included
 * @param end Byte after it
 * @param own Whether the memory holds nothing but this frame and is the taker's to keep
 * @returns False to have it decoded
 */
export type FrameTaker = (bytes: Uint8Array, start: number, end: number, own: boolean) => boolean;

/** How a decoder is made. */
export interface FrameDecoderOptions {
  /** Largest frame accepted, its length word included, bytes; 16 MiB when left out. */
  readonly frameBytesMax?: number;
  /** Room that a split frame is given at first, bytes, if it is that large; 4096 when left out. */
  readonly partialBytesMin?: number;
  /** Is offered each whole frame before it is decoded. */
  readonly taker?: FrameTaker;
}

const EMPTY = new Uint8Array(0);

/**
 * Cuts a byte stream into commands.
 *
 * - Commands come out in the order of their bytes, whatever the chunks.
 * - A frame that lies whole in one chunk is not copied: its body is a view of that chunk, and valid as long as the
 *   caller leaves the chunk's bytes alone. A frame that was split is joined in memory of its own; its body is a view of
 *   that and stays valid.
 * - Once `next()` has returned `undefined`, the decoder holds no reference to the chunks that were pushed, so the caller
 *   may reuse them when it is also done with the bodies.
 * - Memory follows the bytes that arrived, never the length that was declared.
 * - After an error the stream cannot be followed: each later call throws the same error.
 *
 * @example Commands from a stream that is cut anywhere
 * ```ts
 * import { createRequest, encodeFrame, FrameDecoder } from "./mod.ts";
 *
 * const bytes = encodeFrame(createRequest(105, { topic: "Orders" }));
 * const decoder = new FrameDecoder();
 * decoder.push(bytes.subarray(0, 10));
 * console.log(decoder.next()); // undefined
 * decoder.push(bytes.subarray(10));
 * console.log(decoder.next()?.ext["topic"]); // Orders
 * ```
 */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  readonly #partialBytesMin: number;
  readonly #taker: FrameTaker | undefined;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  /** Chunks behind the current one, for callers that push more than once between two calls of `next()`. */
  #queue: Uint8Array[] = [];
  #queueHead = 0;
  /** First bytes of a split frame: the first `#partialBytes` are filled. */
  #partial: Uint8Array = EMPTY;
  #partialBytes = 0;
  #error: ProtocolError | undefined;

  /**
   * Starts at the beginning of a stream.
   *
   * @param options Bounds, and who is offered the frames
   */
  constructor(options: FrameDecoderOptions = {}) {
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    this.#partialBytesMin = options.partialBytesMin ?? PARTIAL_BYTES_MIN;
    this.#taker = options.taker;
  }

  /** Bytes that belong to a frame which is not whole yet. */
  get pendingBytes(): number {
    const queued = this.#queue.slice(this.#queueHead).reduce((sum, chunk) => sum + chunk.length, 0);
    return this.#partialBytes + this.#chunk.length - this.#position + queued;
  }

  /** Memory held for a split frame, bytes: at most twice what has arrived, and 4096. */
  get heldBytes(): number {
    return this.#partial.length;
  }

  /**
   * Takes bytes as they were read from the stream. Call `next()` until it returns `undefined` before the next push.
   *
   * @param chunk The bytes; they must not change until `next()` has returned `undefined`
   */
  push(chunk: Uint8Array): void {
    if (this.#position < this.#chunk.length || this.#queue.length > 0) {
      this.#queue.push(chunk);
      return;
    }
    this.#chunk = chunk;
    this.#position = 0;
  }

  /**
   * Takes the next command out of what was pushed.
   *
   * @returns The command, or `undefined` when the next frame is not whole yet
   * @throws {ProtocolError} when the stream breaks the frame layout, passes the bound, or holds a bad header
   */
  next(): RemotingCommand | undefined {
    if (this.#error !== undefined) throw this.#error;
    try {
      for (;;) {
        const command = this.#partialBytes > 0 ? this.#nextOfPartial() : this.#nextOfChunk();
        if (command !== undefined || this.#queue.length === 0) return command;
        this.#takeQueued();
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#fail(error);
      throw error;
    }
  }

  #takeQueued(): void {
    this.#chunk = this.#queue[this.#queueHead++] ?? EMPTY;
    this.#position = 0;
    if (this.#queueHead === this.#queue.length) this.#clearQueue();
  }

  #clearQueue(): void {
    this.#queue = [];
    this.#queueHead = 0;
  }

  #fail(error: ProtocolError): void {
    this.#error = error;
    this.#chunk = EMPTY;
    this.#partial = EMPTY;
    this.#clearQueue();
    this.#position = 0;
    this.#partialBytes = 0;
  }

  #nextOfChunk(): RemotingCommand | undefined {
    for (;;) {
      const start = this.#position;
      const have = this.#chunk.length - start;
      let roomWanted = Math.max(this.#partialBytesMin, have);
      if (have >= LENGTH_BYTES) {
        const frameBytes = this.#frameBytes(this.#chunk, start);
        if (have >= frameBytes) {
          const end = start + frameBytes;
          this.#position = end;
          const taken = this.#taker?.(this.#chunk, start, end, false) === true;
          const command = taken ? undefined : decodeFrameContent(this.#chunk, start, end);
          if (this.#position === this.#chunk.length) this.#dropChunk();
          if (command !== undefined) return command;
          continue;
        }
        roomWanted = Math.min(roomWanted, frameBytes);
      }
      if (have > 0) this.#append(have, roomWanted);
      return undefined;
    }
  }

  #nextOfPartial(): RemotingCommand | undefined {
    if (this.#partialBytes < LENGTH_BYTES) {
      this.#append(Math.min(LENGTH_BYTES - this.#partialBytes, this.#available()), PARTIAL_BYTES_MIN);
      if (this.#partialBytes < LENGTH_BYTES) return undefined;
    }
    const frameBytes = this.#frameBytes(this.#partial, 0);
    const missing = frameBytes - this.#partialBytes;
    const taken = Math.min(missing, this.#available());
    if (taken > 0) this.#append(taken, frameBytes);
    if (taken < missing) return undefined;
    const frame = this.#partial;
    this.#partial = EMPTY;
    this.#partialBytes = 0;
    if (this.#taker?.(frame, 0, frameBytes, true) === true) return this.#nextOfChunk();
    return decodeFrameContent(frame, 0, frameBytes);
  }

  #available(): number {
    return this.#chunk.length - this.#position;
  }

  /**
   * Moves bytes of the chunk behind the partial frame. Room at least doubles, so each byte is moved a bounded number of times;
   * the room before is given back at once, since the collector may take long to look for some megabytes outside its heap.
   */
  #append(bytes: number, roomWanted: number): void {
    const need = this.#partialBytes + bytes;
    if (need > this.#partial.length) {
      const doubled = Math.max(need, this.#partial.length * 2, this.#partialBytesMin);
      const roomBytes = Math.max(need, Math.min(doubled, roomWanted));
      this.#partial = this.#partialBytes === 0
        ? new Uint8Array(roomBytes)
        : new Uint8Array((this.#partial.buffer as ArrayBuffer).transfer(roomBytes));
    }
    this.#partial.set(this.#chunk.subarray(this.#position, this.#position + bytes), this.#partialBytes);
    this.#partialBytes = need;
    this.#position += bytes;
    if (this.#position === this.#chunk.length) this.#dropChunk();
  }

  #dropChunk(): void {
    this.#chunk = EMPTY;
    this.#position = 0;
  }

  #frameBytes(bytes: Uint8Array, position: number): number {
    const length = readInt(bytes, position);
    if (length < LENGTH_BYTES || length + LENGTH_BYTES > this.#frameBytesMax) {
      throw new ProtocolError(
        "FRAME_LENGTH",
        `Cannot decode frame: length is ${length}, limit is ${this.#frameBytesMax - LENGTH_BYTES}`,
        { position, need: length, have: this.#frameBytesMax - LENGTH_BYTES },
      );
    }
    return length + LENGTH_BYTES;
  }
}

/**
 * Decodes one whole frame.
 *
 * @param bytes The frame, its length word included
 * @returns The command; its body is a view of `bytes`
 * @throws {ProtocolError} when the bytes are not exactly one frame
 */
export function decodeFrame(bytes: Uint8Array): RemotingCommand {
  const have = bytes.length - LENGTH_BYTES;
  const need = have < LENGTH_BYTES ? LENGTH_BYTES : readInt(bytes, 0);
  if (need !== have) {
    throw new ProtocolError("FRAME_LENGTH", `Cannot decode frame: length is ${need}, there are ${have} bytes`, {
      position: 0,
      need,
      have,
    });
  }
  return decodeFrameContent(bytes, 0, bytes.length);
}

/** Decodes the frame whose length word stands at `start`; the caller has checked the length. */
function decodeFrameContent(bytes: Uint8Array, start: number, end: number): RemotingCommand {
  const word = readInt(bytes, start + LENGTH_BYTES);
  const headerBytes = word & HEADER_LENGTH_MASK;
  const type = word >>> 24;
  const headerStart = start + FRAME_PREFIX_BYTES;
  const bodyStart = headerStart + headerBytes;
  if (bodyStart > end) {
    throw new ProtocolError(
      "FRAME_HEADER_LENGTH",
      `Cannot decode frame: header needs ${headerBytes} bytes, there are ${end - headerStart}`,
      { position: start + LENGTH_BYTES, need: headerBytes, have: end - headerStart },
    );
  }
  const command = decodeHeader(type, bytes, headerStart, bodyStart);
  if (bodyStart < end) command.body = bytes.subarray(bodyStart, end);
  return command;
}

function decodeHeader(type: number, bytes: Uint8Array, start: number, end: number): RemotingCommand {
  if (type === SerializeType.JSON) return decodeJsonHeader(bytes, start, end);
  if (type === SerializeType.ROCKETMQ) return decodeBinaryHeader(bytes, start, end);
  throw new ProtocolError("FRAME_SERIALIZE_TYPE", `Cannot decode frame: serialize type is 0x${type.toString(16)}`, {
    position: start - LENGTH_BYTES,
  });
}

/**
 * Encodes a command as one frame. The header is written in the command's `serializeType`.
 *
 * @param command The command
 * @returns Fresh bytes; the body is copied
 * @throws {ProtocolError} FRAME_LENGTH when the frame passes 16 MiB; HEADER_MALFORMED when the header cannot be written
 */
export function encodeFrame(command: RemotingCommand): Uint8Array {
  const frame = encodePrefixAndHeader(command, command.body.length, command.body.length);
  frame.set(command.body, frame.length - command.body.length);
  return frame;
}

/**
 * Encodes what stands before the body, for a caller that writes the body itself.
 *
 * @param command The command; its body is left alone
 * @param bodyBytes Bytes of the body that will follow
 * @returns Fresh bytes: length word, type and header
 * @throws {ProtocolError} as {@linkcode encodeFrame}
 */
export function encodeFrameHead(command: RemotingCommand, bodyBytes: number): Uint8Array {
  return encodePrefixAndHeader(command, bodyBytes, 0);
}

function encodePrefixAndHeader(command: RemotingCommand, bodyBytes: number, room: number): Uint8Array {
  const binary = command.serializeType === SerializeType.ROCKETMQ;
  const header = binary ? encodeBinaryHeader(command) : encodeJsonHeader(command);
  const frameBytes = FRAME_PREFIX_BYTES + header.length + bodyBytes;
  if (frameBytes > FRAME_BYTES_MAX) {
    throw new ProtocolError("FRAME_LENGTH", `Cannot encode frame: size is ${frameBytes}, limit is ${FRAME_BYTES_MAX}`, {
      need: frameBytes,
      have: FRAME_BYTES_MAX,
    });
  }
  const bytes = new Uint8Array(FRAME_PREFIX_BYTES + header.length + room);
  writeInt(bytes, 0, frameBytes - LENGTH_BYTES);
  writeInt(bytes, 4, (command.serializeType << 24) | header.length);
  bytes.set(header, FRAME_PREFIX_BYTES);
  return bytes;
}

/**
 * Encodes frames behind each other into larger pieces of memory.
 *
 * A small frame of its own costs two allocations, one more copy when frames are joined for a write, and the collection of
 * all three. Here a piece of memory serves some dozens of frames, and a writer that is given them in order writes them as
 * one view.
 *
 * Owns: the piece that is being filled. Each byte is written once: a piece is given up when it is full, and lives as long
 * as a frame in it waits to be written. Never: reuses memory.
 *
 * @module
 */
import { type RemotingCommand, SerializeType } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { jsonHeaderText } from "../../protocol/header_json.ts";

/** Bytes of the first piece; the pieces grow while they are filled, so that a connection at rest costs little. */
const PIECE_BYTES_MIN = 4_096;
/** Bytes of the largest piece, that of one write. */
const PIECE_BYTES_MAX = 65_536;
/** Frames above this size are encoded on their own. */
const FRAME_BYTES_MAX = 16_384;
/** Length word and header word of a frame. Source: apache/rocketmq remoting/protocol/RemotingCommand.java encode */
const PREFIX_BYTES = 8;
/** Bytes of UTF-8 that one UTF-16 unit takes at most. */
const UTF8_BYTES_MAX = 3;

const encoder = new TextEncoder();

/** The pieces of one connection. */
export class FrameSlab {
  #piece: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #at = 0;

  /**
   * Encodes a command as one frame.
   *
   * @param command The command.
   * @returns A view that nobody writes to again.
   * @throws {ProtocolError} As `encodeFrame`.
   */
  encode(command: RemotingCommand): Uint8Array {
    const { body } = command;
    if (command.serializeType !== SerializeType.JSON || body.length > FRAME_BYTES_MAX) return encodeFrame(command);
    const text = jsonHeaderText(command);
    const roomBytes = PREFIX_BYTES + UTF8_BYTES_MAX * text.length + body.length;
    if (roomBytes > FRAME_BYTES_MAX) return encodeFrame(command);
    if (this.#piece.length - this.#at < roomBytes) this.#grow(roomBytes);
    const start = this.#at;
    const headerStart = start + PREFIX_BYTES;
    const { written } = encoder.encodeInto(text, this.#piece.subarray(headerStart));
    const end = headerStart + written + body.length;
    this.#piece.set(body, headerStart + written);
    this.#int(start, end - start - 4);
    this.#int(start + 4, written);
    this.#at = end;
    return this.#piece.subarray(start, end);
  }

  #grow(roomBytes: number): void {
    const doubled = Math.max(PIECE_BYTES_MIN, this.#piece.length * 2);
    this.#piece = new Uint8Array(Math.max(roomBytes, Math.min(PIECE_BYTES_MAX, doubled)));
    this.#at = 0;
  }

  /** Big-endian; the type byte of a JSON header is 0, so its word is its length. */
  #int(at: number, value: number): void {
    this.#piece[at] = value >>> 24;
    this.#piece[at + 1] = value >>> 16;
    this.#piece[at + 2] = value >>> 8;
    this.#piece[at + 3] = value;
  }
}

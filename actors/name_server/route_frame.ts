// hot
/**
 * The whole frame of a route answer but for its opaque: encoded once, completed for each request.
 *
 * Owns: where the digits of the opaque stand. Reads: a frame that `encodeFrame` made. Never: decodes or re-encodes a body.
 *
 * ```
 * frame     length │ type, header length │ …"opaque":1234567890,… │ body
 * template  ───────────── head ─────────────────┤          ├──── tail ────
 * ```
 */

import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame, FRAME_PREFIX_BYTES } from "../../protocol/frame.ts";
import { readInt, writeInt } from "../../protocol/java_number.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { assert } from "../../store/assert.ts";

/** An opaque that no other number of the header equals; ten digits, like the longest ones. */
const MARK_OPAQUE = 1_234_567_890;
const MARK = new TextEncoder().encode(`"opaque":${MARK_OPAQUE}`);
const MARK_DIGITS = 10;

const ZERO = 0x30;
const MINUS = 0x2d;

/** A route answer that only lacks its opaque. */
export class RouteFrame {
  /** Up to the first digit of the opaque; the two length fields count a frame without digits. */
  readonly #head: Uint8Array;
  /** From behind the last digit to the end of the body. */
  readonly #tail: Uint8Array;

  /**
   * @param request Any route query; the answer has the same header for all of them but for the opaque.
   * @param body Encoded route.
   */
  constructor(request: RemotingCommand, body: Uint8Array) {
    const marked = { ...request, opaque: MARK_OPAQUE };
    const frame = encodeFrame(createResponse(marked, ResponseCode.SUCCESS, undefined, {}, body));
    const start = positionOf(frame, frame.length - body.length) + MARK.length - MARK_DIGITS;
    this.#head = frame.slice(0, start);
    this.#tail = frame.slice(start + MARK_DIGITS);
    writeInt(this.#head, 0, readInt(this.#head, 0) - MARK_DIGITS);
    writeInt(this.#head, 4, readInt(this.#head, 4) - MARK_DIGITS);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#head.length + this.#tail.length;
  }

  /**
   * The frame for one request. Allocates the frame and nothing else.
   *
   * @param opaque Opaque of the request, 32 bits with sign.
   * @returns Fresh bytes.
   */
  complete(opaque: number): Uint8Array {
    const digits = digitCount(opaque);
    const head = this.#head;
    const frame = new Uint8Array(head.length + digits + this.#tail.length);
    frame.set(head);
    writeInt(frame, 0, readInt(head, 0) + digits);
    writeInt(frame, 4, readInt(head, 4) + digits);
    writeDigits(frame, head.length, digits, opaque);
    frame.set(this.#tail, head.length + digits);
    return frame;
  }
}

/** Where the mark begins; header only, so that a body cannot be mistaken for it. */
function positionOf(frame: Uint8Array, headerEnd: number): number {
  for (let at = FRAME_PREFIX_BYTES; at + MARK.length <= headerEnd; at++) {
    let matched = 0;
    while (matched < MARK.length && frame[at + matched] === MARK[matched]) matched++;
    if (matched === MARK.length) return at;
  }
  assert(false, "Header of a route answer has no opaque");
}

function digitCount(opaque: number): number {
  let count = opaque < 0 ? 2 : 1;
  for (let rest = Math.abs(opaque); rest >= 10; rest = Math.floor(rest / 10)) count++;
  return count;
}

function writeDigits(frame: Uint8Array, start: number, count: number, opaque: number): void {
  let rest = Math.abs(opaque);
  for (let at = start + count - 1; at >= start; at--) {
    frame[at] = ZERO + rest % 10;
    rest = Math.floor(rest / 10);
  }
  if (opaque < 0) frame[start] = MINUS;
}

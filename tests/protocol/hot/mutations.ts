/**
 * Golden request frames, damaged by a seed, and laid between bytes that a scan must not look at.
 *
 * Owns: the kinds of damage. Reads: golden frames. Never: the same damage for another seed.
 *
 * @module
 */

import { isResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { decodeBinaryHeader } from "../../../protocol/header_binary.ts";
import { decodeJsonHeader } from "../../../protocol/header_json.ts";
import type { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { type GoldenFrame, goldenFrames } from "../golden.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

/** A request frame taken apart. */
export interface RequestHeader {
  readonly name: string;
  readonly code: number;
  readonly isJson: boolean;
  /** Bytes of the header. */
  readonly header: Uint8Array;
}

/** Headers of all recorded requests. */
export function goldenRequests(): RequestHeader[] {
  return goldenFrames().filter(({ command }) => !isResponse(command)).map(takeHeader);
}

function takeHeader(frame: GoldenFrame): RequestHeader {
  const { bytes } = frame;
  const headerBytes = (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!;
  return {
    name: frame.name,
    code: frame.command.code,
    isJson: frame.serialize === "JSON",
    header: bytes.slice(8, 8 + headerBytes),
  };
}

/** Bytes that mean something in one of the two header types. */
const STRUCTURE = [...'{}[]":,\\0123456789-+.eEtrufalsn \u0000\u0001\u0002/bx'].map((char) => char.charCodeAt(0));

/** A damaged copy: one to three changes, each a bit, a byte, a byte more or less, a piece twice, or a cut. */
export function damaged(header: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes: Uint8Array = header.slice();
  for (let changes = random.between(1, 4); changes > 0; changes--) bytes = damagedOnce(bytes, random);
  return bytes;
}

function damagedOnce(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.between(0, 256));
  const at = random.between(0, bytes.length);
  const byte = random.next() < 0.7 ? STRUCTURE[random.between(0, STRUCTURE.length)]! : random.between(0, 256);
  switch (random.between(0, 7)) {
    case 0:
      bytes[at]! ^= 1 << random.between(0, 8);
      return bytes;
    case 1:
    case 2:
      bytes[at] = byte;
      return bytes;
    case 3:
      return joined(bytes.subarray(0, at), Uint8Array.of(byte), bytes.subarray(at));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1));
    case 5: {
      const end = Math.min(bytes.length, at + random.between(1, 40));
      return joined(bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end));
    }
    default:
      return bytes.slice(0, at);
  }
}

/** Pieces behind each other. */
export function joined(...pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What may stand around a header: nothing, what would close it, and what would go on. */
export const SURROUNDINGS: readonly [before: Uint8Array, after: Uint8Array][] = [
  [new Uint8Array(0), new Uint8Array(0)],
  [text('{"'), text('"}}},:1}')],
  [text(":1,"), text(',"code":1,"extFields":{"a":"b"}}')],
  [new Uint8Array(9).fill(0x39), new Uint8Array(64)],
  [new Uint8Array(3), new Uint8Array(64).fill(0xff)],
];

/** UTF-8 of a text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Scans a header of either type. @param view of the bytes, for a scan that knows shapes */
export function scanHeader(
  scan: HeaderScan,
  isJson: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  view?: DataView,
): boolean {
  return isJson ? scan.scanJson(bytes, start, end, view) : scan.scanBinary(bytes, start, end);
}

/** The words of bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What the general decoder makes of a header; undefined when it refuses. */
export function generalDecode(isJson: boolean, header: Uint8Array): RemotingCommand | undefined {
  try {
    return isJson ? decodeJsonHeader(header, 0, header.length) : decodeBinaryHeader(header, 0, header.length);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** A header and the command that the general decoder makes of it; undefined where it refuses. */
export interface Sample {
  readonly name: string;
  readonly isJson: boolean;
  readonly header: Uint8Array;
  readonly command: RemotingCommand | undefined;
}

/** Golden requests of the codes as they are, and damaged. */
export function* samples(options: {
  readonly seed: number;
  readonly codes?: readonly number[];
  readonly damagedEach: number;
}): Generator<Sample> {
  const random = new SeededRandom(options.seed);
  for (const request of goldenRequests()) {
    if (options.codes !== undefined && !options.codes.includes(request.code)) continue;
    const { isJson } = request;
    yield { name: request.name, isJson, header: request.header, command: generalDecode(isJson, request.header) };
    for (let i = 0; i < options.damagedEach; i++) {
      const header = damaged(request.header, random);
      const name = `${request.name}, seed ${options.seed}, damage ${i}: ${printable(header)}`;
      yield { name, isJson, header, command: generalDecode(isJson, header) };
    }
  }
}

function printable(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder("latin1").decode(bytes));
}

/**
 * Frames that no client sends: random bytes, recorded requests with damage, impossible lengths, halves.
 *
 * Owns: the kinds of damage. Reads: golden frames. Never: the same case for another seed.
 *
 * @module
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { type RemotingCommand, SerializeType } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { goldenFrames } from "../protocol/golden.ts";
import { damaged } from "../protocol/hot/mutations.ts";
import type { SeededRandom } from "../torture/seeded_random.ts";

/** A few bytes to throw at a port, and whether the connection may be used for the next case. */
export interface BadCase {
  readonly bytes: Uint8Array;
  /** The broker can read on behind it: the lengths fit, and the header is one. */
  readonly isFramed: boolean;
}

const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const LENGTHS: readonly number[] = [
  0,
  1,
  3,
  4,
  -1,
  -2_147_483_648,
  2_147_483_647,
  FRAME_BYTES_MAX,
  FRAME_BYTES_MAX + 1,
];

/** Recorded requests larger than this are left out: there are others of their kind. */
const FRAME_BYTES_USED_MAX = 8192;

/** Requests of each code and header type that are used at most. */
const EACH_MAX = 12;

/**
 * Requests that are left out: a change of the configuration would be obeyed, and what makes topics and groups makes one more for each damaged name, which
 * is no leak.
 */
const LEFT_OUT: ReadonlySet<number> = new Set([
  RequestCode.UPDATE_BROKER_CONFIG,
  RequestCode.UPDATE_AND_CREATE_TOPIC,
  RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
]);

/** One recorded request. */
interface Recorded {
  readonly bytes: Uint8Array;
  readonly command: RemotingCommand;
}

/** Makes cases. */
export class BadFrames {
  readonly #random: SeededRandom;
  readonly #recorded: Recorded[] = [];
  readonly #binary: Recorded[];
  readonly #withBody: Recorded[];

  /** @param random Everything follows from it. */
  constructor(random: SeededRandom) {
    this.#random = random;
    const counts = new Map<string, number>();
    for (const { command, bytes } of goldenFrames()) {
      if ((command.flag & 1) !== 0 || bytes.length > FRAME_BYTES_USED_MAX) continue;
      if (LEFT_OUT.has(command.code)) continue;
      const kind = `${command.code} ${command.serializeType}`;
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      if (count < EACH_MAX) {
        this.#recorded.push({ bytes, command });
      }
    }
    this.#binary = this.#recorded.filter(({ command }) => command.serializeType === SerializeType.ROCKETMQ);
    this.#withBody = this.#recorded.filter(({ command }) => command.body.length > 0);
  }

  /** How many recorded requests are damaged. */
  get recorded(): number {
    return this.#recorded.length;
  }

  /** The next case. Most leave the connection open, because a connection costs more than a case. */
  next(): BadCase {
    const roll = this.#random.next();
    if (roll < 0.55) return this.#fieldDamaged();
    if (roll < 0.75) return this.#fieldExtreme();
    if (roll < 0.85) return this.#bodyDamaged();
    if (roll < 0.89) return this.#damagedHeader();
    if (roll < 0.92) return this.#binaryLength();
    if (roll < 0.94) return this.#noise();
    if (roll < 0.95) return this.#noiseInFrame();
    if (roll < 0.96) return this.#damagedAnywhere();
    if (roll < 0.985) return this.#outerLength();
    return this.#half();
  }

  /** A whole frame that announces more than it has, for connections that stay silent. */
  half(): Uint8Array {
    return this.#half().bytes;
  }

  #pick(from: readonly Recorded[]): Recorded {
    return from[this.#random.between(0, from.length)]!;
  }

  /** A header field with other bytes, in a header that is one. */
  #fieldDamaged(): BadCase {
    return this.#withField((value) => latin1(damaged(bytesOf(value), this.#random)));
  }

  /** A header field that is an extreme number. */
  #fieldExtreme(): BadCase {
    return this.#withField(() => String(LENGTHS[this.#random.between(0, LENGTHS.length)]));
  }

  #withField(change: (value: string) => string): BadCase {
    const { command } = this.#pick(this.#recorded);
    const names = Object.keys(command.ext);
    const name = names[this.#random.between(0, Math.max(1, names.length))];
    const ext = name === undefined ? command.ext : { ...command.ext, [name]: change(command.ext[name]!) };
    return { bytes: encodeFrame({ ...command, ext }), isFramed: true };
  }

  #bodyDamaged(): BadCase {
    const { command } = this.#pick(this.#withBody);
    return { bytes: encodeFrame({ ...command, body: damaged(command.body, this.#random) }), isFramed: true };
  }

  /** The header's bytes damaged, with lengths that fit. */
  #damagedHeader(): BadCase {
    const { bytes } = this.#pick(this.#recorded);
    const bodyStart = 8 + (int32(bytes, 4) & 0xffffff);
    const header = damaged(bytes.subarray(8, bodyStart), this.#random);
    return { bytes: framed(bytes[4]!, header, bytes.subarray(bodyStart)), isFramed: false };
  }

  /** One of the lengths inside a binary header, set to an extreme. */
  #binaryLength(): BadCase {
    const bytes = this.#pick(this.#binary).bytes.slice();
    const places = binaryLengths(bytes, 8, 8 + (int32(bytes, 4) & 0xffffff));
    const [at, size] = places[this.#random.between(0, places.length)]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const value = LENGTHS[this.#random.between(0, LENGTHS.length)]!;
    if (size === 2) view.setInt16(at, value);
    else view.setInt32(at, value);
    return { bytes, isFramed: false };
  }

  #noise(): BadCase {
    const length = this.#random.between(0, 300);
    return { bytes: Uint8Array.from({ length }, () => this.#random.between(0, 256)), isFramed: false };
  }

  #noiseInFrame(): BadCase {
    const { bytes } = this.#noise();
    const headerBytes = this.#random.between(0, bytes.length + 1);
    const kind = this.#random.between(0, 2);
    return { bytes: framed(kind, bytes.subarray(0, headerBytes), bytes.subarray(headerBytes)), isFramed: false };
  }

  #damagedAnywhere(): BadCase {
    return { bytes: damaged(this.#pick(this.#recorded).bytes, this.#random), isFramed: false };
  }

  /** The frame's length, or that of its header, set to an extreme, or a header type that does not exist. */
  #outerLength(): BadCase {
    const bytes = this.#pick(this.#recorded).bytes.slice();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const value = LENGTHS[this.#random.between(0, LENGTHS.length)]!;
    switch (this.#random.between(0, 4)) {
      case 0:
        view.setInt32(0, value);
        break;
      case 1:
        view.setInt32(4, value);
        break;
      case 2: // a header longer than its frame
        view.setInt32(4, (bytes[4]! << 24) | (bytes.length - 7));
        break;
      default:
        bytes[4] = this.#random.between(2, 256);
    }
    return { bytes, isFramed: false };
  }

  #half(): BadCase {
    const { bytes } = this.#pick(this.#recorded);
    return { bytes: bytes.slice(0, this.#random.between(1, bytes.length)), isFramed: false };
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function framed(kind: number, header: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + body.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length - 4);
  view.setInt32(4, (kind << 24) | header.length);
  bytes.set(header, 8);
  bytes.set(body, 8 + header.length);
  return bytes;
}

/** Where the lengths of a ROCKETMQ header stand, and their sizes: remark, ext fields, each key and value. */
function binaryLengths(bytes: Uint8Array, start: number, end: number): [at: number, size: 2 | 4][] {
  const places: [number, 2 | 4][] = [[start + 13, 4]];
  let at = start + 17 + Math.max(0, int32(bytes, start + 13));
  places.push([at, 4]);
  at += 4;
  while (at + 6 < end) {
    places.push([at, 2]);
    at += 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    places.push([at, 4]);
    at += 4 + int32(bytes, at);
  }
  return places;
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

// hot
/**
 * Finds the properties that dispatch needs in the bytes of a record: TAGS, KEYS, UNIQ_KEY, DELAY.
 *
 * Most messages of a producer differ in the value of UNIQ_KEY only: properties are compared with some that were read before, in words, and read byte by byte
 * when they are others.
 *
 * Owns: the places of the values in the bytes it looked at last, and one record's properties. One instance is reused.
 * Reads: properties as `name 0x01 value 0x02` repeated; a pair with an empty name or value does not count, of two pairs
 * with the same name the later one does.
 * Never: decodes text; names are compared as bytes.
 * Source: apache/rocketmq common MessageDecoder string2messageProperties
 */

import { sameBytes } from "../protocol/hot/header_shape.ts";

/** Longest properties that are kept to compare with. Bytes. */
const KNOWN_BYTES_MAX = 1024;

/** The first that are like none before are kept, and then every so many-th. */
const LEARN_EVERY = 16;

const NAME_END = 1;
const PAIR_END = 2;
const SPACE = 0x20;

/** Places of the properties that dispatch needs. */
export class DispatchProperties {
  /** First byte of TAGS, and the byte behind; equal when there is none. */
  tagsStart = 0;
  /** Byte behind TAGS. */
  tagsEnd = 0;
  /** First byte of KEYS, and the byte behind; equal when there is none. */
  keysStart = 0;
  /** Byte behind KEYS. */
  keysEnd = 0;
  /** First byte of UNIQ_KEY, and the byte behind; equal when there is none. */
  uniqKeyStart = 0;
  /** Byte behind UNIQ_KEY. */
  uniqKeyEnd = 0;
  /** First byte of DELAY, and the byte behind; equal when there is none. */
  delayStart = 0;
  /** Byte behind DELAY. */
  delayEnd = 0;
  /** Properties that were read once, and where the values lie in them: UNIQ_KEY, TAGS, KEYS, DELAY. */
  readonly #known = new Uint8Array(KNOWN_BYTES_MAX);
  readonly #knownView = new DataView(this.#known.buffer);
  readonly #knownPlaces = new Int32Array(8);
  #knownBytes = 0;
  #strangers = 0;

  /**
   * Looks at the properties between two places.
   *
   * @param bytes that hold them
   * @param view of the same bytes
   * @param start first byte of them
   * @param end byte behind them
   */
  scan(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    if (this.#follow(bytes, view, start, end)) return;
    this.#read(bytes, start, end);
    if (end - start <= KNOWN_BYTES_MAX && this.#strangers++ % LEARN_EVERY === 0) this.#learn(bytes, start, end);
  }

  /** Takes properties that are the known ones but for the value of UNIQ_KEY. @returns false when they are others */
  #follow(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const count = this.#knownBytes;
    if (end - start !== count || count === 0) return false;
    const places = this.#knownPlaces;
    const keyEnd = places[1]!;
    if (!sameBytes(view, start, this.#knownView, 0, places[0]!)) return false;
    if (!sameBytes(view, start + keyEnd, this.#knownView, keyEnd, count - keyEnd)) return false;
    for (let at = start + places[0]!; at < start + keyEnd; at++) if (bytes[at]! <= PAIR_END) return false;
    this.uniqKeyStart = start + places[0]!;
    this.uniqKeyEnd = start + keyEnd;
    this.tagsStart = start + places[2]!;
    this.tagsEnd = start + places[3]!;
    this.keysStart = start + places[4]!;
    this.keysEnd = start + places[5]!;
    this.delayStart = start + places[6]!;
    this.delayEnd = start + places[7]!;
    return true;
  }

  #learn(bytes: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.#known[i - start] = bytes[i]!;
    this.#knownBytes = end - start;
    const { uniqKeyStart, uniqKeyEnd, tagsStart, tagsEnd, keysStart, keysEnd, delayStart, delayEnd } = this;
    const places = [uniqKeyStart, uniqKeyEnd, tagsStart, tagsEnd, keysStart, keysEnd, delayStart, delayEnd];
    for (let i = 0; i < places.length; i++) this.#knownPlaces[i] = Math.max(0, places[i]! - start);
  }

  #read(bytes: Uint8Array, start: number, end: number): void {
    this.tagsStart = this.tagsEnd = 0;
    this.keysStart = this.keysEnd = 0;
    this.uniqKeyStart = this.uniqKeyEnd = 0;
    this.delayStart = this.delayEnd = 0;
    let at = start;
    while (at < end) {
      let name = at;
      while (name < end && bytes[name]! > PAIR_END) name += 1;
      if (name >= end || bytes[name] !== NAME_END) {
        name = this.#endOfPair(bytes, name, end);
        at = name + 1;
        continue;
      }
      const pairEnd = this.#endOfPair(bytes, name + 1, end);
      if (name > at && pairEnd > name + 1) this.#take(bytes, at, name, pairEnd);
      at = pairEnd + 1;
    }
  }

  #endOfPair(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at] !== PAIR_END) at += 1;
    return at;
  }

  #take(bytes: Uint8Array, start: number, nameEnd: number, pairEnd: number): void {
    const length = nameEnd - start;
    if (length === 4) {
      if (isTags(bytes, start)) {
        this.tagsStart = nameEnd + 1;
        this.tagsEnd = pairEnd;
      } else if (isKeys(bytes, start)) {
        this.keysStart = nameEnd + 1;
        this.keysEnd = pairEnd;
      }
    } else if (length === 5) {
      if (isDelay(bytes, start)) {
        this.delayStart = nameEnd + 1;
        this.delayEnd = pairEnd;
      }
    } else if (length === 8 && isUniqKey(bytes, start)) {
      this.uniqKeyStart = nameEnd + 1;
      this.uniqKeyEnd = pairEnd;
    }
  }
}

/** True for the byte that separates two keys in KEYS. */
export function isKeySeparator(byte: number): boolean {
  return byte === SPACE;
}

/** "TAGS" */
function isTags(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x54 && bytes[at + 1] === 0x41 && bytes[at + 2] === 0x47 && bytes[at + 3] === 0x53;
}

/** "KEYS" */
function isKeys(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x4b && bytes[at + 1] === 0x45 && bytes[at + 2] === 0x59 && bytes[at + 3] === 0x53;
}

/** "DELAY" */
function isDelay(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x44 && bytes[at + 1] === 0x45 && bytes[at + 2] === 0x4c && bytes[at + 3] === 0x41 &&
    bytes[at + 4] === 0x59;
}

/** "UNIQ_KEY" */
function isUniqKey(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x55 && bytes[at + 1] === 0x4e && bytes[at + 2] === 0x49 && bytes[at + 3] === 0x51 &&
    bytes[at + 4] === 0x5f && bytes[at + 5] === 0x4b && bytes[at + 6] === 0x45 && bytes[at + 7] === 0x59;
}

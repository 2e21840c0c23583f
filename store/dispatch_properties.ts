// hot
/**
 * Finds the properties that dispatch needs in the bytes of a record: TAGS, KEYS, UNIQ_KEY, DELAY.
 *
 * Owns: the places of the values in the bytes it looked at last. One instance is reused.
 * Reads: properties as `name 0x01 value 0x02` repeated; a pair with an empty name or value does not count, of two pairs
 * with the same name the later one does.
 * Never: decodes text; names are compared as bytes.
 * Source: apache/rocketmq common MessageDecoder string2messageProperties
 */

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

  /** Looks at the properties between two places. */
  scan(bytes: Uint8Array, start: number, end: number): void {
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

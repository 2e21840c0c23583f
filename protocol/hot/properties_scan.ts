// hot
/**
 * Properties of a message on their way from a header into a record: JSON escapes resolved, structure checked, the few names that change what
 * a broker does found, all in one pass over the bytes and into one reused buffer.
 *
 * A string is plain when it is `key 0x01 value 0x02` repeated with no empty key or value (the last 0x02 may be missing and is
 * added), no key occurs twice, none that the broker replaces or acts on, and UNIQ_KEY is there. Everything else is refused, and the
 * general path decodes and encodes the properties as a map, as Apache does with all of them.
 *
 * Properties that are those of the message before but for their UNIQ_KEY are compared with them instead ({@link PropertiesShape}).
 */

import { asciiText, isText } from "./ascii_text.ts";
import { PropertiesShape } from "./properties_shape.ts";

/** What became of the properties. */
export const PropertiesKind = {
  /** In the buffer, ready for a record. */
  Plain: 0,
  /** The general path has to take them. */
  General: 1,
  /** Longer than a record can hold. */
  TooLong: 2,
} as const;

/** One of {@link PropertiesKind}. */
export type PropertiesKindValue = (typeof PropertiesKind)[keyof typeof PropertiesKind];

/** Bytes of properties that a record can hold. Source: apache/rocketmq store MessageExtEncoder (Short.MAX_VALUE) */
export const PROPERTIES_BYTES_MAX = 32_767;

/** Properties of one message that this path takes at most. */
const PROPERTIES_MAX = 64;

/** Properties that are of no known shape become one when they are the first, or so many were of none. */
const LEARN_EVERY = 16;

const NAME_END = 1;
const PROPERTY_END = 2;

const WAIT = asciiText("WAIT");
const TRUE = asciiText("true");
const UNIQ_KEY = asciiText("UNIQ_KEY");
const TRAN_MSG = asciiText("TRAN_MSG");

/** Reads properties into a buffer. One instance is reused for every message of a thread. */
export class PropertiesScan {
  /** The properties as they go into the record. */
  readonly bytes: Uint8Array = new Uint8Array(PROPERTIES_BYTES_MAX + 8);
  /** The same as words. */
  readonly view: DataView = new DataView(this.bytes.buffer);
  /** How many bytes of them. */
  length = 0;
  /** Where the value of UNIQ_KEY begins in {@link bytes}. */
  uniqKeyStart = 0;
  /** Byte behind the value of UNIQ_KEY. */
  uniqKeyEnd = 0;
  readonly #keyStarts = new Int32Array(PROPERTIES_MAX);
  readonly #keyEnds = new Int32Array(PROPERTIES_MAX);
  #keys = 0;
  /** False when the producer does not wait for the message to be stored safely: WAIT is there and is not "true". Source: apache/rocketmq common Message.isWaitStoreMsgOK */
  wait = true;
  /** Whether the message is the half of a transaction: TRAN_MSG is "true". */
  prepared = false;
  /** Whether the broker sets one of the properties itself when it stores a half message. */
  #hasHalfNames = false;
  #shape: PropertiesShape | undefined = undefined;
  /** Whether what was read last was of that shape. */
  #isOfShape = false;
  #strangers = 0;

  /**
   * Reads properties.
   *
   * @param from the header's bytes
   * @param start first byte of the value
   * @param end byte behind the value
   * @param escaped whether it holds JSON escapes
   * @param view of `from`, for properties that are like those before; without it each are read byte by byte
   */
  read(from: Uint8Array, start: number, end: number, escaped: boolean, view?: DataView): PropertiesKindValue {
    if (view !== undefined && this.#follow(from, start, end, escaped, view)) return PropertiesKind.Plain;
    this.#isOfShape = false;
    const kind = this.#read(from, start, end, escaped);
    if (view !== undefined && kind === PropertiesKind.Plain && this.#strangers++ % LEARN_EVERY === 0) {
      this.#shape = PropertiesShape.of(from, start, end, escaped, this);
    }
    return kind;
  }

  /** Takes properties that are of the known shape. @returns false when they are not */
  #follow(from: Uint8Array, start: number, end: number, escaped: boolean, view: DataView): boolean {
    const shape = this.#shape;
    if (shape === undefined || !shape.isOf(view, start, end, escaped)) return false;
    const into = this.bytes;
    if (!this.#isOfShape) this.#load(shape);
    const { uniqKeyStart, uniqKeyEnd } = shape;
    let at = start + shape.keyStart;
    for (let i = uniqKeyStart; i < uniqKeyEnd; i++) {
      const byte = from[at++]!;
      if (!isPlainByte(byte)) return false;
      into[i] = byte;
    }
    this.#strangers = 0;
    this.#isOfShape = true;
    return true;
  }

  #load(shape: PropertiesShape): void {
    const { stored } = shape;
    for (let i = 0; i < stored.length; i++) this.bytes[i] = stored[i]!;
    this.length = stored.length;
    this.uniqKeyStart = shape.uniqKeyStart;
    this.uniqKeyEnd = shape.uniqKeyEnd;
    this.wait = shape.wait;
    this.prepared = shape.prepared;
  }

  #read(from: Uint8Array, start: number, end: number, escaped: boolean): PropertiesKindValue {
    if (!escaped && end - start > PROPERTIES_BYTES_MAX) return PropertiesKind.TooLong;
    this.wait = true;
    this.prepared = false;
    this.#hasHalfNames = false;
    this.uniqKeyEnd = 0;
    const copied = escaped ? this.#unescape(from, start, end) : this.#copy(from, start, end);
    if (copied < 0) return PropertiesKind.General;
    if (copied > PROPERTIES_BYTES_MAX) return PropertiesKind.TooLong;
    this.length = copied;
    return this.#inspect();
  }

  #copy(from: Uint8Array, start: number, end: number): number {
    const into = this.bytes;
    let at = 0;
    for (let i = start; i < end; i++) into[at++] = from[i]!;
    return at;
  }

  /** @returns bytes written; more than the bound when it would be longer; −1 for an escape that the general path has to judge */
  #unescape(from: Uint8Array, start: number, end: number): number {
    const into = this.bytes;
    let at = 0;
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (at > PROPERTIES_BYTES_MAX) return at;
      if (byte !== 0x5c) {
        into[at++] = byte;
        continue;
      }
      if (++i >= end) return -1;
      const kind = from[i]!;
      if (kind !== 0x75) {
        const plain = kind === 0x22 || kind === 0x5c || kind === 0x2f
          ? kind
          : kind === 0x74
          ? 9
          : kind === 0x6e
          ? 10
          : kind === 0x72
          ? 13
          : -1;
        if (plain < 0) return -1;
        into[at++] = plain;
        continue;
      }
      // Only \u0000 … \u007f here: the separators are among them; others are rare and take the general path.
      if (i + 4 >= end || from[i + 1] !== 0x30 || from[i + 2] !== 0x30) return -1;
      const high = from[i + 3]! - 0x30;
      const low = hexDigit(from[i + 4]!);
      if (high < 0 || high > 7 || low < 0) return -1;
      into[at++] = high * 16 + low;
      i += 4;
    }
    return at;
  }

  #inspect(): PropertiesKindValue {
    const bytes = this.bytes;
    if (this.length === 0) return PropertiesKind.General;
    if (bytes[this.length - 1] !== PROPERTY_END) bytes[this.length++] = PROPERTY_END;
    if (this.length > PROPERTIES_BYTES_MAX) return PropertiesKind.TooLong;
    const end = this.length;
    this.#keys = 0;
    let at = 0;
    while (at < end) {
      const keyStart = at;
      while (at < end && bytes[at]! > PROPERTY_END) at++;
      const keyEnd = at;
      if (keyEnd === keyStart || bytes[at] !== NAME_END) return PropertiesKind.General;
      const valueStart = ++at;
      while (at < end && bytes[at]! > PROPERTY_END) at++;
      if (at === valueStart || bytes[at] !== PROPERTY_END) return PropertiesKind.General;
      if (!this.#isNew(keyStart, keyEnd) || !this.#known(keyStart, keyEnd, valueStart, at)) {
        return PropertiesKind.General;
      }
      at++;
    }
    if (this.uniqKeyEnd === 0 || this.prepared && this.#hasHalfNames) return PropertiesKind.General;
    return PropertiesKind.Plain;
  }

  /** Whether no property before has the same key; of two equal ones only the later may be stored. */
  #isNew(keyStart: number, keyEnd: number): boolean {
    const bytes = this.bytes;
    const keys = this.#keys;
    if (keys === PROPERTIES_MAX) return false;
    for (let i = 0; i < keys; i++) {
      const start = this.#keyStarts[i]!;
      if (this.#keyEnds[i]! - start !== keyEnd - keyStart || bytes[start] !== bytes[keyStart]) continue;
      let same = 0;
      while (same < keyEnd - keyStart && bytes[start + same] === bytes[keyStart + same]) same++;
      if (same === keyEnd - keyStart) return false;
    }
    this.#keyStarts[keys] = keyStart;
    this.#keyEnds[keys] = keyEnd;
    this.#keys = keys + 1;
    return true;
  }

  /** Looks at one property; false when the broker acts on it in a way that only the general path knows. */
  #known(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): boolean {
    const bytes = this.bytes;
    const first = bytes[keyStart]!;
    switch (keyEnd - keyStart) {
      case 4: // WAIT
        if (isText(bytes, keyStart, keyEnd, WAIT)) this.wait = isTextInAnyCase(bytes, valueStart, valueEnd, TRUE);
        return true;
      case 5: // DELAY
        return !(first === 0x44 && bytes[keyStart + 1] === 0x45);
      case 6: // POP_CK
        return !(first === 0x50 && bytes[keyStart + 1] === 0x4f);
      case 7: // CLUSTER
        return !(first === 0x43 && bytes[keyStart + 1] === 0x4c);
      case 8: // UNIQ_KEY, TRAN_MSG, TRACE_ON, REAL_QID, __CRC32#
        if (isText(bytes, keyStart, keyEnd, UNIQ_KEY)) {
          this.uniqKeyStart = valueStart;
          this.uniqKeyEnd = valueEnd;
          return valueEnd - valueStart <= 64 && this.#isPlainText(valueStart, valueEnd);
        }
        if (isText(bytes, keyStart, keyEnd, TRAN_MSG)) {
          this.prepared = isTextInAnyCase(bytes, valueStart, valueEnd, TRUE);
          return this.prepared;
        }
        if (first === 0x52) this.#hasHalfNames = true;
        return !(first === 0x54 && bytes[keyStart + 1] === 0x52) && !(first === 0x5f && bytes[keyStart + 2] === 0x43);
      default:
        // REAL_TOPIC, __transactionId__
        if (first === 0x52 || first === 0x5f) this.#hasHalfNames = true;
        // TIMER_…, INNER_…, __C…, MSG_REGION: rare, and each means something to the broker.
        return !(first === 0x54 && bytes[keyStart + 1] === 0x49) &&
          !(first === 0x49 && bytes[keyStart + 1] === 0x4e && keyEnd - keyStart > 9) &&
          !(first === 0x5f && bytes[keyStart + 2] === 0x43) &&
          !(first === 0x4d && bytes[keyStart + 1] === 0x53);
    }
  }

  /** Whether a value can stand in a JSON string as it is. */
  #isPlainText(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (!isPlainByte(this.bytes[i]!)) return false;
    return true;
  }
}

/** Whether a byte is an ASCII character that a JSON string holds as it is. */
function isPlainByte(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c;
}

/** Whether ASCII bytes are a text of small letters, in large or small ones. */
function isTextInAnyCase(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[start + i]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== text[i]) return false;
  }
  return true;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

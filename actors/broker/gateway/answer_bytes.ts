// hot
/**
 * Answers as bytes, written from templates straight into a connection's output.
 *
 * A broker always answers with a JSON header, whatever the request came with, and every ext value is a string: that is what Apache does and what all clients
 * read. Source: apache/rocketmq remoting RemotingCommand.serializeTypeConfigInThisServer; the golden frames
 */
import { copyWords } from "../../../store/memory/word_copy.ts";
import type { GatewayConnection } from "./connection.ts";

/** Version that this broker says it is: V5_4_0. Source: apache/rocketmq common MQVersion */
export const BROKER_VERSION = 493;

const INT_MAX = 0x7fff_ffff;

const encoder = new TextEncoder();
const ACK_0 = encoder.encode(`{"code":0,"extFields":{"queueId":"`);
const ACK_1 = encoder.encode(`","transactionId":"`);
const ACK_2 = encoder.encode(`","msgId":"`);
const TAIL_0 = encoder.encode(`"},"flag":1,"language":"JAVA","opaque":`);
const TAIL_1 = encoder.encode(`,"serializeTypeCurrentRPC":"JSON","version":${BROKER_VERSION}}`);
const PULL_CODE = encoder.encode(`{"code":`);
const PULL_0 = encoder.encode(`,"extFields":{"suggestWhichBrokerId":"`);
const PULL_GROUP_FLAG = encoder.encode(`","groupSysFlag":"`);
const PULL_NEXT = encoder.encode(`","nextBeginOffset":"`);
const PULL_MAX = encoder.encode(`","maxOffset":"`);
const PULL_MIN = encoder.encode(`","minOffset":"`);
const PULL_TOPIC_FLAG = encoder.encode(`","topicSysFlag":"`);
const PULL_REMARK = encoder.encode(`,"remark":"`);
const PULL_TAIL = encoder.encode(`","serializeTypeCurrentRPC":"JSON","version":${BROKER_VERSION}}`);

/** Bytes that the header of one acknowledgement takes at most, its UNIQ_KEY not counted. */
const ACK_BYTES_MAX = ACK_0.length + ACK_1.length + ACK_2.length + TAIL_0.length + TAIL_1.length + 8 +
  10 + 32 + 16 + 11 + 32;

/** Bytes of the keys whose acknowledgements are kept: the short path takes none that is longer. */
const KEY_BYTES_MAX = 64;

/** Digits of an opaque at most. */
const OPAQUE_DIGITS_MAX = 10;

/** Where the queue id of one digit stands in an acknowledgement, and the UNIQ_KEY behind it. */
const QUEUE_ID_AT = 8 + ACK_0.length;
const KEY_AT = QUEUE_ID_AT + 1 + ACK_1.length;

const COMMA = 0x2c;

/** Bytes that the header of one pull answer takes at most. */
const PULL_BYTES_MAX = 512;

/** Where the code of an acknowledgement's frame stands: behind the lengths and `{"code":`. */
export const ACK_CODE_AT = 16;

/** The UNIQ_KEY of a message among its properties. */
export interface UniqKey {
  /** What holds it. */
  readonly bytes: Uint8Array;
  /** The same as words. */
  readonly view: DataView;
  /** First byte of the value. */
  readonly uniqKeyStart: number;
  /** Byte behind the value. */
  readonly uniqKeyEnd: number;
}

/** Writes acknowledgements of sends. One for each gateway. */
export class AckEncoder {
  readonly #idPrefix: Uint8Array;
  readonly #region: Uint8Array;
  /** For each length of key, an acknowledgement for each number of digits of opaque and queue offset: the next one differs in what is written over it. */
  readonly #known: (DataView | undefined)[][] = Array.from({ length: KEY_BYTES_MAX + 1 }, () => []);

  /**
   * @param storeHost address and port of this broker as records store them: 8 bytes, or 20 for IPv6
   * @param region which every acknowledgement names, and whether clients are to trace messages
   */
  constructor(storeHost: Uint8Array, region: { readonly regionId: string; readonly traceOn: boolean }) {
    const regionId = JSON.stringify(region.regionId).slice(1, -1);
    this.#region = encoder.encode(`","TRACE_ON":"${region.traceOn}","MSG_REGION":"${regionId}","queueOffset":"`);
    let hex = "";
    for (const byte of storeHost) hex += byte.toString(16).toUpperCase().padStart(2, "0");
    this.#idPrefix = encoder.encode(hex);
  }

  /** Bytes that an acknowledgement takes at most. */
  bytesMax(uniqKeyBytes: number): number {
    return ACK_BYTES_MAX + this.#idPrefix.length + this.#region.length + uniqKeyBytes;
  }

  /**
   * Writes one acknowledgement.
   *
   * @param out where it goes, with room for {@link bytesMax}
   * @param view of `out`
   * @param start first byte
   * @param opaque of the request
   * @param queueId that the message got
   * @param queueOffset that the message got
   * @param position physical offset of the record, for the offset message id
   * @param key of the message
   * @returns byte behind the acknowledgement
   */
  encode(
    out: Uint8Array,
    view: DataView,
    start: number,
    opaque: number,
    queueId: number,
    queueOffset: number,
    position: number,
    key: UniqKey,
  ): number {
    const keyBytes = key.uniqKeyEnd - key.uniqKeyStart;
    if (queueId > 9 || opaque < 0 || keyBytes > KEY_BYTES_MAX) {
      const head = this.#encodeHead(out, start, queueId, position, key);
      return putTail(out, start, head, queueOffset, opaque);
    }
    const opaqueDigits = digitsOf(opaque);
    const offsetDigits = digitsOf(queueOffset);
    const ofKey = this.#known[keyBytes]!;
    const kind = offsetDigits * (OPAQUE_DIGITS_MAX + 1) + opaqueDigits;
    const known = ofKey[kind];
    if (known === undefined) {
      const head = this.#encodeHead(out, start, queueId, position, key);
      const end = putTail(out, start, head, queueOffset, opaque);
      ofKey[kind] = new DataView(out.slice(start, end).buffer);
      return end;
    }
    const end = copyWords(view, start, known, 0, known.byteLength);
    out[start + QUEUE_ID_AT] = 0x30 + queueId;
    copyWords(view, start + KEY_AT, key.view, key.uniqKeyStart, keyBytes);
    const offsetAt = start + KEY_AT + keyBytes + ACK_2.length + this.#idPrefix.length + 16 + this.#region.length;
    putHex16(out, offsetAt - this.#region.length - 16, position);
    putDigits(out, offsetAt, queueOffset, offsetDigits);
    putDigits(out, offsetAt + offsetDigits + TAIL_0.length, opaque, opaqueDigits);
    return end;
  }

  #encodeHead(
    out: Uint8Array,
    start: number,
    queueId: number,
    position: number,
    key: UniqKey,
  ): number {
    let at = put(out, start + 8, ACK_0);
    at = putDecimal(out, at, queueId);
    at = put(out, at, ACK_1);
    for (let i = key.uniqKeyStart; i < key.uniqKeyEnd; i++) out[at++] = key.bytes[i]!;
    at = put(out, at, ACK_2);
    at = put(out, at, this.#idPrefix);
    at = putHex16(out, at, position);
    return put(out, at, this.#region);
  }

  /** Bytes that the acknowledgement of a batch takes at most. */
  batchBytesMax(count: number): number {
    return ACK_BYTES_MAX + this.#region.length + count * (this.#idPrefix.length + 17);
  }

  /**
   * Writes the acknowledgement of a batch: it names each message.
   *
   * @param out where it goes, with room for {@link batchBytesMax}
   * @param start first byte
   * @param opaque of the request
   * @param queueId that the messages got
   * @param queueOffset that the first message got
   * @param position physical offset of the first record
   * @param sizes bytes of each record
   * @param count of messages, one at least
   * @returns byte behind the acknowledgement
   */
  encodeBatch(
    out: Uint8Array,
    start: number,
    opaque: number,
    queueId: number,
    queueOffset: number,
    position: number,
    sizes: Int32Array,
    count: number,
  ): number {
    let at = put(out, start + 8, ACK_0);
    at = putDecimal(out, at, queueId);
    at = put(out, at, ACK_2);
    let next = position;
    for (let i = 0; i < count; i++) {
      if (i > 0) out[at++] = COMMA;
      at = put(out, at, this.#idPrefix);
      at = putHex16(out, at, next);
      next += sizes[i]!;
    }
    at = put(out, at, this.#region);
    return putTail(out, start, at, queueOffset, opaque);
  }
}

/** Ends an acknowledgement behind its head. */
function putTail(out: Uint8Array, start: number, headEnd: number, queueOffset: number, opaque: number): number {
  let at = putDecimal(out, headEnd, queueOffset);
  at = put(out, at, TAIL_0);
  at = putDecimal(out, at, opaque);
  at = put(out, at, TAIL_1);
  putLengths(out, start, at - start - 8, 0);
  return at;
}

/** What a pull answer says besides its body. */
export interface PullAnswer {
  /** Response code. */
  code: number;
  /** Name of the store's status, or another remark; plain ASCII without quotes. */
  remark: string;
  /** Broker id that the client should pull from next. */
  suggestWhichBrokerId: number;
  /** Flags of the group. */
  groupSysFlag: number;
  /** Flags of the topic. */
  topicSysFlag: number;
  /** Offset to pull next. */
  nextBeginOffset: number;
  /** Smallest offset of the queue. */
  minOffset: number;
  /** Largest offset of the queue plus one. */
  maxOffset: number;
}

/**
 * Writes the lengths and the header of a pull answer into a connection's output. The body follows; its bytes are counted in.
 *
 * @param bodyBytes that will follow
 * @returns whether the connection took it
 */
export function pushPullHeader(
  connection: GatewayConnection,
  opaque: number,
  answer: PullAnswer,
  bodyBytes: number,
): boolean {
  if (!connection.reserve(PULL_BYTES_MAX + answer.remark.length + bodyBytes)) return false;
  const out = connection.out;
  const start = connection.outEnd;
  let at = put(out, start + 8, PULL_CODE);
  at = putDecimal(out, at, answer.code);
  at = put(out, at, PULL_0);
  at = putDecimal(out, at, answer.suggestWhichBrokerId);
  at = put(out, at, PULL_GROUP_FLAG);
  at = putDecimal(out, at, answer.groupSysFlag);
  at = put(out, at, PULL_NEXT);
  at = putDecimal(out, at, answer.nextBeginOffset);
  at = put(out, at, PULL_MAX);
  at = putDecimal(out, at, answer.maxOffset);
  at = put(out, at, PULL_MIN);
  at = putDecimal(out, at, answer.minOffset);
  at = put(out, at, PULL_TOPIC_FLAG);
  at = putDecimal(out, at, answer.topicSysFlag);
  at = put(out, at, TAIL_0);
  at = putDecimal(out, at, opaque);
  at = put(out, at, PULL_REMARK);
  for (let i = 0; i < answer.remark.length; i++) out[at++] = answer.remark.charCodeAt(i);
  at = put(out, at, PULL_TAIL);
  putLengths(out, start, at - start - 8, bodyBytes);
  connection.outEnd = at;
  return true;
}

/** Whether the frame at `start` is an acknowledgement of a send that succeeded. */
export function isAck(out: Uint8Array, start: number): boolean {
  for (let i = 0; i < ACK_0.length; i++) if (out[start + 8 + i] !== ACK_0[i]) return false;
  return true;
}

/** Opaque of the acknowledgement whose frame lies from `start` to `end`. */
export function ackOpaque(out: Uint8Array, start: number, end: number): number {
  let at = end - TAIL_1.length - 1;
  let value = 0;
  let scale = 1;
  for (; at > start && out[at]! >= 0x30 && out[at]! <= 0x39; at--) {
    value += (out[at]! - 0x30) * scale;
    scale *= 10;
  }
  return out[at] === 0x2d ? -value : value;
}

function putLengths(out: Uint8Array, start: number, headerBytes: number, bodyBytes: number): void {
  const total = 4 + headerBytes + bodyBytes;
  out[start] = total >>> 24;
  out[start + 1] = total >>> 16;
  out[start + 2] = total >>> 8;
  out[start + 3] = total;
  out[start + 4] = 0;
  out[start + 5] = headerBytes >>> 16;
  out[start + 6] = headerBytes >>> 8;
  out[start + 7] = headerBytes;
}

function put(out: Uint8Array, at: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text[i]!;
  return at + text.length;
}

/** Writes a whole number in decimal digits. @returns byte behind the last digit */
export function putDecimal(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  if (rest < 0) {
    out[at++] = 0x2d;
    rest = -rest;
  }
  return putDigits(out, at, rest, digitsOf(rest));
}

/** Decimal digits of a whole number from 0 on. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Writes the last digits of a whole number. @returns byte behind them */
function putDigits(out: Uint8Array, at: number, value: number, digits: number): number {
  if (value <= INT_MAX) return putInt(out, at, value, digits);
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    out[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** Whole numbers below 2^31 divide faster. */
function putInt(out: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    out[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

function putHex16(out: Uint8Array, at: number, value: number): number {
  putHex8(out, at, Math.floor(value / 0x1_0000_0000));
  putHex8(out, at + 8, value >>> 0);
  return at + 16;
}

function putHex8(out: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 8; i++) {
    const digit = (value >>> (28 - i * 4)) & 15;
    out[at + i] = digit < 10 ? 0x30 + digit : 0x37 + digit;
  }
}

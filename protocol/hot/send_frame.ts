// hot
/**
 * Frames of SEND_MESSAGE_V2 from a template: all that sends to one queue have in common is encoded once.
 *
 * The header is of the ROCKETMQ type: texts lie in it as they are, so the properties' separators need no escapes, and a
 * field that changes in value but not in length is written over in place. The fields that differ from send to send come last:
 *
 * ```text
 * | length 4 | type 1, header length 3 | fixed fields, opaque | a … n but g and i | g, 13 digits | i, the properties | body |
 * ```
 *
 * Owns: one template. Reads: what the caller gives. Never: touches a byte behind the frame.
 * Source: apache/rocketmq remoting SendMessageRequestHeaderV2; RocketMQSerializable.rocketMQProtocolEncode
 */
import { LanguageCode } from "../language_code.ts";
import { RequestCode } from "../request_code.ts";
import { RINGMQ_VERSION, SerializeType } from "../command.ts";
import { encodeBinaryHeader } from "../header_binary.ts";

const PREFIX_BYTES = 8;
const OPAQUE_AT = PREFIX_BYTES + 5;
/** Lengths of the header's remark and of its ext fields: both are 4 bytes behind the flag. */
const EXT_BYTES_AT = PREFIX_BYTES + 17;
const EXT_AT = EXT_BYTES_AT + 4;
/** Digits of milliseconds since 1970 from 2001 until 2286. */
const BORN_DIGITS = 13;
const BORN_MS_MIN = 10 ** (BORN_DIGITS - 1);
/** Length of the key, the key, length of the value. */
const FIELD_BYTES = 7;

/** What all sends to one queue have in common. */
export interface SendFrameFields {
  /** Producer group, with the namespace. */
  readonly producerGroup: string;
  /** Topic, with the namespace. */
  readonly topic: string;
  /** Topic whose settings a new topic takes. */
  readonly createTopicKey: string;
  /** Queues of a new topic. */
  readonly defaultTopicQueueNums: number;
  /** Queue. */
  readonly queueId: number;
  /** Broker name. */
  readonly brokerName: string;
}

/** The template of one queue. */
export class SendFrame {
  readonly #bytes: Uint8Array;
  readonly #bornAt: number;
  #bornMs = -1;

  /** @param fields what all its sends have in common */
  constructor(fields: SendFrameFields) {
    const ext = {
      a: fields.producerGroup,
      b: fields.topic,
      c: fields.createTopicKey,
      d: String(fields.defaultTopicQueueNums),
      e: String(fields.queueId),
      f: "0",
      h: "0",
      j: "0",
      k: "false",
      m: "false",
      n: fields.brokerName,
      g: "0".repeat(BORN_DIGITS),
      i: "",
    };
    const header = encodeBinaryHeader({
      code: RequestCode.SEND_MESSAGE_V2,
      language: LanguageCode.JAVA,
      version: RINGMQ_VERSION,
      opaque: 0,
      flag: 0,
      remark: undefined,
      ext,
      body: new Uint8Array(0),
      serializeType: SerializeType.ROCKETMQ,
    });
    this.#bytes = new Uint8Array(PREFIX_BYTES + header.length);
    this.#bytes.set(header, PREFIX_BYTES);
    this.#bornAt = this.#bytes.length - FIELD_BYTES - BORN_DIGITS;
  }

  /** Bytes of the frame without properties and body. */
  get headBytes(): number {
    return this.#bytes.length;
  }

  /**
   * Writes a frame.
   *
   * @param into where it goes, with room for {@link headBytes}, the properties and the body
   * @param start first byte
   * @param opaque number of the request
   * @param bornMs milliseconds since 1970, 13 digits
   * @param properties as stored, ASCII
   * @param body payload
   * @returns byte behind the frame
   */
  write(
    into: Uint8Array,
    start: number,
    opaque: number,
    bornMs: number,
    properties: string,
    body: Uint8Array,
  ): number {
    const head = this.#bytes;
    if (bornMs !== this.#bornMs) this.#setBorn(bornMs);
    into.set(head, start);
    let at = start + head.length;
    const propertyBytes = properties.length;
    for (let i = 0; i < propertyBytes; i++) into[at + i] = properties.charCodeAt(i);
    putInt(into, at - 4, propertyBytes);
    at += propertyBytes;
    const headerBytes = at - start - PREFIX_BYTES;
    putInt(into, start + 4, (SerializeType.ROCKETMQ << 24) | headerBytes);
    putInt(into, start + OPAQUE_AT, opaque);
    putInt(into, start + EXT_BYTES_AT, at - start - EXT_AT);
    into.set(body, at);
    at += body.length;
    putInt(into, start, at - start - 4);
    return at;
  }

  #setBorn(bornMs: number): void {
    if (!(bornMs >= BORN_MS_MIN && bornMs < BORN_MS_MIN * 10)) throw new RangeError(`Born time is ${bornMs}`);
    this.#bornMs = bornMs;
    let left = bornMs;
    for (let i = BORN_DIGITS - 1; i >= 0; i--) {
      const rest = Math.floor(left / 10);
      this.#bytes[this.#bornAt + i] = 0x30 + left - rest * 10;
      left = rest;
    }
  }
}

/**
 * Whether a text is ASCII.
 *
 * @param text any text
 */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function putInt(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/**
 * Transactions: headers of END_TRANSACTION (37) and CHECK_TRANSACTION_STATE (39).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import {
  type ExtCodec,
  extCodec,
  flagField,
  intField,
  longField,
  named,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** What becomes of a half message. Source: apache/rocketmq remoting/protocol/header/EndTransactionRequestHeader.java EndTransactionRequestHeader. */
export interface EndTransactionRequestHeader {
  /** Topic. */
  readonly topic?: string | undefined;
  /** Producer group. */
  readonly producerGroup: string;
  /** Queue offset of the half message. */
  readonly tranStateTableOffset: number;
  /** Position of the half message. */
  readonly commitLogOffset: number;
  /** Transaction bits: 0, 8 commit, 12 roll back. */
  readonly commitOrRollback: number;
  /** Whether the broker had asked. */
  readonly fromTransactionCheck: boolean;
  /** Message id. */
  readonly msgId: string;
  /** Transaction id. */
  readonly transactionId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const endTransactionRequestHeaderCodec: ExtCodec<EndTransactionRequestHeader> = extCodec<EndTransactionRequestHeader>({
  topic: optionalText(),
  producerGroup: textField(),
  tranStateTableOffset: longField(),
  commitLogOffset: longField(),
  commitOrRollback: intField(),
  fromTransactionCheck: flagField(false),
  msgId: textField(),
  transactionId: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode EndTransactionRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeEndTransactionRequestHeader(ext: ExtFields): EndTransactionRequestHeader {
  return endTransactionRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode EndTransactionRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeEndTransactionRequestHeader(header: EndTransactionRequestHeader): ExtFields {
  return endTransactionRequestHeaderCodec.encode(header);
}

/** Which half message the producer is asked about. Source: apache/rocketmq remoting/protocol/header/CheckTransactionStateRequestHeader.java CheckTransactionStateRequestHeader. */
export interface CheckTransactionStateRequestHeader {
  /** Topic. */
  readonly topic?: string | undefined;
  /** Queue offset of the half message. */
  readonly tranStateTableOffset: number;
  /** Position of the half message. */
  readonly commitLogOffset: number;
  /** Message id. */
  readonly msgId?: string | undefined;
  /** Transaction id. */
  readonly transactionId?: string | undefined;
  /** Offset message id. */
  readonly offsetMsgId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const checkTransactionStateRequestHeaderCodec: ExtCodec<CheckTransactionStateRequestHeader> = extCodec<
  CheckTransactionStateRequestHeader
>({
  topic: optionalText(),
  tranStateTableOffset: longField(),
  commitLogOffset: longField(),
  msgId: optionalText(),
  transactionId: optionalText(),
  offsetMsgId: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode CheckTransactionStateRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeCheckTransactionStateRequestHeader(ext: ExtFields): CheckTransactionStateRequestHeader {
  return checkTransactionStateRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode CheckTransactionStateRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeCheckTransactionStateRequestHeader(header: CheckTransactionStateRequestHeader): ExtFields {
  return checkTransactionStateRequestHeaderCodec.encode(header);
}

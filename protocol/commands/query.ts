/**
 * Queries: headers of QUERY_MESSAGE (12) and VIEW_MESSAGE_BY_ID (33).
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

/** Which key is looked up. Source: apache/rocketmq remoting/protocol/header/QueryMessageRequestHeader.java QueryMessageRequestHeader. */
export interface QueryMessageRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Key. */
  readonly key: string;
  /** How many messages are wanted. */
  readonly maxNum: number;
  /** Earliest store time, ms. */
  readonly beginTimestamp: number;
  /** Latest store time, ms. */
  readonly endTimestamp: number;
  /** Kind of index: K key, U unique id, T tag. */
  readonly indexType?: string | undefined;
  /** Where the previous page ended. */
  readonly lastKey?: string | undefined;
  /** Whether the key is a unique id. */
  readonly uniqueKeyQuery: boolean;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const queryMessageRequestHeaderCodec: ExtCodec<QueryMessageRequestHeader> = extCodec<QueryMessageRequestHeader>({
  topic: textField(),
  key: textField(),
  maxNum: intField(),
  beginTimestamp: longField(),
  endTimestamp: longField(),
  indexType: optionalText(),
  lastKey: optionalText(),
  uniqueKeyQuery: named("_UNIQUE_KEY_QUERY", flagField(false)),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode QueryMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryMessageRequestHeader(ext: ExtFields): QueryMessageRequestHeader {
  return queryMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryMessageRequestHeader(header: QueryMessageRequestHeader): ExtFields {
  return queryMessageRequestHeaderCodec.encode(header);
}

/** State of the index. Source: apache/rocketmq remoting/protocol/header/QueryMessageResponseHeader.java QueryMessageResponseHeader. */
export interface QueryMessageResponseHeader {
  /** Store time of the newest index entry, ms. */
  readonly indexLastUpdateTimestamp: number;
  /** Position of the newest index entry. */
  readonly indexLastUpdatePhyoffset: number;
}

const queryMessageResponseHeaderCodec: ExtCodec<QueryMessageResponseHeader> = extCodec<QueryMessageResponseHeader>({
  indexLastUpdateTimestamp: longField(),
  indexLastUpdatePhyoffset: longField(),
});

/**
 * Decodes a {@linkcode QueryMessageResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryMessageResponseHeader(ext: ExtFields): QueryMessageResponseHeader {
  return queryMessageResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryMessageResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryMessageResponseHeader(header: QueryMessageResponseHeader): ExtFields {
  return queryMessageResponseHeaderCodec.encode(header);
}

/** Which message is read. Source: apache/rocketmq remoting/protocol/header/ViewMessageRequestHeader.java ViewMessageRequestHeader. */
export interface ViewMessageRequestHeader {
  /** Topic. */
  readonly topic?: string | undefined;
  /** Offset. */
  readonly offset: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const viewMessageRequestHeaderCodec: ExtCodec<ViewMessageRequestHeader> = extCodec<ViewMessageRequestHeader>({
  topic: optionalText(),
  offset: longField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode ViewMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeViewMessageRequestHeader(ext: ExtFields): ViewMessageRequestHeader {
  return viewMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ViewMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeViewMessageRequestHeader(header: ViewMessageRequestHeader): ExtFields {
  return viewMessageRequestHeaderCodec.encode(header);
}

/**
 * Offsets: headers of QUERY_CONSUMER_OFFSET (14), UPDATE_CONSUMER_OFFSET (15), SEARCH_OFFSET_BY_TIMESTAMP (29), GET_MAX_OFFSET (30),
 * GET_MIN_OFFSET (31) and GET_EARLIEST_MSG_STORETIME (32).
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
  optionalFlag,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Which offset is asked for. Source: apache/rocketmq remoting/protocol/header/QueryConsumerOffsetRequestHeader.java QueryConsumerOffsetRequestHeader. */
export interface QueryConsumerOffsetRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Whether a group without an offset may begin at 0. */
  readonly setZeroIfNotFound?: boolean | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const queryConsumerOffsetRequestHeaderCodec: ExtCodec<QueryConsumerOffsetRequestHeader> = extCodec<
  QueryConsumerOffsetRequestHeader
>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  setZeroIfNotFound: optionalFlag(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode QueryConsumerOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryConsumerOffsetRequestHeader(ext: ExtFields): QueryConsumerOffsetRequestHeader {
  return queryConsumerOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryConsumerOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryConsumerOffsetRequestHeader(header: QueryConsumerOffsetRequestHeader): ExtFields {
  return queryConsumerOffsetRequestHeaderCodec.encode(header);
}

/** Which offset is stored. Source: apache/rocketmq remoting/protocol/header/UpdateConsumerOffsetRequestHeader.java UpdateConsumerOffsetRequestHeader. */
export interface UpdateConsumerOffsetRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Offset to be stored. */
  readonly commitOffset: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const updateConsumerOffsetRequestHeaderCodec: ExtCodec<UpdateConsumerOffsetRequestHeader> = extCodec<
  UpdateConsumerOffsetRequestHeader
>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  commitOffset: longField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode UpdateConsumerOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeUpdateConsumerOffsetRequestHeader(ext: ExtFields): UpdateConsumerOffsetRequestHeader {
  return updateConsumerOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode UpdateConsumerOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeUpdateConsumerOffsetRequestHeader(header: UpdateConsumerOffsetRequestHeader): ExtFields {
  return updateConsumerOffsetRequestHeaderCodec.encode(header);
}

/** Which time is looked up. Source: apache/rocketmq remoting/protocol/header/SearchOffsetRequestHeader.java SearchOffsetRequestHeader. */
export interface SearchOffsetRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Time, ms. */
  readonly timestamp: number;
  /** `LOWER` or `UPPER`. */
  readonly boundaryType?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const searchOffsetRequestHeaderCodec: ExtCodec<SearchOffsetRequestHeader> = extCodec<SearchOffsetRequestHeader>({
  topic: textField(),
  queueId: intField(),
  timestamp: longField(),
  boundaryType: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode SearchOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeSearchOffsetRequestHeader(ext: ExtFields): SearchOffsetRequestHeader {
  return searchOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode SearchOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeSearchOffsetRequestHeader(header: SearchOffsetRequestHeader): ExtFields {
  return searchOffsetRequestHeaderCodec.encode(header);
}

/** Which queue's end is asked for. Source: apache/rocketmq remoting/protocol/header/GetMaxOffsetRequestHeader.java GetMaxOffsetRequestHeader. */
export interface GetMaxOffsetRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Whether only what is committed counts. */
  readonly committed: boolean;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const getMaxOffsetRequestHeaderCodec: ExtCodec<GetMaxOffsetRequestHeader> = extCodec<GetMaxOffsetRequestHeader>({
  topic: textField(),
  queueId: intField(),
  committed: flagField(true),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode GetMaxOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetMaxOffsetRequestHeader(ext: ExtFields): GetMaxOffsetRequestHeader {
  return getMaxOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetMaxOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetMaxOffsetRequestHeader(header: GetMaxOffsetRequestHeader): ExtFields {
  return getMaxOffsetRequestHeaderCodec.encode(header);
}

/** Which queue is asked for, in requests 31 and 32. Source: apache/rocketmq remoting/protocol/header/GetMinOffsetRequestHeader.java GetMinOffsetRequestHeader. */
export interface QueueRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const queueRequestHeaderCodec: ExtCodec<QueueRequestHeader> = extCodec<QueueRequestHeader>({
  topic: textField(),
  queueId: intField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode QueueRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueueRequestHeader(ext: ExtFields): QueueRequestHeader {
  return queueRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueueRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueueRequestHeader(header: QueueRequestHeader): ExtFields {
  return queueRequestHeaderCodec.encode(header);
}

/** The offset, in the answers to requests 14, 29, 30 and 31. Source: apache/rocketmq remoting/protocol/header/GetMaxOffsetResponseHeader.java GetMaxOffsetResponseHeader. */
export interface OffsetResponseHeader {
  /** Offset. */
  readonly offset: number;
}

const offsetResponseHeaderCodec: ExtCodec<OffsetResponseHeader> = extCodec<OffsetResponseHeader>({
  offset: longField(),
});

/**
 * Decodes a {@linkcode OffsetResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeOffsetResponseHeader(ext: ExtFields): OffsetResponseHeader {
  return offsetResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode OffsetResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeOffsetResponseHeader(header: OffsetResponseHeader): ExtFields {
  return offsetResponseHeaderCodec.encode(header);
}

/** The store time, in the answer to request 32. Source: apache/rocketmq remoting/protocol/header/GetEarliestMsgStoretimeResponseHeader.java GetEarliestMsgStoretimeResponseHeader. */
export interface EarliestStoreTimeResponseHeader {
  /** Time, ms. */
  readonly timestamp: number;
}

const earliestStoreTimeResponseHeaderCodec: ExtCodec<EarliestStoreTimeResponseHeader> = extCodec<
  EarliestStoreTimeResponseHeader
>({
  timestamp: longField(),
});

/**
 * Decodes a {@linkcode EarliestStoreTimeResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeEarliestStoreTimeResponseHeader(ext: ExtFields): EarliestStoreTimeResponseHeader {
  return earliestStoreTimeResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode EarliestStoreTimeResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeEarliestStoreTimeResponseHeader(header: EarliestStoreTimeResponseHeader): ExtFields {
  return earliestStoreTimeResponseHeaderCodec.encode(header);
}

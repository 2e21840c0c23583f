/**
 * Consumer groups on a broker: headers of requests 201, 207, 208, 303, 307, 308, 309, 314, 317, 321, 343, 345, 352 and 353.
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import {
  type ExtCodec,
  extCodec,
  flagField,
  optionalFlag,
  optionalInt,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Which page of the group table; without fields all of it. Source: apache/rocketmq remoting/protocol/header/GetAllSubscriptionGroupRequestHeader.java GetAllSubscriptionGroupRequestHeader. */
export interface GetAllSubscriptionGroupRequestHeader {
  /** Index of the first group wanted. */
  readonly groupSeq?: number | undefined;
  /** Data version that the first page had, JSON. */
  readonly dataVersion?: string | undefined;
  /** Groups on a page. */
  readonly maxGroupNum?: number | undefined;
}

const getAllSubscriptionGroupRequestHeaderCodec: ExtCodec<GetAllSubscriptionGroupRequestHeader> = extCodec<
  GetAllSubscriptionGroupRequestHeader
>({
  groupSeq: optionalInt(),
  dataVersion: optionalText(),
  maxGroupNum: optionalInt(),
});

/**
 * Decodes a {@linkcode GetAllSubscriptionGroupRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetAllSubscriptionGroupRequestHeader(ext: ExtFields): GetAllSubscriptionGroupRequestHeader {
  return getAllSubscriptionGroupRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetAllSubscriptionGroupRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetAllSubscriptionGroupRequestHeader(header: GetAllSubscriptionGroupRequestHeader): ExtFields {
  return getAllSubscriptionGroupRequestHeaderCodec.encode(header);
}

/** How many groups there are. Source: apache/rocketmq remoting/protocol/header/GetAllSubscriptionGroupResponseHeader.java GetAllSubscriptionGroupResponseHeader. */
export interface GetAllSubscriptionGroupResponseHeader {
  /** Groups in all. */
  readonly totalGroupNum?: number | undefined;
}

const getAllSubscriptionGroupResponseHeaderCodec: ExtCodec<GetAllSubscriptionGroupResponseHeader> = extCodec<
  GetAllSubscriptionGroupResponseHeader
>({
  totalGroupNum: optionalInt(),
});

/**
 * Decodes a {@linkcode GetAllSubscriptionGroupResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetAllSubscriptionGroupResponseHeader(ext: ExtFields): GetAllSubscriptionGroupResponseHeader {
  return getAllSubscriptionGroupResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetAllSubscriptionGroupResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetAllSubscriptionGroupResponseHeader(header: GetAllSubscriptionGroupResponseHeader): ExtFields {
  return getAllSubscriptionGroupResponseHeaderCodec.encode(header);
}

/** Which group is deleted. Source: apache/rocketmq remoting/protocol/header/DeleteSubscriptionGroupRequestHeader.java DeleteSubscriptionGroupRequestHeader. */
export interface DeleteSubscriptionGroupRequestHeader {
  /** Consumer group. */
  readonly groupName: string;
  /** Whether offsets go too. */
  readonly cleanOffset: boolean;
}

const deleteSubscriptionGroupRequestHeaderCodec: ExtCodec<DeleteSubscriptionGroupRequestHeader> = extCodec<
  DeleteSubscriptionGroupRequestHeader
>({
  groupName: textField(),
  cleanOffset: flagField(false),
});

/**
 * Decodes a {@linkcode DeleteSubscriptionGroupRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeDeleteSubscriptionGroupRequestHeader(ext: ExtFields): DeleteSubscriptionGroupRequestHeader {
  return deleteSubscriptionGroupRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode DeleteSubscriptionGroupRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeDeleteSubscriptionGroupRequestHeader(header: DeleteSubscriptionGroupRequestHeader): ExtFields {
  return deleteSubscriptionGroupRequestHeaderCodec.encode(header);
}

/** Whose progress is asked for. Source: apache/rocketmq remoting/protocol/header/GetConsumeStatsRequestHeader.java GetConsumeStatsRequestHeader. */
export interface GetConsumeStatsRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic?: string | undefined;
  /** Topics, separated by `;`. */
  readonly topicList?: string | undefined;
}

const getConsumeStatsRequestHeaderCodec: ExtCodec<GetConsumeStatsRequestHeader> = extCodec<
  GetConsumeStatsRequestHeader
>({
  consumerGroup: textField(),
  topic: optionalText(),
  topicList: optionalText(),
});

/**
 * Decodes a {@linkcode GetConsumeStatsRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetConsumeStatsRequestHeader(ext: ExtFields): GetConsumeStatsRequestHeader {
  return getConsumeStatsRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetConsumeStatsRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetConsumeStatsRequestHeader(header: GetConsumeStatsRequestHeader): ExtFields {
  return getConsumeStatsRequestHeaderCodec.encode(header);
}

/** Which group, and of which topic, in requests 303, 343, 345 and 352. Source: apache/rocketmq remoting/protocol/header/QuerySubscriptionByConsumerRequestHeader.java QuerySubscriptionByConsumerRequestHeader. */
export interface GroupRequestHeader {
  /** Consumer group. */
  readonly group: string;
  /** Topic. */
  readonly topic?: string | undefined;
}

const groupRequestHeaderCodec: ExtCodec<GroupRequestHeader> = extCodec<GroupRequestHeader>({
  group: textField(),
  topic: optionalText(),
});

/**
 * Decodes a {@linkcode GroupRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGroupRequestHeader(ext: ExtFields): GroupRequestHeader {
  return groupRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GroupRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGroupRequestHeader(header: GroupRequestHeader): ExtFields {
  return groupRequestHeaderCodec.encode(header);
}

/** Which offsets are copied. Source: apache/rocketmq remoting/protocol/header/CloneGroupOffsetRequestHeader.java CloneGroupOffsetRequestHeader. */
export interface CloneGroupOffsetRequestHeader {
  /** Group to copy from. */
  readonly srcGroup: string;
  /** Group to copy to. */
  readonly destGroup: string;
  /** Topic. */
  readonly topic?: string | undefined;
  /** Whether the group is offline. */
  readonly offline: boolean;
}

const cloneGroupOffsetRequestHeaderCodec: ExtCodec<CloneGroupOffsetRequestHeader> = extCodec<
  CloneGroupOffsetRequestHeader
>({
  srcGroup: textField(),
  destGroup: textField(),
  topic: optionalText(),
  offline: flagField(false),
});

/**
 * Decodes a {@linkcode CloneGroupOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeCloneGroupOffsetRequestHeader(ext: ExtFields): CloneGroupOffsetRequestHeader {
  return cloneGroupOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode CloneGroupOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeCloneGroupOffsetRequestHeader(header: CloneGroupOffsetRequestHeader): ExtFields {
  return cloneGroupOffsetRequestHeaderCodec.encode(header);
}

/** Whether ordered topics are meant, in request 317. Source: apache/rocketmq remoting/protocol/header/GetConsumeStatsInBrokerHeader.java GetConsumeStatsInBrokerHeader. */
export interface GetConsumeStatsInBrokerHeader {
  /** Whether ordered topics are meant. */
  readonly isOrder: boolean;
}

const getConsumeStatsInBrokerHeaderCodec: ExtCodec<GetConsumeStatsInBrokerHeader> = extCodec<
  GetConsumeStatsInBrokerHeader
>({
  isOrder: flagField(),
});

/**
 * Decodes a {@linkcode GetConsumeStatsInBrokerHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetConsumeStatsInBrokerHeader(ext: ExtFields): GetConsumeStatsInBrokerHeader {
  return getConsumeStatsInBrokerHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetConsumeStatsInBrokerHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetConsumeStatsInBrokerHeader(header: GetConsumeStatsInBrokerHeader): ExtFields {
  return getConsumeStatsInBrokerHeaderCodec.encode(header);
}

/** Which groups are compared. Source: apache/rocketmq remoting/protocol/header/QueryCorrectionOffsetHeader.java QueryCorrectionOffsetHeader. */
export interface QueryCorrectionOffsetHeader {
  /** Groups, separated by commas. */
  readonly filterGroups?: string | undefined;
  /** Group to compare with. */
  readonly compareGroup: string;
  /** Topic. */
  readonly topic: string;
}

const queryCorrectionOffsetHeaderCodec: ExtCodec<QueryCorrectionOffsetHeader> = extCodec<QueryCorrectionOffsetHeader>({
  filterGroups: optionalText(),
  compareGroup: textField(),
  topic: textField(),
});

/**
 * Decodes a {@linkcode QueryCorrectionOffsetHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryCorrectionOffsetHeader(ext: ExtFields): QueryCorrectionOffsetHeader {
  return queryCorrectionOffsetHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryCorrectionOffsetHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryCorrectionOffsetHeader(header: QueryCorrectionOffsetHeader): ExtFields {
  return queryCorrectionOffsetHeaderCodec.encode(header);
}

/** Whether a group may read a topic. Source: apache/rocketmq remoting/protocol/header/UpdateGroupForbiddenRequestHeader.java UpdateGroupForbiddenRequestHeader. */
export interface UpdateGroupForbiddenRequestHeader {
  /** Consumer group. */
  readonly group: string;
  /** Topic. */
  readonly topic: string;
  /** Whether the group may read. */
  readonly readable?: boolean | undefined;
}

const updateGroupForbiddenRequestHeaderCodec: ExtCodec<UpdateGroupForbiddenRequestHeader> = extCodec<
  UpdateGroupForbiddenRequestHeader
>({
  group: textField(),
  topic: textField(),
  readable: optionalFlag(),
});

/**
 * Decodes a {@linkcode UpdateGroupForbiddenRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeUpdateGroupForbiddenRequestHeader(ext: ExtFields): UpdateGroupForbiddenRequestHeader {
  return updateGroupForbiddenRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode UpdateGroupForbiddenRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeUpdateGroupForbiddenRequestHeader(header: UpdateGroupForbiddenRequestHeader): ExtFields {
  return updateGroupForbiddenRequestHeaderCodec.encode(header);
}

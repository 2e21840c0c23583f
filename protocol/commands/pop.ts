/**
 * Popping: headers of POP_MESSAGE (200050), ACK_MESSAGE (200051), PEEK_MESSAGE (200052), CHANGE_MESSAGE_INVISIBLETIME (200053), NOTIFICATION (200054)
 * and POLLING_INFO (200055).
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

/** Header of a pop. Source: apache/rocketmq remoting/protocol/header/PopMessageRequestHeader.java PopMessageRequestHeader. */
export interface PopMessageRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** How many messages are wanted. */
  readonly maxMsgNums: number;
  /** How long messages stay invisible, ms. */
  readonly invisibleTime: number;
  /** How long the request may be parked, ms. */
  readonly pollTime: number;
  /** When the request was made, ms. */
  readonly bornTime: number;
  /** Where a new group begins: 0 min, 1 max. */
  readonly initMode: number;
  /** Kind of expression. */
  readonly expType?: string | undefined;
  /** Filter expression. */
  readonly exp?: string | undefined;
  /** Whether order matters. */
  readonly order: boolean;
  /** Id of a repeated try. */
  readonly attemptId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const popMessageRequestHeaderCodec: ExtCodec<PopMessageRequestHeader> = extCodec<PopMessageRequestHeader>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  maxMsgNums: intField(),
  invisibleTime: longField(),
  pollTime: longField(),
  bornTime: longField(),
  initMode: intField(),
  expType: optionalText(),
  exp: optionalText(),
  order: flagField(false),
  attemptId: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode PopMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePopMessageRequestHeader(ext: ExtFields): PopMessageRequestHeader {
  return popMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PopMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePopMessageRequestHeader(header: PopMessageRequestHeader): ExtFields {
  return popMessageRequestHeaderCodec.encode(header);
}

/** Header of the answer to a pop or a peek. Source: apache/rocketmq remoting/protocol/header/PopMessageResponseHeader.java PopMessageResponseHeader. */
export interface PopMessageResponseHeader {
  /** When the messages were popped, ms. */
  readonly popTime: number;
  /** How long messages stay invisible, ms. */
  readonly invisibleTime: number;
  /** Revive queue id. */
  readonly reviveQid: number;
  /** Messages left. */
  readonly restNum: number;
  /** First offset of each queue. */
  readonly startOffsetInfo?: string | undefined;
  /** Offsets of the messages of each queue. */
  readonly msgOffsetInfo?: string | undefined;
  /** How often ordered messages were tried. */
  readonly orderCountInfo?: string | undefined;
}

const popMessageResponseHeaderCodec: ExtCodec<PopMessageResponseHeader> = extCodec<PopMessageResponseHeader>({
  popTime: longField(),
  invisibleTime: longField(),
  reviveQid: intField(),
  restNum: longField(),
  startOffsetInfo: optionalText(),
  msgOffsetInfo: optionalText(),
  orderCountInfo: optionalText(),
});

/**
 * Decodes a {@linkcode PopMessageResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePopMessageResponseHeader(ext: ExtFields): PopMessageResponseHeader {
  return popMessageResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PopMessageResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePopMessageResponseHeader(header: PopMessageResponseHeader): ExtFields {
  return popMessageResponseHeaderCodec.encode(header);
}

/** Which message is acknowledged. Source: apache/rocketmq remoting/protocol/header/AckMessageRequestHeader.java AckMessageRequestHeader. */
export interface AckMessageRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Receipt of the popped message. */
  readonly extraInfo: string;
  /** Offset. */
  readonly offset: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const ackMessageRequestHeaderCodec: ExtCodec<AckMessageRequestHeader> = extCodec<AckMessageRequestHeader>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  extraInfo: textField(),
  offset: longField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode AckMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAckMessageRequestHeader(ext: ExtFields): AckMessageRequestHeader {
  return ackMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AckMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAckMessageRequestHeader(header: AckMessageRequestHeader): ExtFields {
  return ackMessageRequestHeaderCodec.encode(header);
}

/** Which messages are looked at. Source: apache/rocketmq remoting/protocol/header/PeekMessageRequestHeader.java PeekMessageRequestHeader. */
export interface PeekMessageRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** How many messages are wanted. */
  readonly maxMsgNums: number;
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const peekMessageRequestHeaderCodec: ExtCodec<PeekMessageRequestHeader> = extCodec<PeekMessageRequestHeader>({
  topic: textField(),
  queueId: intField(),
  maxMsgNums: intField(),
  consumerGroup: textField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode PeekMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePeekMessageRequestHeader(ext: ExtFields): PeekMessageRequestHeader {
  return peekMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PeekMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePeekMessageRequestHeader(header: PeekMessageRequestHeader): ExtFields {
  return peekMessageRequestHeaderCodec.encode(header);
}

/** How long a message stays invisible. Source: apache/rocketmq remoting/protocol/header/ChangeInvisibleTimeRequestHeader.java ChangeInvisibleTimeRequestHeader. */
export interface ChangeInvisibleTimeRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Receipt of the popped message. */
  readonly extraInfo: string;
  /** Offset. */
  readonly offset: number;
  /** How long messages stay invisible, ms. */
  readonly invisibleTime: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const changeInvisibleTimeRequestHeaderCodec: ExtCodec<ChangeInvisibleTimeRequestHeader> = extCodec<
  ChangeInvisibleTimeRequestHeader
>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  extraInfo: textField(),
  offset: longField(),
  invisibleTime: longField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode ChangeInvisibleTimeRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeChangeInvisibleTimeRequestHeader(ext: ExtFields): ChangeInvisibleTimeRequestHeader {
  return changeInvisibleTimeRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ChangeInvisibleTimeRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeChangeInvisibleTimeRequestHeader(header: ChangeInvisibleTimeRequestHeader): ExtFields {
  return changeInvisibleTimeRequestHeaderCodec.encode(header);
}

/** The new receipt. Source: apache/rocketmq remoting/protocol/header/ChangeInvisibleTimeResponseHeader.java ChangeInvisibleTimeResponseHeader. */
export interface ChangeInvisibleTimeResponseHeader {
  /** When the messages were popped, ms. */
  readonly popTime: number;
  /** How long messages stay invisible, ms. */
  readonly invisibleTime: number;
  /** Revive queue id. */
  readonly reviveQid: number;
}

const changeInvisibleTimeResponseHeaderCodec: ExtCodec<ChangeInvisibleTimeResponseHeader> = extCodec<
  ChangeInvisibleTimeResponseHeader
>({
  popTime: longField(),
  invisibleTime: longField(),
  reviveQid: intField(),
});

/**
 * Decodes a {@linkcode ChangeInvisibleTimeResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeChangeInvisibleTimeResponseHeader(ext: ExtFields): ChangeInvisibleTimeResponseHeader {
  return changeInvisibleTimeResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ChangeInvisibleTimeResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeChangeInvisibleTimeResponseHeader(header: ChangeInvisibleTimeResponseHeader): ExtFields {
  return changeInvisibleTimeResponseHeaderCodec.encode(header);
}

/** Whether there is a message. Source: apache/rocketmq remoting/protocol/header/NotificationRequestHeader.java NotificationRequestHeader. */
export interface NotificationRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** How long the request may be parked, ms. */
  readonly pollTime: number;
  /** When the request was made, ms. */
  readonly bornTime: number;
  /** Whether order matters. */
  readonly order: boolean;
  /** Id of a repeated try. */
  readonly attemptId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const notificationRequestHeaderCodec: ExtCodec<NotificationRequestHeader> = extCodec<NotificationRequestHeader>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  pollTime: longField(),
  bornTime: longField(),
  order: flagField(false),
  attemptId: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode NotificationRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeNotificationRequestHeader(ext: ExtFields): NotificationRequestHeader {
  return notificationRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode NotificationRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeNotificationRequestHeader(header: NotificationRequestHeader): ExtFields {
  return notificationRequestHeaderCodec.encode(header);
}

/** Whether there is a message. Source: apache/rocketmq remoting/protocol/header/NotificationResponseHeader.java NotificationResponseHeader. */
export interface NotificationResponseHeader {
  /** Whether there is a message. */
  readonly hasMsg: boolean;
  /** Whether too many polls are parked. */
  readonly pollingFull: boolean;
}

const notificationResponseHeaderCodec: ExtCodec<NotificationResponseHeader> = extCodec<NotificationResponseHeader>({
  hasMsg: flagField(false),
  pollingFull: flagField(false),
});

/**
 * Decodes a {@linkcode NotificationResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeNotificationResponseHeader(ext: ExtFields): NotificationResponseHeader {
  return notificationResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode NotificationResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeNotificationResponseHeader(header: NotificationResponseHeader): ExtFields {
  return notificationResponseHeaderCodec.encode(header);
}

/** Whose parked polls are counted. Source: apache/rocketmq remoting/protocol/header/PollingInfoRequestHeader.java PollingInfoRequestHeader. */
export interface PollingInfoRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const pollingInfoRequestHeaderCodec: ExtCodec<PollingInfoRequestHeader> = extCodec<PollingInfoRequestHeader>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode PollingInfoRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePollingInfoRequestHeader(ext: ExtFields): PollingInfoRequestHeader {
  return pollingInfoRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PollingInfoRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePollingInfoRequestHeader(header: PollingInfoRequestHeader): ExtFields {
  return pollingInfoRequestHeaderCodec.encode(header);
}

/** Parked polls. Source: apache/rocketmq remoting/protocol/header/PollingInfoResponseHeader.java PollingInfoResponseHeader. */
export interface PollingInfoResponseHeader {
  /** Parked polls. */
  readonly pollingNum: number;
}

const pollingInfoResponseHeaderCodec: ExtCodec<PollingInfoResponseHeader> = extCodec<PollingInfoResponseHeader>({
  pollingNum: intField(),
});

/**
 * Decodes a {@linkcode PollingInfoResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePollingInfoResponseHeader(ext: ExtFields): PollingInfoResponseHeader {
  return pollingInfoResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PollingInfoResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePollingInfoResponseHeader(header: PollingInfoResponseHeader): ExtFields {
  return pollingInfoResponseHeaderCodec.encode(header);
}

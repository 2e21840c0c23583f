/**
 * Brokers at a name server: headers of REGISTER_BROKER (103), UNREGISTER_BROKER (104), QUERY_DATA_VERSION (322), GET_BROKER_MEMBER_GROUP (901),
 * BROKER_HEARTBEAT (904), WIPE_WRITE_PERM_OF_BROKER (205) and ADD_WRITE_PERM_OF_BROKER (327).
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
  optionalInt,
  optionalLong,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Who registers. Source: apache/rocketmq remoting/protocol/header/namesrv/RegisterBrokerRequestHeader.java RegisterBrokerRequestHeader. */
export interface RegisterBrokerRequestHeader {
  /** Broker name. */
  readonly brokerName: string;
  /** Address `ip:port`. */
  readonly brokerAddr: string;
  /** Cluster. */
  readonly clusterName: string;
  /** HA address `ip:port`. */
  readonly haServerAddr: string;
  /** Broker id; 0 is the master. */
  readonly brokerId: number;
  /** How long the registration holds, ms. */
  readonly heartbeatTimeoutMillis?: number | undefined;
  /** Whether a slave may act as master. */
  readonly enableActingMaster?: boolean | undefined;
  /** Whether the body is compressed; 5.x says false even when it is. */
  readonly compressed: boolean;
  /** CRC of the body; 0 when not summed. */
  readonly bodyCrc32: number;
  /** Zone. */
  readonly zoneName?: string | undefined;
}

const registerBrokerRequestHeaderCodec: ExtCodec<RegisterBrokerRequestHeader> = extCodec<RegisterBrokerRequestHeader>({
  brokerName: textField(),
  brokerAddr: textField(),
  clusterName: textField(),
  haServerAddr: textField(),
  brokerId: longField(),
  heartbeatTimeoutMillis: optionalLong(),
  enableActingMaster: optionalFlag(),
  compressed: flagField(false),
  bodyCrc32: intField(0),
  zoneName: named("__ZONE_NAME", optionalText()),
});

/**
 * Decodes a {@linkcode RegisterBrokerRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRegisterBrokerRequestHeader(ext: ExtFields): RegisterBrokerRequestHeader {
  return registerBrokerRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RegisterBrokerRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRegisterBrokerRequestHeader(header: RegisterBrokerRequestHeader): ExtFields {
  return registerBrokerRequestHeaderCodec.encode(header);
}

/** Where a slave finds its master. Source: apache/rocketmq remoting/protocol/header/namesrv/RegisterBrokerResponseHeader.java RegisterBrokerResponseHeader. */
export interface RegisterBrokerResponseHeader {
  /** HA address `ip:port`. */
  readonly haServerAddr?: string | undefined;
  /** Address of the master. */
  readonly masterAddr?: string | undefined;
}

const registerBrokerResponseHeaderCodec: ExtCodec<RegisterBrokerResponseHeader> = extCodec<
  RegisterBrokerResponseHeader
>({
  haServerAddr: optionalText(),
  masterAddr: optionalText(),
});

/**
 * Decodes a {@linkcode RegisterBrokerResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRegisterBrokerResponseHeader(ext: ExtFields): RegisterBrokerResponseHeader {
  return registerBrokerResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RegisterBrokerResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRegisterBrokerResponseHeader(header: RegisterBrokerResponseHeader): ExtFields {
  return registerBrokerResponseHeaderCodec.encode(header);
}

/** Which broker, in requests 104 and 322. Source: apache/rocketmq remoting/protocol/header/namesrv/UnRegisterBrokerRequestHeader.java UnRegisterBrokerRequestHeader. */
export interface BrokerIdentityRequestHeader {
  /** Broker name. */
  readonly brokerName: string;
  /** Address `ip:port`. */
  readonly brokerAddr: string;
  /** Cluster. */
  readonly clusterName: string;
  /** Broker id; 0 is the master. */
  readonly brokerId: number;
}

const brokerIdentityRequestHeaderCodec: ExtCodec<BrokerIdentityRequestHeader> = extCodec<BrokerIdentityRequestHeader>({
  brokerName: textField(),
  brokerAddr: textField(),
  clusterName: textField(),
  brokerId: longField(),
});

/**
 * Decodes a {@linkcode BrokerIdentityRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeBrokerIdentityRequestHeader(ext: ExtFields): BrokerIdentityRequestHeader {
  return brokerIdentityRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode BrokerIdentityRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeBrokerIdentityRequestHeader(header: BrokerIdentityRequestHeader): ExtFields {
  return brokerIdentityRequestHeaderCodec.encode(header);
}

/** Whether the version differs. Source: apache/rocketmq remoting/protocol/header/namesrv/QueryDataVersionResponseHeader.java QueryDataVersionResponseHeader. */
export interface QueryDataVersionResponseHeader {
  /** Whether the version differs. */
  readonly changed: boolean;
}

const queryDataVersionResponseHeaderCodec: ExtCodec<QueryDataVersionResponseHeader> = extCodec<
  QueryDataVersionResponseHeader
>({
  changed: flagField(),
});

/**
 * Decodes a {@linkcode QueryDataVersionResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryDataVersionResponseHeader(ext: ExtFields): QueryDataVersionResponseHeader {
  return queryDataVersionResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryDataVersionResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryDataVersionResponseHeader(header: QueryDataVersionResponseHeader): ExtFields {
  return queryDataVersionResponseHeaderCodec.encode(header);
}

/** Which broker group, in requests 205 and 327. Source: apache/rocketmq remoting/protocol/header/namesrv/WipeWritePermOfBrokerRequestHeader.java WipeWritePermOfBrokerRequestHeader. */
export interface BrokerNameRequestHeader {
  /** Broker name. */
  readonly brokerName: string;
}

const brokerNameRequestHeaderCodec: ExtCodec<BrokerNameRequestHeader> = extCodec<BrokerNameRequestHeader>({
  brokerName: textField(),
});

/**
 * Decodes a {@linkcode BrokerNameRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeBrokerNameRequestHeader(ext: ExtFields): BrokerNameRequestHeader {
  return brokerNameRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode BrokerNameRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeBrokerNameRequestHeader(header: BrokerNameRequestHeader): ExtFields {
  return brokerNameRequestHeaderCodec.encode(header);
}

/** How many topics lost the write bit. Source: apache/rocketmq remoting/protocol/header/namesrv/WipeWritePermOfBrokerResponseHeader.java WipeWritePermOfBrokerResponseHeader. */
export interface WipeWritePermResponseHeader {
  /** Topics changed. */
  readonly wipeTopicCount: number;
}

const wipeWritePermResponseHeaderCodec: ExtCodec<WipeWritePermResponseHeader> = extCodec<WipeWritePermResponseHeader>({
  wipeTopicCount: intField(),
});

/**
 * Decodes a {@linkcode WipeWritePermResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeWipeWritePermResponseHeader(ext: ExtFields): WipeWritePermResponseHeader {
  return wipeWritePermResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode WipeWritePermResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeWipeWritePermResponseHeader(header: WipeWritePermResponseHeader): ExtFields {
  return wipeWritePermResponseHeaderCodec.encode(header);
}

/** How many topics got the write bit. Source: apache/rocketmq remoting/protocol/header/namesrv/AddWritePermOfBrokerResponseHeader.java AddWritePermOfBrokerResponseHeader. */
export interface AddWritePermResponseHeader {
  /** Topics changed. */
  readonly addTopicCount: number;
}

const addWritePermResponseHeaderCodec: ExtCodec<AddWritePermResponseHeader> = extCodec<AddWritePermResponseHeader>({
  addTopicCount: intField(),
});

/**
 * Decodes a {@linkcode AddWritePermResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAddWritePermResponseHeader(ext: ExtFields): AddWritePermResponseHeader {
  return addWritePermResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AddWritePermResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAddWritePermResponseHeader(header: AddWritePermResponseHeader): ExtFields {
  return addWritePermResponseHeaderCodec.encode(header);
}

/** Which members are asked for. Source: apache/rocketmq remoting/protocol/header/GetBrokerMemberGroupRequestHeader.java GetBrokerMemberGroupRequestHeader. */
export interface GetBrokerMemberGroupRequestHeader {
  /** Cluster. */
  readonly clusterName: string;
  /** Broker name. */
  readonly brokerName: string;
}

const getBrokerMemberGroupRequestHeaderCodec: ExtCodec<GetBrokerMemberGroupRequestHeader> = extCodec<
  GetBrokerMemberGroupRequestHeader
>({
  clusterName: textField(),
  brokerName: textField(),
});

/**
 * Decodes a {@linkcode GetBrokerMemberGroupRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetBrokerMemberGroupRequestHeader(ext: ExtFields): GetBrokerMemberGroupRequestHeader {
  return getBrokerMemberGroupRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetBrokerMemberGroupRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetBrokerMemberGroupRequestHeader(header: GetBrokerMemberGroupRequestHeader): ExtFields {
  return getBrokerMemberGroupRequestHeaderCodec.encode(header);
}

/** Which broker lives. Source: apache/rocketmq remoting/protocol/header/namesrv/BrokerHeartbeatRequestHeader.java BrokerHeartbeatRequestHeader. */
export interface BrokerHeartbeatRequestHeader {
  /** Cluster. */
  readonly clusterName: string;
  /** Address `ip:port`. */
  readonly brokerAddr: string;
  /** Broker name. */
  readonly brokerName: string;
  /** Broker id; 0 is the master. */
  readonly brokerId?: number | undefined;
  /** Epoch. */
  readonly epoch?: number | undefined;
  /** Offset behind the last message. */
  readonly maxOffset?: number | undefined;
  /** Confirmed position. */
  readonly confirmOffset?: number | undefined;
  /** How long the heartbeat holds, ms. */
  readonly heartbeatTimeoutMills?: number | undefined;
  /** Priority in elections. */
  readonly electionPriority?: number | undefined;
}

const brokerHeartbeatRequestHeaderCodec: ExtCodec<BrokerHeartbeatRequestHeader> = extCodec<
  BrokerHeartbeatRequestHeader
>({
  clusterName: textField(),
  brokerAddr: textField(),
  brokerName: textField(),
  brokerId: optionalLong(),
  epoch: optionalInt(),
  maxOffset: optionalLong(),
  confirmOffset: optionalLong(),
  heartbeatTimeoutMills: optionalLong(),
  electionPriority: optionalInt(),
});

/**
 * Decodes a {@linkcode BrokerHeartbeatRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeBrokerHeartbeatRequestHeader(ext: ExtFields): BrokerHeartbeatRequestHeader {
  return brokerHeartbeatRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode BrokerHeartbeatRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeBrokerHeartbeatRequestHeader(header: BrokerHeartbeatRequestHeader): ExtFields {
  return brokerHeartbeatRequestHeaderCodec.encode(header);
}

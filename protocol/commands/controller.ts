/**
 * Failover: headers of the controller's requests 1001–1013 and of NOTIFY_BROKER_ROLE_CHANGED (1008).
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
  optionalInt,
  optionalLong,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Who proposes a sync-state set. Source: apache/rocketmq remoting/protocol/header/controller/AlterSyncStateSetRequestHeader.java AlterSyncStateSetRequestHeader. */
export interface AlterSyncStateSetRequestHeader {
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
  /** When the request was made, ms. */
  readonly invokeTime: number;
}

const alterSyncStateSetRequestHeaderCodec: ExtCodec<AlterSyncStateSetRequestHeader> = extCodec<
  AlterSyncStateSetRequestHeader
>({
  brokerName: optionalText(),
  masterBrokerId: optionalLong(),
  masterEpoch: optionalInt(),
  invokeTime: longField(0),
});

/**
 * Decodes a {@linkcode AlterSyncStateSetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAlterSyncStateSetRequestHeader(ext: ExtFields): AlterSyncStateSetRequestHeader {
  return alterSyncStateSetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AlterSyncStateSetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAlterSyncStateSetRequestHeader(header: AlterSyncStateSetRequestHeader): ExtFields {
  return alterSyncStateSetRequestHeaderCodec.encode(header);
}

/** Epoch of the set. Source: apache/rocketmq remoting/protocol/header/controller/AlterSyncStateSetResponseHeader.java AlterSyncStateSetResponseHeader. */
export interface AlterSyncStateSetResponseHeader {
  /** Epoch of the new sync-state set. */
  readonly newSyncStateSetEpoch: number;
}

const alterSyncStateSetResponseHeaderCodec: ExtCodec<AlterSyncStateSetResponseHeader> = extCodec<
  AlterSyncStateSetResponseHeader
>({
  newSyncStateSetEpoch: intField(0),
});

/**
 * Decodes a {@linkcode AlterSyncStateSetResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAlterSyncStateSetResponseHeader(ext: ExtFields): AlterSyncStateSetResponseHeader {
  return alterSyncStateSetResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AlterSyncStateSetResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAlterSyncStateSetResponseHeader(header: AlterSyncStateSetResponseHeader): ExtFields {
  return alterSyncStateSetResponseHeaderCodec.encode(header);
}

/** Whose master is elected. Source: apache/rocketmq remoting/protocol/header/controller/ElectMasterRequestHeader.java ElectMasterRequestHeader. */
export interface ElectMasterRequestHeader {
  /** Cluster. */
  readonly clusterName: string;
  /** Broker name. */
  readonly brokerName: string;
  /** Broker id; 0 is the master. */
  readonly brokerId: number;
  /** Whether the given broker must win. */
  readonly designateElect: boolean;
  /** When the request was made, ms. */
  readonly invokeTime?: number | undefined;
}

const electMasterRequestHeaderCodec: ExtCodec<ElectMasterRequestHeader> = extCodec<ElectMasterRequestHeader>({
  clusterName: textField(""),
  brokerName: textField(""),
  brokerId: longField(-1),
  designateElect: flagField(false),
  invokeTime: optionalLong(),
});

/**
 * Decodes a {@linkcode ElectMasterRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeElectMasterRequestHeader(ext: ExtFields): ElectMasterRequestHeader {
  return electMasterRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ElectMasterRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeElectMasterRequestHeader(header: ElectMasterRequestHeader): ExtFields {
  return electMasterRequestHeaderCodec.encode(header);
}

/** The elected master. Source: apache/rocketmq remoting/protocol/header/controller/ElectMasterResponseHeader.java ElectMasterResponseHeader. */
export interface ElectMasterResponseHeader {
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
  /** Epoch of the sync-state set. */
  readonly syncStateSetEpoch?: number | undefined;
}

const electMasterResponseHeaderCodec: ExtCodec<ElectMasterResponseHeader> = extCodec<ElectMasterResponseHeader>({
  masterBrokerId: optionalLong(),
  masterAddress: optionalText(),
  masterEpoch: optionalInt(),
  syncStateSetEpoch: optionalInt(),
});

/**
 * Decodes a {@linkcode ElectMasterResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeElectMasterResponseHeader(ext: ExtFields): ElectMasterResponseHeader {
  return electMasterResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ElectMasterResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeElectMasterResponseHeader(header: ElectMasterResponseHeader): ExtFields {
  return electMasterResponseHeaderCodec.encode(header);
}

/** Which replica registers. Source: apache/rocketmq remoting/protocol/header/controller/register/RegisterBrokerToControllerRequestHeader.java RegisterBrokerToControllerRequestHeader. */
export interface RegisterBrokerToControllerRequestHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Broker id; 0 is the master. */
  readonly brokerId?: number | undefined;
  /** Address. */
  readonly brokerAddress?: string | undefined;
  /** When the request was made, ms. */
  readonly invokeTime: number;
}

const registerBrokerToControllerRequestHeaderCodec: ExtCodec<RegisterBrokerToControllerRequestHeader> = extCodec<
  RegisterBrokerToControllerRequestHeader
>({
  clusterName: optionalText(),
  brokerName: optionalText(),
  brokerId: optionalLong(),
  brokerAddress: optionalText(),
  invokeTime: longField(0),
});

/**
 * Decodes a {@linkcode RegisterBrokerToControllerRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRegisterBrokerToControllerRequestHeader(ext: ExtFields): RegisterBrokerToControllerRequestHeader {
  return registerBrokerToControllerRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RegisterBrokerToControllerRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRegisterBrokerToControllerRequestHeader(
  header: RegisterBrokerToControllerRequestHeader,
): ExtFields {
  return registerBrokerToControllerRequestHeaderCodec.encode(header);
}

/** The present master. Source: apache/rocketmq remoting/protocol/header/controller/register/RegisterBrokerToControllerResponseHeader.java RegisterBrokerToControllerResponseHeader. */
export interface RegisterBrokerToControllerResponseHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
  /** Epoch of the sync-state set. */
  readonly syncStateSetEpoch?: number | undefined;
}

const registerBrokerToControllerResponseHeaderCodec: ExtCodec<RegisterBrokerToControllerResponseHeader> = extCodec<
  RegisterBrokerToControllerResponseHeader
>({
  clusterName: optionalText(),
  brokerName: optionalText(),
  masterBrokerId: optionalLong(),
  masterAddress: optionalText(),
  masterEpoch: optionalInt(),
  syncStateSetEpoch: optionalInt(),
});

/**
 * Decodes a {@linkcode RegisterBrokerToControllerResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRegisterBrokerToControllerResponseHeader(
  ext: ExtFields,
): RegisterBrokerToControllerResponseHeader {
  return registerBrokerToControllerResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RegisterBrokerToControllerResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRegisterBrokerToControllerResponseHeader(
  header: RegisterBrokerToControllerResponseHeader,
): ExtFields {
  return registerBrokerToControllerResponseHeaderCodec.encode(header);
}

/** Whose replicas. Source: apache/rocketmq remoting/protocol/header/controller/GetReplicaInfoRequestHeader.java GetReplicaInfoRequestHeader. */
export interface GetReplicaInfoRequestHeader {
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const getReplicaInfoRequestHeaderCodec: ExtCodec<GetReplicaInfoRequestHeader> = extCodec<GetReplicaInfoRequestHeader>({
  brokerName: optionalText(),
});

/**
 * Decodes a {@linkcode GetReplicaInfoRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetReplicaInfoRequestHeader(ext: ExtFields): GetReplicaInfoRequestHeader {
  return getReplicaInfoRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetReplicaInfoRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetReplicaInfoRequestHeader(header: GetReplicaInfoRequestHeader): ExtFields {
  return getReplicaInfoRequestHeaderCodec.encode(header);
}

/** The present master. Source: apache/rocketmq remoting/protocol/header/controller/GetReplicaInfoResponseHeader.java GetReplicaInfoResponseHeader. */
export interface GetReplicaInfoResponseHeader {
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
}

const getReplicaInfoResponseHeaderCodec: ExtCodec<GetReplicaInfoResponseHeader> = extCodec<
  GetReplicaInfoResponseHeader
>({
  masterBrokerId: optionalLong(),
  masterAddress: optionalText(),
  masterEpoch: optionalInt(),
});

/**
 * Decodes a {@linkcode GetReplicaInfoResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetReplicaInfoResponseHeader(ext: ExtFields): GetReplicaInfoResponseHeader {
  return getReplicaInfoResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetReplicaInfoResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetReplicaInfoResponseHeader(header: GetReplicaInfoResponseHeader): ExtFields {
  return getReplicaInfoResponseHeaderCodec.encode(header);
}

/** The controllers. Source: apache/rocketmq remoting/protocol/header/controller/GetMetaDataResponseHeader.java GetMetaDataResponseHeader. */
export interface GetMetaDataResponseHeader {
  /** Consumer group. */
  readonly group?: string | undefined;
  /** Id of the leader. */
  readonly controllerLeaderId?: string | undefined;
  /** Address of the leader. */
  readonly controllerLeaderAddress?: string | undefined;
  /** Whether the answering controller leads. */
  readonly isLeader: boolean;
  /** Peers. */
  readonly peers?: string | undefined;
}

const getMetaDataResponseHeaderCodec: ExtCodec<GetMetaDataResponseHeader> = extCodec<GetMetaDataResponseHeader>({
  group: optionalText(),
  controllerLeaderId: optionalText(),
  controllerLeaderAddress: optionalText(),
  isLeader: flagField(false),
  peers: optionalText(),
});

/**
 * Decodes a {@linkcode GetMetaDataResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetMetaDataResponseHeader(ext: ExtFields): GetMetaDataResponseHeader {
  return getMetaDataResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetMetaDataResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetMetaDataResponseHeader(header: GetMetaDataResponseHeader): ExtFields {
  return getMetaDataResponseHeaderCodec.encode(header);
}

/** The new master. Source: apache/rocketmq remoting/protocol/header/NotifyBrokerRoleChangedRequestHeader.java NotifyBrokerRoleChangedRequestHeader. */
export interface NotifyBrokerRoleChangedRequestHeader {
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
  /** Epoch of the sync-state set. */
  readonly syncStateSetEpoch?: number | undefined;
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
}

const notifyBrokerRoleChangedRequestHeaderCodec: ExtCodec<NotifyBrokerRoleChangedRequestHeader> = extCodec<
  NotifyBrokerRoleChangedRequestHeader
>({
  masterAddress: optionalText(),
  masterEpoch: optionalInt(),
  syncStateSetEpoch: optionalInt(),
  masterBrokerId: optionalLong(),
});

/**
 * Decodes a {@linkcode NotifyBrokerRoleChangedRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeNotifyBrokerRoleChangedRequestHeader(ext: ExtFields): NotifyBrokerRoleChangedRequestHeader {
  return notifyBrokerRoleChangedRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode NotifyBrokerRoleChangedRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeNotifyBrokerRoleChangedRequestHeader(header: NotifyBrokerRoleChangedRequestHeader): ExtFields {
  return notifyBrokerRoleChangedRequestHeaderCodec.encode(header);
}

/** Which metadata is forgotten. Source: apache/rocketmq remoting/protocol/header/controller/admin/CleanControllerBrokerDataRequestHeader.java CleanControllerBrokerDataRequestHeader. */
export interface CleanBrokerDataRequestHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName: string;
  /** Broker ids, separated by `;`. */
  readonly brokerControllerIdsToClean?: string | undefined;
  /** Whether living brokers go too. */
  readonly isCleanLivingBroker: boolean;
  /** When the request was made, ms. */
  readonly invokeTime: number;
}

const cleanBrokerDataRequestHeaderCodec: ExtCodec<CleanBrokerDataRequestHeader> = extCodec<
  CleanBrokerDataRequestHeader
>({
  clusterName: optionalText(),
  brokerName: textField(),
  brokerControllerIdsToClean: optionalText(),
  isCleanLivingBroker: flagField(false),
  invokeTime: longField(0),
});

/**
 * Decodes a {@linkcode CleanBrokerDataRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeCleanBrokerDataRequestHeader(ext: ExtFields): CleanBrokerDataRequestHeader {
  return cleanBrokerDataRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode CleanBrokerDataRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeCleanBrokerDataRequestHeader(header: CleanBrokerDataRequestHeader): ExtFields {
  return cleanBrokerDataRequestHeaderCodec.encode(header);
}

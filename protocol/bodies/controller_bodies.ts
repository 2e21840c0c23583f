/**
 * Bodies of failover: sync-state sets, epochs, members. Owns the bodies of requests 901, 1001–1008.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  numberTable,
  optional,
  table,
  text,
  whole,
} from "../json_codec.ts";

/** Replicas that hold all that was confirmed. Source: apache/rocketmq remoting/protocol/body/SyncStateSet.java SyncStateSet. */
export interface SyncStateSet {
  /** Broker ids. */
  readonly syncStateSet: readonly number[];
  /** Epoch of the set. */
  readonly syncStateSetEpoch: number;
}

/** JSON codec of {@linkcode SyncStateSet}. */
export const syncStateSetJson: JsonCodec<SyncStateSet> = bean<SyncStateSet>({
  syncStateSet: list(whole()),
  syncStateSetEpoch: whole(),
});

/**
 * Decodes a sync-state set.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSyncStateSet(body: BodyInput): SyncStateSet {
  return decodeBody(syncStateSetJson, body);
}

/**
 * Encodes a sync-state set.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSyncStateSet(value: SyncStateSet, dialect?: FastDialect): Uint8Array {
  return encodeBody(syncStateSetJson, value, dialect);
}

/** An epoch and where its master began to write. Source: apache/rocketmq remoting/protocol/EpochEntry.java EpochEntry. */
export interface EpochEntry {
  /** Position behind the epoch; Long.MAX_VALUE while it lasts. */
  readonly endOffset?: number | undefined;
  /** Epoch. */
  readonly epoch: number;
  /** Position of its first byte. */
  readonly startOffset: number;
}

/** JSON codec of {@linkcode EpochEntry}. */
export const epochEntryJson: JsonCodec<EpochEntry> = bean<EpochEntry>({
  endOffset: optional(whole()),
  epoch: whole(),
  startOffset: whole(),
});

/** Epochs of a broker: answer to request 1007. Source: apache/rocketmq remoting/protocol/body/EpochEntryCache.java EpochEntryCache. */
export interface EpochEntryCache {
  /** Broker id. */
  readonly brokerId: number;
  /** Broker name. */
  readonly brokerName: string;
  /** Cluster. */
  readonly clusterName: string;
  /** Epochs. */
  readonly epochList: readonly EpochEntry[];
  /** End of the log. */
  readonly maxOffset: number;
}

/** JSON codec of {@linkcode EpochEntryCache}. */
export const epochEntryCacheJson: JsonCodec<EpochEntryCache> = bean<EpochEntryCache>({
  brokerId: whole(),
  brokerName: text(),
  clusterName: text(),
  epochList: list(epochEntryJson),
  maxOffset: whole(),
});

/**
 * Decodes the answer to request 1007.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeEpochEntryCache(body: BodyInput): EpochEntryCache {
  return decodeBody(epochEntryCacheJson, body);
}

/**
 * Encodes the answer to request 1007.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeEpochEntryCache(value: EpochEntryCache, dialect?: FastDialect): Uint8Array {
  return encodeBody(epochEntryCacheJson, value, dialect);
}

/** Members of a broker group. Source: apache/rocketmq remoting/protocol/body/BrokerMemberGroup.java BrokerMemberGroup. */
export interface BrokerMemberGroup {
  /** Address by broker id. */
  readonly brokerAddrs: ReadonlyMap<number, string>;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Cluster. */
  readonly cluster?: string | undefined;
}

/** JSON codec of {@linkcode BrokerMemberGroup}. */
export const brokerMemberGroupJson: JsonCodec<BrokerMemberGroup> = bean<BrokerMemberGroup>({
  brokerAddrs: numberTable(text()),
  brokerName: optional(text()),
  cluster: optional(text()),
});

/** Answer to request 901. Source: apache/rocketmq remoting/protocol/body/GetBrokerMemberGroupResponseBody.java GetBrokerMemberGroupResponseBody. */
export interface BrokerMemberGroupResponse {
  /** The members. */
  readonly brokerMemberGroup?: BrokerMemberGroup | undefined;
}

/** JSON codec of {@linkcode BrokerMemberGroupResponse}. */
export const brokerMemberGroupResponseJson: JsonCodec<BrokerMemberGroupResponse> = bean<BrokerMemberGroupResponse>({
  brokerMemberGroup: optional(brokerMemberGroupJson),
});

/**
 * Decodes the answer to request 901.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeBrokerMemberGroupResponse(body: BodyInput): BrokerMemberGroupResponse {
  return decodeBody(brokerMemberGroupResponseJson, body);
}

/**
 * Encodes the answer to request 901.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeBrokerMemberGroupResponse(value: BrokerMemberGroupResponse, dialect?: FastDialect): Uint8Array {
  return encodeBody(brokerMemberGroupResponseJson, value, dialect);
}

/** Outcome of an election: answer to request 1002. Source: apache/rocketmq remoting/protocol/body/ElectMasterResponseBody.java ElectMasterResponseBody. */
export interface ElectMasterResponse {
  /** The members. */
  readonly brokerMemberGroup?: BrokerMemberGroup | undefined;
  /** Replicas in sync. */
  readonly syncStateSet?: readonly number[] | undefined;
}

/** JSON codec of {@linkcode ElectMasterResponse}. */
export const electMasterResponseJson: JsonCodec<ElectMasterResponse> = bean<ElectMasterResponse>({
  brokerMemberGroup: optional(brokerMemberGroupJson),
  syncStateSet: optional(list(whole())),
});

/**
 * Decodes the answer to request 1002.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeElectMasterResponse(body: BodyInput): ElectMasterResponse {
  return decodeBody(electMasterResponseJson, body);
}

/**
 * Encodes the answer to request 1002.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeElectMasterResponse(value: ElectMasterResponse, dialect?: FastDialect): Uint8Array {
  return encodeBody(electMasterResponseJson, value, dialect);
}

/** A replica. Source: apache/rocketmq remoting/protocol/body/BrokerReplicasInfo.java ReplicaIdentity. */
export interface ReplicaIdentity {
  /** Whether it is alive. */
  readonly alive?: boolean | undefined;
  /** Address. */
  readonly brokerAddress: string;
  /** Broker id. */
  readonly brokerId: number;
  /** Broker name. */
  readonly brokerName: string;
}

/** JSON codec of {@linkcode ReplicaIdentity}. */
export const replicaIdentityJson: JsonCodec<ReplicaIdentity> = bean<ReplicaIdentity>({
  alive: optional(flag()),
  brokerAddress: text(),
  brokerId: whole(),
  brokerName: text(),
});

/** Replicas of a broker group. Source: apache/rocketmq remoting/protocol/body/BrokerReplicasInfo.java ReplicasInfo. */
export interface ReplicasInfo {
  /** Replicas in sync. */
  readonly inSyncReplicas: readonly ReplicaIdentity[];
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
  /** Broker id of the master. */
  readonly masterBrokerId?: number | undefined;
  /** Master epoch. */
  readonly masterEpoch?: number | undefined;
  /** Other replicas. */
  readonly notInSyncReplicas: readonly ReplicaIdentity[];
  /** Epoch of the set. */
  readonly syncStateSetEpoch?: number | undefined;
}

/** JSON codec of {@linkcode ReplicasInfo}. */
export const replicasInfoJson: JsonCodec<ReplicasInfo> = bean<ReplicasInfo>({
  inSyncReplicas: list(replicaIdentityJson),
  masterAddress: optional(text()),
  masterBrokerId: optional(whole()),
  masterEpoch: optional(whole()),
  notInSyncReplicas: list(replicaIdentityJson),
  syncStateSetEpoch: optional(whole()),
});

/** Replicas by broker name: answer to request 1006. Source: apache/rocketmq remoting/protocol/body/BrokerReplicasInfo.java BrokerReplicasInfo. */
export interface BrokerReplicasInfo {
  /** Replicas by broker name. */
  readonly replicasInfoTable: ReadonlyMap<string, ReplicasInfo>;
}

/** JSON codec of {@linkcode BrokerReplicasInfo}. */
export const brokerReplicasInfoJson: JsonCodec<BrokerReplicasInfo> = bean<BrokerReplicasInfo>({
  replicasInfoTable: table(replicasInfoJson),
});

/**
 * Decodes the answer to request 1006.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeBrokerReplicasInfo(body: BodyInput): BrokerReplicasInfo {
  return decodeBody(brokerReplicasInfoJson, body);
}

/**
 * Encodes the answer to request 1006.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeBrokerReplicasInfo(value: BrokerReplicasInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(brokerReplicasInfoJson, value, dialect);
}

/**
 * State of replication. Owns the answer to request 907.
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
  optional,
  text,
  whole,
} from "../json_codec.ts";

/** A slave as its master sees it. Source: apache/rocketmq remoting/protocol/body/HARuntimeInfo.java HAConnectionRuntimeInfo. */
export interface HaConnectionInfo {
  /** Address of the slave. */
  readonly addr?: string | undefined;
  /** Bytes it is behind. */
  readonly diff: number;
  /** Whether it counts as in sync. */
  readonly inSync: boolean;
  /** Position it has confirmed. */
  readonly slaveAckOffset: number;
  /** Position it began at. */
  readonly transferFromWhere: number;
  /** Bytes a second. */
  readonly transferredByteInSecond: number;
}

/** JSON codec of {@linkcode HaConnectionInfo}. */
export const haConnectionInfoJson: JsonCodec<HaConnectionInfo> = bean<HaConnectionInfo>({
  addr: optional(text()),
  diff: whole(),
  inSync: flag(),
  slaveAckOffset: whole(),
  transferFromWhere: whole(),
  transferredByteInSecond: whole(),
});

/** A slave as it sees itself. Source: apache/rocketmq remoting/protocol/body/HARuntimeInfo.java HAClientRuntimeInfo. */
export interface HaClientInfo {
  /** Whether the slave side runs. */
  readonly activated?: boolean | undefined;
  /** Last read, ms. */
  readonly lastReadTimestamp: number;
  /** Last write, ms. */
  readonly lastWriteTimestamp: number;
  /** HA address of the master. */
  readonly masterAddr?: string | undefined;
  /** Position that the master has flushed. */
  readonly masterFlushOffset: number;
  /** End of the slave's log. */
  readonly maxOffset: number;
  /** Bytes a second. */
  readonly transferredByteInSecond: number;
}

/** JSON codec of {@linkcode HaClientInfo}. */
export const haClientInfoJson: JsonCodec<HaClientInfo> = bean<HaClientInfo>({
  activated: optional(flag()),
  lastReadTimestamp: whole(),
  lastWriteTimestamp: whole(),
  masterAddr: optional(text()),
  masterFlushOffset: whole(),
  maxOffset: whole(),
  transferredByteInSecond: whole(),
});

/** State of replication. Source: apache/rocketmq remoting/protocol/body/HARuntimeInfo.java HARuntimeInfo. */
export interface HaRuntimeInfo {
  /** Own state as slave. */
  readonly haClientRuntimeInfo?: HaClientInfo | undefined;
  /** Slaves. */
  readonly haConnectionInfo: readonly HaConnectionInfo[];
  /** Slaves in sync. */
  readonly inSyncSlaveNums: number;
  /** Whether the broker is a master. */
  readonly master: boolean;
  /** End of the master's log. */
  readonly masterCommitLogMaxOffset: number;
}

/** JSON codec of {@linkcode HaRuntimeInfo}. */
export const haRuntimeInfoJson: JsonCodec<HaRuntimeInfo> = bean<HaRuntimeInfo>({
  haClientRuntimeInfo: optional(haClientInfoJson),
  haConnectionInfo: list(haConnectionInfoJson),
  inSyncSlaveNums: whole(),
  master: flag(),
  masterCommitLogMaxOffset: whole(),
});

/**
 * Decodes the answer to request 907.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeHaRuntimeInfo(body: BodyInput): HaRuntimeInfo {
  return decodeBody(haRuntimeInfoJson, body);
}

/**
 * Encodes the answer to request 907.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeHaRuntimeInfo(value: HaRuntimeInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(haRuntimeInfoJson, value, dialect);
}

/**
 * Cluster info: which brokers a name server knows. Owns the answer to request 106.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, list, table, text } from "./json_codec.ts";
import { type BrokerData, brokerDataJson } from "./route.ts";

/** All brokers and clusters. Source: apache/rocketmq remoting/protocol/body/ClusterInfo.java ClusterInfo. */
export interface ClusterInfo {
  /** Broker group by name. */
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>;
  /** Broker names by cluster. */
  readonly clusterAddrTable: ReadonlyMap<string, readonly string[]>;
}

/** JSON codec of {@linkcode ClusterInfo}. */
export const clusterInfoJson: JsonCodec<ClusterInfo> = bean<ClusterInfo>({
  brokerAddrTable: table(brokerDataJson),
  clusterAddrTable: table(list(text())),
});

/**
 * Decodes the answer to request 106.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeClusterInfo(body: BodyInput): ClusterInfo {
  return decodeBody(clusterInfoJson, body);
}

/**
 * Encodes the answer to request 106.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeClusterInfo(value: ClusterInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(clusterInfoJson, value, dialect);
}

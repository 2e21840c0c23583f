/**
 * One statistics item of a broker. Owns the answer to request 315.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, double, encodeBody, type JsonCodec, whole } from "../json_codec.ts";

/** An item over one span. Source: apache/rocketmq remoting/protocol/body/BrokerStatsItem.java BrokerStatsItem. */
export interface BrokerStatsItem {
  /** Sum divided by calls. */
  readonly avgpt: number;
  /** Sum. */
  readonly sum: number;
  /** Sum a second. */
  readonly tps: number;
}

/** JSON codec of {@linkcode BrokerStatsItem}. */
export const brokerStatsItemJson: JsonCodec<BrokerStatsItem> = bean<BrokerStatsItem>({
  avgpt: double(),
  sum: whole(),
  tps: double(),
});

/** An item over a minute, an hour and a day. Source: apache/rocketmq remoting/protocol/body/BrokerStatsData.java BrokerStatsData. */
export interface BrokerStatsData {
  /** Day. */
  readonly statsDay: BrokerStatsItem;
  /** Hour. */
  readonly statsHour: BrokerStatsItem;
  /** Minute. */
  readonly statsMinute: BrokerStatsItem;
}

/** JSON codec of {@linkcode BrokerStatsData}. */
export const brokerStatsDataJson: JsonCodec<BrokerStatsData> = bean<BrokerStatsData>({
  statsDay: brokerStatsItemJson,
  statsHour: brokerStatsItemJson,
  statsMinute: brokerStatsItemJson,
});

/**
 * Decodes the answer to request 315.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeBrokerStatsData(body: BodyInput): BrokerStatsData {
  return decodeBody(brokerStatsDataJson, body);
}

/**
 * Encodes the answer to request 315.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeBrokerStatsData(value: BrokerStatsData, dialect?: FastDialect): Uint8Array {
  return encodeBody(brokerStatsDataJson, value, dialect);
}

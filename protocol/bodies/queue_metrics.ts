/**
 * Counts of pending messages by topic. Owns `config/timermetrics` and `config/transactionMetrics`, which are compact JSON.
 *
 * @module
 */
import { type DataVersion, dataVersionJson, NO_DATA_VERSION } from "../data_version.ts";
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, table, whole } from "../json_codec.ts";

/** A count. Source: apache/rocketmq store/timer/TimerMetrics.java Metric. */
export interface PendingCount {
  /** Messages pending. */
  readonly count: number;
  /** When it changed last, ms. */
  readonly timeStamp: number;
}

/** JSON codec of {@linkcode PendingCount}. */
export const pendingCountJson: JsonCodec<PendingCount> = bean<PendingCount>({
  count: whole(),
  timeStamp: whole(),
});

/** Delayed messages by topic. Source: apache/rocketmq store/timer/TimerMetrics.java TimerMetricsSerializeWrapper. */
export interface TimerMetrics {
  /** Version. */
  readonly dataVersion: DataVersion;
  /** Count by topic. */
  readonly timingCount: ReadonlyMap<string, PendingCount>;
}

/** JSON codec of {@linkcode TimerMetrics}. */
export const timerMetricsJson: JsonCodec<TimerMetrics> = bean<TimerMetrics>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  timingCount: table(pendingCountJson),
});

/**
 * Decodes timer metrics.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTimerMetrics(body: BodyInput): TimerMetrics {
  return decodeBody(timerMetricsJson, body);
}

/**
 * Encodes timer metrics.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTimerMetrics(value: TimerMetrics, dialect?: FastDialect): Uint8Array {
  return encodeBody(timerMetricsJson, value, dialect);
}

/** Half messages by topic. Source: apache/rocketmq broker/transaction/TransactionMetrics.java TransactionMetricsSerializeWrapper. */
export interface TransactionMetrics {
  /** Version. */
  readonly dataVersion: DataVersion;
  /** Count by topic. */
  readonly transactionCount: ReadonlyMap<string, PendingCount>;
}

/** JSON codec of {@linkcode TransactionMetrics}. */
export const transactionMetricsJson: JsonCodec<TransactionMetrics> = bean<TransactionMetrics>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  transactionCount: table(pendingCountJson),
});

/**
 * Decodes transaction metrics.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTransactionMetrics(body: BodyInput): TransactionMetrics {
  return decodeBody(transactionMetricsJson, body);
}

/**
 * Encodes transaction metrics.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTransactionMetrics(value: TransactionMetrics, dialect?: FastDialect): Uint8Array {
  return encodeBody(transactionMetricsJson, value, dialect);
}

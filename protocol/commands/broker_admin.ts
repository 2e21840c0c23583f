/**
 * Administration of a broker: headers of GET_BROKER_CONFIG (26), VIEW_BROKER_STATS_DATA (315), RESUME_CHECK_HALF_MESSAGE (323),
 * NOTIFY_MIN_BROKER_ID_CHANGE (905), EXCHANGE_BROKER_HA_INFO (906), RESET_MASTER_FLUSH_OFFSET (908), SET_COMMITLOG_READ_MODE (2004) and others.
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, intField, longField, optionalLong, optionalText, textField } from "../ext_codec.ts";

/** Version of the configuration. Source: apache/rocketmq remoting/protocol/header/GetBrokerConfigResponseHeader.java GetBrokerConfigResponseHeader. */
export interface GetBrokerConfigResponseHeader {
  /** Data version as JSON. */
  readonly version: string;
}

const getBrokerConfigResponseHeaderCodec: ExtCodec<GetBrokerConfigResponseHeader> = extCodec<
  GetBrokerConfigResponseHeader
>({
  version: textField(),
});

/**
 * Decodes a {@linkcode GetBrokerConfigResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetBrokerConfigResponseHeader(ext: ExtFields): GetBrokerConfigResponseHeader {
  return getBrokerConfigResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetBrokerConfigResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetBrokerConfigResponseHeader(header: GetBrokerConfigResponseHeader): ExtFields {
  return getBrokerConfigResponseHeaderCodec.encode(header);
}

/** Which statistics item. Source: apache/rocketmq remoting/protocol/header/ViewBrokerStatsDataRequestHeader.java ViewBrokerStatsDataRequestHeader. */
export interface ViewBrokerStatsDataRequestHeader {
  /** Item. */
  readonly statsName: string;
  /** Key of the item. */
  readonly statsKey: string;
}

const viewBrokerStatsDataRequestHeaderCodec: ExtCodec<ViewBrokerStatsDataRequestHeader> = extCodec<
  ViewBrokerStatsDataRequestHeader
>({
  statsName: textField(),
  statsKey: textField(),
});

/**
 * Decodes a {@linkcode ViewBrokerStatsDataRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeViewBrokerStatsDataRequestHeader(ext: ExtFields): ViewBrokerStatsDataRequestHeader {
  return viewBrokerStatsDataRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ViewBrokerStatsDataRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeViewBrokerStatsDataRequestHeader(header: ViewBrokerStatsDataRequestHeader): ExtFields {
  return viewBrokerStatsDataRequestHeaderCodec.encode(header);
}

/** Which half message is checked again. Source: apache/rocketmq remoting/protocol/header/ResumeCheckHalfMessageRequestHeader.java ResumeCheckHalfMessageRequestHeader. */
export interface ResumeCheckHalfMessageRequestHeader {
  /** Topic. */
  readonly topic?: string | undefined;
  /** Message id. */
  readonly msgId?: string | undefined;
}

const resumeCheckHalfMessageRequestHeaderCodec: ExtCodec<ResumeCheckHalfMessageRequestHeader> = extCodec<
  ResumeCheckHalfMessageRequestHeader
>({
  topic: optionalText(),
  msgId: optionalText(),
});

/**
 * Decodes a {@linkcode ResumeCheckHalfMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeResumeCheckHalfMessageRequestHeader(ext: ExtFields): ResumeCheckHalfMessageRequestHeader {
  return resumeCheckHalfMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ResumeCheckHalfMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeResumeCheckHalfMessageRequestHeader(header: ResumeCheckHalfMessageRequestHeader): ExtFields {
  return resumeCheckHalfMessageRequestHeaderCodec.encode(header);
}

/** Which members of a broker group live. Source: apache/rocketmq remoting/protocol/header/NotifyMinBrokerIdChangeRequestHeader.java NotifyMinBrokerIdChangeRequestHeader. */
export interface NotifyMinBrokerIdChangeRequestHeader {
  /** Lowest broker id alive. */
  readonly minBrokerId?: number | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Its address. */
  readonly minBrokerAddr?: string | undefined;
  /** Address of the broker that left. */
  readonly offlineBrokerAddr?: string | undefined;
  /** HA address to follow. */
  readonly haBrokerAddr?: string | undefined;
}

const notifyMinBrokerIdChangeRequestHeaderCodec: ExtCodec<NotifyMinBrokerIdChangeRequestHeader> = extCodec<
  NotifyMinBrokerIdChangeRequestHeader
>({
  minBrokerId: optionalLong(),
  brokerName: optionalText(),
  minBrokerAddr: optionalText(),
  offlineBrokerAddr: optionalText(),
  haBrokerAddr: optionalText(),
});

/**
 * Decodes a {@linkcode NotifyMinBrokerIdChangeRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeNotifyMinBrokerIdChangeRequestHeader(ext: ExtFields): NotifyMinBrokerIdChangeRequestHeader {
  return notifyMinBrokerIdChangeRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode NotifyMinBrokerIdChangeRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeNotifyMinBrokerIdChangeRequestHeader(header: NotifyMinBrokerIdChangeRequestHeader): ExtFields {
  return notifyMinBrokerIdChangeRequestHeaderCodec.encode(header);
}

/** What members of a broker group tell each other, both ways. Source: apache/rocketmq remoting/protocol/header/ExchangeHAInfoRequestHeader.java ExchangeHAInfoRequestHeader. */
export interface ExchangeHaInfoHeader {
  /** HA address of the master. */
  readonly masterHaAddress?: string | undefined;
  /** Position that the master has flushed. */
  readonly masterFlushOffset?: number | undefined;
  /** Address of the master. */
  readonly masterAddress?: string | undefined;
}

const exchangeHaInfoHeaderCodec: ExtCodec<ExchangeHaInfoHeader> = extCodec<ExchangeHaInfoHeader>({
  masterHaAddress: optionalText(),
  masterFlushOffset: optionalLong(),
  masterAddress: optionalText(),
});

/**
 * Decodes a {@linkcode ExchangeHaInfoHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeExchangeHaInfoHeader(ext: ExtFields): ExchangeHaInfoHeader {
  return exchangeHaInfoHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ExchangeHaInfoHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeExchangeHaInfoHeader(header: ExchangeHaInfoHeader): ExtFields {
  return exchangeHaInfoHeaderCodec.encode(header);
}

/** Position that the master has flushed. Source: apache/rocketmq remoting/protocol/header/ResetMasterFlushOffsetHeader.java ResetMasterFlushOffsetHeader. */
export interface ResetMasterFlushOffsetHeader {
  /** Position that the master has flushed. */
  readonly masterFlushOffset: number;
}

const resetMasterFlushOffsetHeaderCodec: ExtCodec<ResetMasterFlushOffsetHeader> = extCodec<
  ResetMasterFlushOffsetHeader
>({
  masterFlushOffset: longField(),
});

/**
 * Decodes a {@linkcode ResetMasterFlushOffsetHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeResetMasterFlushOffsetHeader(ext: ExtFields): ResetMasterFlushOffsetHeader {
  return resetMasterFlushOffsetHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ResetMasterFlushOffsetHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeResetMasterFlushOffsetHeader(header: ResetMasterFlushOffsetHeader): ExtFields {
  return resetMasterFlushOffsetHeaderCodec.encode(header);
}

/** Which queues are compared. Source: apache/rocketmq remoting/protocol/header/CheckRocksdbCqWriteProgressRequestHeader.java CheckRocksdbCqWriteProgressRequestHeader. */
export interface CheckRocksdbCqWriteProgressRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Store time to begin at, ms. */
  readonly checkStoreTime: number;
}

const checkRocksdbCqWriteProgressRequestHeaderCodec: ExtCodec<CheckRocksdbCqWriteProgressRequestHeader> = extCodec<
  CheckRocksdbCqWriteProgressRequestHeader
>({
  topic: textField(),
  checkStoreTime: longField(0),
});

/**
 * Decodes a {@linkcode CheckRocksdbCqWriteProgressRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeCheckRocksdbCqWriteProgressRequestHeader(
  ext: ExtFields,
): CheckRocksdbCqWriteProgressRequestHeader {
  return checkRocksdbCqWriteProgressRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode CheckRocksdbCqWriteProgressRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeCheckRocksdbCqWriteProgressRequestHeader(
  header: CheckRocksdbCqWriteProgressRequestHeader,
): ExtFields {
  return checkRocksdbCqWriteProgressRequestHeaderCodec.encode(header);
}

/** Which tables are exported. Source: apache/rocketmq remoting/protocol/header/ExportRocksDBConfigToJsonRequestHeader.java ExportRocksDBConfigToJsonRequestHeader. */
export interface ExportRocksDbConfigRequestHeader {
  /** Kinds of configuration, separated by `;`. */
  readonly configType: string;
}

const exportRocksDbConfigRequestHeaderCodec: ExtCodec<ExportRocksDbConfigRequestHeader> = extCodec<
  ExportRocksDbConfigRequestHeader
>({
  configType: textField(),
});

/**
 * Decodes a {@linkcode ExportRocksDbConfigRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeExportRocksDbConfigRequestHeader(ext: ExtFields): ExportRocksDbConfigRequestHeader {
  return exportRocksDbConfigRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ExportRocksDbConfigRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeExportRocksDbConfigRequestHeader(header: ExportRocksDbConfigRequestHeader): ExtFields {
  return exportRocksDbConfigRequestHeaderCodec.encode(header);
}

/** Which messages are counted. Source: apache/rocketmq remoting/protocol/header/StatisticsMessagesRequestHeader.java StatisticsMessagesRequestHeader. */
export interface StatisticsMessagesRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Earliest time, ms. */
  readonly fromTime: number;
  /** Latest time, ms. */
  readonly toTime: number;
}

const statisticsMessagesRequestHeaderCodec: ExtCodec<StatisticsMessagesRequestHeader> = extCodec<
  StatisticsMessagesRequestHeader
>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  fromTime: longField(0),
  toTime: longField(0),
});

/**
 * Decodes a {@linkcode StatisticsMessagesRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeStatisticsMessagesRequestHeader(ext: ExtFields): StatisticsMessagesRequestHeader {
  return statisticsMessagesRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode StatisticsMessagesRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeStatisticsMessagesRequestHeader(header: StatisticsMessagesRequestHeader): ExtFields {
  return statisticsMessagesRequestHeaderCodec.encode(header);
}

/** Which broker a container takes in. Source: apache/rocketmq remoting/protocol/header/AddBrokerRequestHeader.java AddBrokerRequestHeader. */
export interface AddBrokerRequestHeader {
  /** Path of the configuration. */
  readonly configPath?: string | undefined;
}

const addBrokerRequestHeaderCodec: ExtCodec<AddBrokerRequestHeader> = extCodec<AddBrokerRequestHeader>({
  configPath: optionalText(),
});

/**
 * Decodes a {@linkcode AddBrokerRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAddBrokerRequestHeader(ext: ExtFields): AddBrokerRequestHeader {
  return addBrokerRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AddBrokerRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAddBrokerRequestHeader(header: AddBrokerRequestHeader): ExtFields {
  return addBrokerRequestHeaderCodec.encode(header);
}

/** Which broker a container lets go. Source: apache/rocketmq remoting/protocol/header/RemoveBrokerRequestHeader.java RemoveBrokerRequestHeader. */
export interface RemoveBrokerRequestHeader {
  /** Broker name. */
  readonly brokerName: string;
  /** Cluster. */
  readonly brokerClusterName: string;
  /** Broker id; 0 is the master. */
  readonly brokerId: number;
}

const removeBrokerRequestHeaderCodec: ExtCodec<RemoveBrokerRequestHeader> = extCodec<RemoveBrokerRequestHeader>({
  brokerName: textField(),
  brokerClusterName: textField(),
  brokerId: longField(),
});

/**
 * Decodes a {@linkcode RemoveBrokerRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRemoveBrokerRequestHeader(ext: ExtFields): RemoveBrokerRequestHeader {
  return removeBrokerRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RemoveBrokerRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRemoveBrokerRequestHeader(header: RemoveBrokerRequestHeader): ExtFields {
  return removeBrokerRequestHeaderCodec.encode(header);
}

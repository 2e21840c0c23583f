/**
 * Which codec reads the JSON body of which command, for tests that walk over recorded traffic.
 */
import * as p from "../../protocol/mod.ts";

/** Reader and writer of one body, with the body's type hidden. */
export interface BodyCodec {
  readonly name: string;
  /** Decodes and encodes again in the same dialect. */
  again(body: Uint8Array, dialect: p.FastDialect): Uint8Array;
}

function codec<T>(
  name: string,
  decode: (body: Uint8Array) => T,
  encode: (value: T, dialect?: p.FastDialect) => Uint8Array,
): BodyCodec {
  return { name, again: (body, dialect) => encode(decode(body), dialect) };
}

const topicList = codec("TopicList", p.decodeTopicList, p.encodeTopicList);
const lockRequest = codec("LockBatchRequest", p.decodeLockBatchRequest, p.encodeLockBatchRequest);
const kvTable = codec("KvTable", p.decodeKvTable, p.encodeKvTable);
const consumeStats = codec("ConsumeStats", p.decodeConsumeStats, p.encodeConsumeStats);
const resetOffset = codec("ResetOffsetBody", p.decodeResetOffsetBody, p.encodeResetOffsetBody);
const consumerStatus = codec("ConsumerStatusBody", p.decodeConsumerStatusBody, p.encodeConsumerStatusBody);

/** Bodies of requests by request code. */
export const REQUEST_BODIES: ReadonlyMap<number, BodyCodec> = new Map([
  [18, codec("TopicConfigList", p.decodeTopicConfigList, p.encodeTopicConfigList)],
  [34, codec("HeartbeatData", p.decodeHeartbeatData, p.encodeHeartbeatData)],
  [41, lockRequest],
  [42, lockRequest],
  [46, codec("CheckClientRequest", p.decodeCheckClientRequest, p.encodeCheckClientRequest)],
  [103, codec("RegisterBrokerBody", p.decodeRegisterBrokerBody, p.encodeRegisterBrokerBody)],
  [200, codec("SubscriptionGroupConfig", p.decodeSubscriptionGroupConfig, p.encodeSubscriptionGroupConfig)],
  [220, resetOffset],
  [225, codec("SubscriptionGroupList", p.decodeSubscriptionGroupList, p.encodeSubscriptionGroupList)],
  [400, codec("QueryAssignmentRequest", p.decodeQueryAssignmentRequest, p.encodeQueryAssignmentRequest)],
  [401, codec("SetMessageRequestMode", p.decodeSetMessageRequestMode, p.encodeSetMessageRequestMode)],
  [513, codec("TopicQueueMappingDetail", p.decodeTopicQueueMappingDetail, p.encodeTopicQueueMappingDetail)],
]);

/** Bodies of responses by the code of the request. */
export const RESPONSE_BODIES: ReadonlyMap<number, BodyCodec> = new Map([
  [21, codec("TopicConfigAndMappingTable", p.decodeTopicConfigAndMappingTable, p.encodeTopicConfigAndMappingTable)],
  [28, kvTable],
  [38, codec("ConsumerIdList", p.decodeConsumerIdList, p.encodeConsumerIdList)],
  [41, codec("LockBatchResponse", p.decodeLockBatchResponse, p.encodeLockBatchResponse)],
  [43, codec("ConsumerOffsetTable", p.decodeConsumerOffsetTable, p.encodeConsumerOffsetTable)],
  [45, codec("DelayOffsetTable", p.decodeDelayOffsetTable, p.encodeDelayOffsetTable)],
  [103, kvTable],
  [105, codec("TopicRouteData", p.decodeTopicRouteData, p.encodeTopicRouteData)],
  [106, codec("ClusterInfo", p.decodeClusterInfo, p.encodeClusterInfo)],
  [201, codec("SubscriptionGroupTable", p.decodeSubscriptionGroupTable, p.encodeSubscriptionGroupTable)],
  [202, codec("TopicStatsTable", p.decodeTopicStatsTable, p.encodeTopicStatsTable)],
  [203, codec("ConsumerConnection", p.decodeConsumerConnection, p.encodeConsumerConnection)],
  [204, codec("ProducerConnection", p.decodeProducerConnection, p.encodeProducerConnection)],
  [206, topicList],
  [208, consumeStats],
  [221, consumerStatus],
  [222, resetOffset],
  [223, consumerStatus],
  [300, codec("GroupList", p.decodeGroupList, p.encodeGroupList)],
  [305, topicList],
  [307, codec("ConsumerRunningInfo", p.decodeConsumerRunningInfo, p.encodeConsumerRunningInfo)],
  [309, codec("ConsumeDirectlyResult", p.decodeConsumeDirectlyResult, p.encodeConsumeDirectlyResult)],
  [315, codec("BrokerStatsData", p.decodeBrokerStatsData, p.encodeBrokerStatsData)],
  [317, codec("ConsumeStatsList", p.decodeConsumeStatsList, p.encodeConsumeStatsList)],
  [321, codec("ConsumeQueueDump", p.decodeConsumeQueueDump, p.encodeConsumeQueueDump)],
  [328, codec("ProducerTable", p.decodeProducerTable, p.encodeProducerTable)],
  [351, codec("TopicConfigAndQueueMapping", p.decodeTopicConfigAndQueueMapping, p.encodeTopicConfigAndQueueMapping)],
  [400, codec("QueryAssignmentResponse", p.decodeQueryAssignmentResponse, p.encodeQueryAssignmentResponse)],
  [402, codec("MessageRequestModeTable", p.decodeMessageRequestModeTable, p.encodeMessageRequestModeTable)],
  [907, codec("HaRuntimeInfo", p.decodeHaRuntimeInfo, p.encodeHaRuntimeInfo)],
]);

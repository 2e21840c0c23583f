/**
 * Which codec reads the custom header of which command, for tests that walk over recorded traffic.
 */
import type { ExtFields } from "../../protocol/command.ts";
import * as p from "../../protocol/mod.ts";

/** Reader and writer of one header, with the header's type hidden. */
export interface HeaderCodec {
  readonly name: string;
  /** Decodes and encodes again. */
  again(ext: ExtFields): ExtFields;
}

function codec<T>(name: string, decode: (ext: ExtFields) => T, encode: (header: T) => ExtFields): HeaderCodec {
  return { name, again: (ext) => encode(decode(ext)) };
}

const send = codec("SendMessage", p.decodeSendMessageRequestHeader, p.encodeSendMessageRequestHeader);
const sendV2 = codec("SendMessageV2", p.decodeSendMessageRequestHeaderV2, p.encodeSendMessageRequestHeaderV2);
const pull = codec("PullMessage", p.decodePullMessageRequestHeader, p.encodePullMessageRequestHeader);
const queue = codec("Queue", p.decodeQueueRequestHeader, p.encodeQueueRequestHeader);
const group = codec("ConsumerGroup", p.decodeConsumerGroupRequestHeader, p.encodeConsumerGroupRequestHeader);
const topic = codec("Topic", p.decodeTopicRequestHeader, p.encodeTopicRequestHeader);
const createTopic = codec("CreateTopic", p.decodeCreateTopicRequestHeader, p.encodeCreateTopicRequestHeader);
const kv = codec("KvConfig", p.decodeKvConfigRequestHeader, p.encodeKvConfigRequestHeader);
const brokerName = codec("BrokerName", p.decodeBrokerNameRequestHeader, p.encodeBrokerNameRequestHeader);
const broker = codec("BrokerIdentity", p.decodeBrokerIdentityRequestHeader, p.encodeBrokerIdentityRequestHeader);
const resetOffset = codec("ResetOffset", p.decodeResetOffsetRequestHeader, p.encodeResetOffsetRequestHeader);
const status = codec(
  "GetConsumerStatus",
  p.decodeGetConsumerStatusRequestHeader,
  p.encodeGetConsumerStatusRequestHeader,
);

/** Headers of requests by request code. */
export const REQUEST_HEADERS: ReadonlyMap<number, HeaderCodec> = new Map([
  [10, send],
  [11, pull],
  [12, codec("QueryMessage", p.decodeQueryMessageRequestHeader, p.encodeQueryMessageRequestHeader)],
  [14, codec("QueryOffset", p.decodeQueryConsumerOffsetRequestHeader, p.encodeQueryConsumerOffsetRequestHeader)],
  [15, codec("UpdateOffset", p.decodeUpdateConsumerOffsetRequestHeader, p.encodeUpdateConsumerOffsetRequestHeader)],
  [17, createTopic],
  [21, codec("AllTopics", p.decodeGetAllTopicConfigRequestHeader, p.encodeGetAllTopicConfigRequestHeader)],
  [29, codec("SearchOffset", p.decodeSearchOffsetRequestHeader, p.encodeSearchOffsetRequestHeader)],
  [30, codec("MaxOffset", p.decodeGetMaxOffsetRequestHeader, p.encodeGetMaxOffsetRequestHeader)],
  [31, queue],
  [32, queue],
  [33, codec("ViewMessage", p.decodeViewMessageRequestHeader, p.encodeViewMessageRequestHeader)],
  [35, codec("Unregister", p.decodeUnregisterClientRequestHeader, p.encodeUnregisterClientRequestHeader)],
  [36, codec("SendBack", p.decodeConsumerSendMsgBackRequestHeader, p.encodeConsumerSendMsgBackRequestHeader)],
  [37, codec("EndTransaction", p.decodeEndTransactionRequestHeader, p.encodeEndTransactionRequestHeader)],
  [38, group],
  [39, codec("CheckState", p.decodeCheckTransactionStateRequestHeader, p.encodeCheckTransactionStateRequestHeader)],
  [40, group],
  [100, codec("PutKvConfig", p.decodePutKvConfigRequestHeader, p.encodePutKvConfigRequestHeader)],
  [101, kv],
  [102, kv],
  [103, codec("RegisterBroker", p.decodeRegisterBrokerRequestHeader, p.encodeRegisterBrokerRequestHeader)],
  [104, broker],
  [105, codec("GetRouteInfo", p.decodeGetRouteInfoRequestHeader, p.encodeGetRouteInfoRequestHeader)],
  [201, codec("AllGroups", p.decodeGetAllSubscriptionGroupRequestHeader, p.encodeGetAllSubscriptionGroupRequestHeader)],
  [202, topic],
  [203, group],
  [
    204,
    codec("Producers", p.decodeGetProducerConnectionListRequestHeader, p.encodeGetProducerConnectionListRequestHeader),
  ],
  [205, brokerName],
  [
    207,
    codec("DeleteGroup", p.decodeDeleteSubscriptionGroupRequestHeader, p.encodeDeleteSubscriptionGroupRequestHeader),
  ],
  [208, codec("ConsumeStats", p.decodeGetConsumeStatsRequestHeader, p.encodeGetConsumeStatsRequestHeader)],
  [215, topic],
  [216, codec("DeleteRoute", p.decodeDeleteTopicInNamesrvRequestHeader, p.encodeDeleteTopicInNamesrvRequestHeader)],
  [220, resetOffset],
  [221, status],
  [222, resetOffset],
  [223, status],
  [300, topic],
  [307, codec("RunningInfo", p.decodeGetConsumerRunningInfoRequestHeader, p.encodeGetConsumerRunningInfoRequestHeader)],
  [309, codec("Directly", p.decodeConsumeMessageDirectlyRequestHeader, p.encodeConsumeMessageDirectlyRequestHeader)],
  [310, sendV2],
  [315, codec("StatsData", p.decodeViewBrokerStatsDataRequestHeader, p.encodeViewBrokerStatsDataRequestHeader)],
  [317, codec("StatsInBroker", p.decodeGetConsumeStatsInBrokerHeader, p.encodeGetConsumeStatsInBrokerHeader)],
  [320, sendV2],
  [321, codec("ConsumeQueue", p.decodeQueryConsumeQueueRequestHeader, p.encodeQueryConsumeQueueRequestHeader)],
  [325, sendV2],
  [326, codec("Reply", p.decodeReplyMessageRequestHeader, p.encodeReplyMessageRequestHeader)],
  [327, brokerName],
  [351, topic],
  [361, pull],
  [370, codec("Recall", p.decodeRecallMessageRequestHeader, p.encodeRecallMessageRequestHeader)],
  [513, createTopic],
  [3005, codec("ListUsers", p.decodeListUsersRequestHeader, p.encodeListUsersRequestHeader)],
  [3010, codec("ListAcls", p.decodeListAclsRequestHeader, p.encodeListAclsRequestHeader)],
  [200050, codec("Pop", p.decodePopMessageRequestHeader, p.encodePopMessageRequestHeader)],
  [200051, codec("Ack", p.decodeAckMessageRequestHeader, p.encodeAckMessageRequestHeader)],
  [200053, codec("Invisible", p.decodeChangeInvisibleTimeRequestHeader, p.encodeChangeInvisibleTimeRequestHeader)],
]);

const sent = codec("Sent", p.decodeSendMessageResponseHeader, p.encodeSendMessageResponseHeader);
const pulled = codec("Pulled", p.decodePullMessageResponseHeader, p.encodePullMessageResponseHeader);
const offset = codec("Offset", p.decodeOffsetResponseHeader, p.encodeOffsetResponseHeader);

/** Headers of successful responses by the code of the request. */
export const RESPONSE_HEADERS: ReadonlyMap<number, HeaderCodec> = new Map([
  [10, sent],
  [11, pulled],
  [12, codec("Queried", p.decodeQueryMessageResponseHeader, p.encodeQueryMessageResponseHeader)],
  [14, offset],
  [21, codec("AllTopics", p.decodeGetAllTopicConfigResponseHeader, p.encodeGetAllTopicConfigResponseHeader)],
  [26, codec("BrokerConfig", p.decodeGetBrokerConfigResponseHeader, p.encodeGetBrokerConfigResponseHeader)],
  [29, offset],
  [30, offset],
  [31, offset],
  [32, codec("Earliest", p.decodeEarliestStoreTimeResponseHeader, p.encodeEarliestStoreTimeResponseHeader)],
  [34, codec("Heartbeat", p.decodeHeartbeatResponseHeader, p.encodeHeartbeatResponseHeader)],
  [101, codec("KvConfig", p.decodeGetKvConfigResponseHeader, p.encodeGetKvConfigResponseHeader)],
  [103, codec("Registered", p.decodeRegisterBrokerResponseHeader, p.encodeRegisterBrokerResponseHeader)],
  [
    201,
    codec("AllGroups", p.decodeGetAllSubscriptionGroupResponseHeader, p.encodeGetAllSubscriptionGroupResponseHeader),
  ],
  [205, codec("Wiped", p.decodeWipeWritePermResponseHeader, p.encodeWipeWritePermResponseHeader)],
  [310, sent],
  [320, sent],
  [325, sent],
  [327, codec("Added", p.decodeAddWritePermResponseHeader, p.encodeAddWritePermResponseHeader)],
  [361, pulled],
  [370, codec("Recalled", p.decodeRecallMessageResponseHeader, p.encodeRecallMessageResponseHeader)],
  [200050, codec("Popped", p.decodePopMessageResponseHeader, p.encodePopMessageResponseHeader)],
  [200053, codec("Invisible", p.decodeChangeInvisibleTimeResponseHeader, p.encodeChangeInvisibleTimeResponseHeader)],
]);

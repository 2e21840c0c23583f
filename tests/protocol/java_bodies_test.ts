import { assert, assertEquals } from "@std/assert";
import * as protocol from "../../protocol/mod.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";

/** JSON of each body class of Apache 5.4.0 with every field filled. */
const BODIES: readonly { readonly class: string; readonly json: string }[] = Deno.readTextFileSync(
  new URL("../golden/java_codecs/golden_bodies.jsonl", import.meta.url),
).trim().split("\n").map((line) => JSON.parse(line));

/** Bodies that have another name here. */
const TYPES: Readonly<Record<string, string>> = {
  BatchAckMessageRequestBody: "BatchAckRequest",
  CheckClientRequestBody: "CheckClientRequest",
  ConsumeMessageDirectlyResult: "ConsumeDirectlyResult",
  ConsumerOffsetSerializeWrapper: "ConsumerOffsetTable",
  CreateTopicListRequestBody: "TopicConfigList",
  DelayOffsetSerializeWrapper: "DelayOffsetTable",
  ElectMasterResponseBody: "ElectMasterResponse",
  GetBrokerMemberGroupResponseBody: "BrokerMemberGroupResponse",
  GetConsumerListByGroupResponseBody: "ConsumerIdList",
  GetConsumerStatusBody: "ConsumerStatusBody",
  HARuntimeInfo: "HaRuntimeInfo",
  KVTable: "KvTable",
  LockBatchRequestBody: "LockBatchRequest",
  LockBatchResponseBody: "LockBatchResponse",
  MessageRequestModeSerializeWrapper: "MessageRequestModeTable",
  ProducerTableInfo: "ProducerTable",
  QueryAssignmentRequestBody: "QueryAssignmentRequest",
  QueryAssignmentResponseBody: "QueryAssignmentResponse",
  QueryConsumeQueueResponseBody: "ConsumeQueueDump",
  QueryConsumeTimeSpanBody: "ConsumeTimeSpanBody",
  QueryCorrectionOffsetBody: "CorrectionOffsetBody",
  QuerySubscriptionResponseBody: "QuerySubscriptionResponse",
  SetMessageRequestModeRequestBody: "SetMessageRequestMode",
  SubscriptionGroupWrapper: "SubscriptionGroupTable",
  "TimerMetrics$TimerMetricsSerializeWrapper": "TimerMetrics",
  TopicConfigAndMappingSerializeWrapper: "TopicConfigAndMappingTable",
  TopicConfigSerializeWrapper: "TopicConfigTable",
  "TransactionMetrics$TransactionMetricsSerializeWrapper": "TransactionMetrics",
  UnlockBatchRequestBody: "LockBatchRequest",
};

function codecOf(javaName: string): protocol.JsonCodec<unknown> {
  const name = TYPES[javaName] ?? javaName;
  const members: Readonly<Record<string, unknown>> = protocol;
  const codec = members[`${name.charAt(0).toLowerCase()}${name.slice(1)}Json`];
  assert(codec !== undefined, `${javaName}: no codec named ${name}`);
  return codec as protocol.JsonCodec<unknown>;
}

for (const { class: name, json } of BODIES) {
  Deno.test(`Codec of ${name} keeps every field that Java's class has, byte for byte`, () => {
    const codec = codecOf(name);
    assertEquals(decodeUtf8(protocol.encodeBody(codec, protocol.decodeBody(codec, json))), json);
  });
}

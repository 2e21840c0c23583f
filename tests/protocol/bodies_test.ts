import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import * as p from "../../protocol/mod.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";
import { REQUEST_BODIES, RESPONSE_BODIES } from "./body_table.ts";
import { assertDecodesOrRefuses, seededRandom, withBitFlipped } from "./fuzz.ts";
import { goldenFrames } from "./golden.ts";

/** Asserts that a codec writes exactly the text that it has read. */
function assertKeepsText<T>(
  decode: (body: string) => T,
  encode: (value: T, dialect?: p.FastDialect) => Uint8Array,
  text: string,
  dialect?: p.FastDialect,
): T {
  const value = decode(text);
  assertEquals(decodeUtf8(encode(value, dialect)), text);
  return value;
}

Deno.test("decodeTopicRouteData() reads both dialects and the old name of the system flag", () => {
  const head = `{"brokerDatas":[{"brokerAddrs":{`;
  const tail = `"127.0.0.1:1"},"brokerName":"b","cluster":"c","enableActingMaster":false}],"filterServerTable":{},` +
    `"orderTopicConf":"b:4","queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":1,"writeQueueNums":4}]}`;
  const quoted = assertKeepsText(p.decodeTopicRouteData, p.encodeTopicRouteData, `${head}"0":${tail}`, "standard");
  const unquoted = assertKeepsText(p.decodeTopicRouteData, p.encodeTopicRouteData, `${head}0:${tail}`, "fastjson");
  assertEquals(unquoted, quoted);
  assertEquals(p.decodeTopicRouteData(`${head}0:${tail}`.replace("topicSysFlag", "topicSynFlag")), quoted);
});

Deno.test("decodeHeartbeatData() reads both versions", () => {
  const first = p.decodeHeartbeatData(`{"clientID":"c","producerDataSet":[{"groupName":"g"}],"consumerDataSet":[]}`);
  assertEquals([first.heartbeatFingerprint, first.withoutSub, first.producerDataSet], [0, false, [{ groupName: "g" }]]);
  const second =
    `{"clientID":"c","consumerDataSet":[],"heartbeatFingerprint":-77,"producerDataSet":[],"withoutSub":true}`;
  assertEquals(assertKeepsText(p.decodeHeartbeatData, p.encodeHeartbeatData, second).withoutSub, true);
});

Deno.test("decodeHeartbeatData() reads enum constants by name and by number", () => {
  const body = (value: string): string =>
    `{"clientID":"c","consumerDataSet":[{"consumeType":${value},"groupName":"g"}]}`;
  assertEquals(p.decodeHeartbeatData(body(`"CONSUME_POP"`)).consumerDataSet[0]?.consumeType, "CONSUME_POP");
  assertEquals(p.decodeHeartbeatData(body("0")).consumerDataSet[0]?.consumeType, "CONSUME_ACTIVELY");
});

Deno.test("decodeSubscriptionGroupConfig() gives RocketMQ's defaults", () => {
  const config = p.decodeSubscriptionGroupConfig(`{"groupName":"g"}`);
  assertEquals([config.retryMaxTimes, config.consumeEnable, config.whichBrokerWhenConsumeSlowly], [16, true, 1]);
  assertEquals(p.defaultSubscriptionGroup("g"), { ...config, groupRetryPolicy: { type: "CUSTOMIZED" } });
});

Deno.test("encodeSubscriptionGroupConfig() keeps retry policies", () => {
  const policy =
    `{"customizedRetryPolicy":{"next":[1000,5000]},"exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2},` +
    `"type":"EXPONENTIAL"}`;
  const config = p.decodeSubscriptionGroupConfig(`{"groupName":"g","groupRetryPolicy":${policy}}`);
  assertEquals(config.groupRetryPolicy?.customizedRetryPolicy?.next, [1000, 5000]);
  assert(decodeUtf8(p.encodeSubscriptionGroupConfig(config)).includes(policy));
});

Deno.test("Codecs keep the bodies that were not recorded", () => {
  const queue = `{"brokerName":"b","queueId":1,"topic":"T"}`;
  assertKeepsText(p.decodeSyncStateSet, p.encodeSyncStateSet, `{"syncStateSet":[1,2],"syncStateSetEpoch":3}`);
  assertKeepsText(
    p.decodeEpochEntryCache,
    p.encodeEpochEntryCache,
    `{"brokerId":1,"brokerName":"b","clusterName":"c","epochList":[{"endOffset":9223372036854775807,"epoch":1,"startOffset":0}],` +
      `"maxOffset":5}`,
  );
  assertKeepsText(
    p.decodeBrokerMemberGroupResponse,
    p.encodeBrokerMemberGroupResponse,
    `{"brokerMemberGroup":{"brokerAddrs":{0:"a:1",1:"a:2"},"brokerName":"b","cluster":"c"}}`,
  );
  assertKeepsText(p.decodeElectMasterResponse, p.encodeElectMasterResponse, `{"syncStateSet":[1]}`);
  const replica = `{"alive":true,"brokerAddress":"a:1","brokerId":1,"brokerName":"b"}`;
  assertKeepsText(
    p.decodeBrokerReplicasInfo,
    p.encodeBrokerReplicasInfo,
    `{"replicasInfoTable":{"b":{"inSyncReplicas":[${replica}],"masterAddress":"a:1","masterBrokerId":1,"masterEpoch":2,` +
      `"notInSyncReplicas":[],"syncStateSetEpoch":3}}}`,
  );
  assertKeepsText(
    p.decodeBatchAckRequest,
    p.encodeBatchAckRequest,
    `{"acks":[{"b":"Aw==","c":"g","it":60000,"pt":1,"q":0,"r":"0","rq":2,"so":5,"t":"T"}],"brokerName":"b"}`,
  );
  assertKeepsText(p.decodeCorrectionOffsetBody, p.encodeCorrectionOffsetBody, `{"correctionOffsets":{0:5,1:6}}`);
  assertKeepsText(p.decodeGroupForbidden, p.encodeGroupForbidden, `{"group":"g","readable":false,"topic":"T"}`);
  assertKeepsText(
    p.decodeConsumeTimeSpanBody,
    p.encodeConsumeTimeSpanBody,
    `{"consumeTimeSpanSet":[{"consumeTimeStamp":1,"delayTime":2,"maxTimeStamp":3,"messageQueue":${queue},"minTimeStamp":4}]}`,
  );
  assertKeepsText(
    p.decodeResetOffsetBodyForC,
    p.encodeResetOffsetBodyForC,
    `{"offsetTable":[{"brokerName":"b","offset":9,"queueId":1,"topic":"T"}]}`,
  );
  assertKeepsText(p.decodeQuerySubscriptionResponse, p.encodeQuerySubscriptionResponse, `{"group":"g","topic":"T"}`);
  assertKeepsText(
    p.decodeMessageRequestModeTable,
    p.encodeMessageRequestModeTable,
    `{"messageRequestModeMap":{"T":{"g":{"consumerGroup":"g","mode":"POP","popShareQueueNum":-1,"topic":"T"}}}}`,
  );
  assertKeepsText(
    p.decodeConsumerOffsetTable,
    p.encodeConsumerOffsetTable,
    `{"dataVersion":{"counter":0,"stateVersion":0,"timestamp":0},"offsetTable":{"T@g":{0:5,3:9}},"pullOffsetTable":{"T@g":{0:1}}}`,
  );
});

Deno.test("Codecs keep users and access rules", () => {
  const user = `{"password":"p","userStatus":"enable","userType":"Super","username":"u"}`;
  assertKeepsText(p.decodeUserInfo, p.encodeUserInfo, user);
  assertKeepsText(p.decodeUserList, p.encodeUserList, `[${user}]`);
  const acl = `{"policies":[{"entries":[{"actions":["Pub"],"decision":"Allow","resource":"Topic:*","sourceIps":[]}],` +
    `"policyType":"Custom"}],"subject":"User:u"}`;
  assertKeepsText(p.decodeAclInfo, p.encodeAclInfo, acl);
  assertKeepsText(p.decodeAclList, p.encodeAclList, `[${acl}]`);
});

Deno.test("Static topics are read with quoted and unquoted queue ids", () => {
  const detail = p.decodeTopicQueueMappingDetail(
    `{"topic":"T","hostedQueues":{"0":[{"queueId":5}]},"currIdMap":{0:5}}`,
  );
  assertEquals(detail.hostedQueues.get(0)?.[0]?.queueId, 5);
  assertEquals(detail.currIdMap, new Map([[0, 5]]));
});

Deno.test("nextDataVersion() counts and isSameDataVersion() compares", () => {
  const next = p.nextDataVersion(p.NO_DATA_VERSION, 99);
  assertEquals(next, { stateVersion: 0, timestamp: 99, counter: 1 });
  assertEquals(p.nextDataVersion(next, 100, 7), { stateVersion: 7, timestamp: 100, counter: 2 });
  assert(p.isSameDataVersion(next, { ...next }));
  for (const change of [{ stateVersion: 1 }, { timestamp: 1 }, { counter: 2 }]) {
    assert(!p.isSameDataVersion(next, { ...next, ...change }));
  }
});

Deno.test("compareMessageQueues() orders by topic, broker name and queue id", () => {
  const queues = ["B a 0", "A b 10", "A b 9", "A a 3"].map((text): p.MessageQueue => {
    const [topic = "", brokerName = "", queueId = ""] = text.split(" ");
    return { topic, brokerName, queueId: Number(queueId) };
  });
  const sorted = [...queues].sort(p.compareMessageQueues).map((queue) =>
    `${queue.topic} ${queue.brokerName} ${queue.queueId}`
  );
  assertEquals(sorted, ["A a 3", "A b 9", "A b 10", "B a 0"]);
  assertEquals(new Set(queues.map(p.messageQueueKey)).size, 4);
  for (const left of queues) {
    for (const right of queues) assertEquals(p.isSameMessageQueue(left, { ...right }), left === right);
  }
});

Deno.test("buildSubscription() takes tag expressions apart", () => {
  const subscription = p.buildSubscription("T", " TagA || TagB||TagA|| ", { version: 5 });
  assertEquals([subscription.tagsSet, subscription.codeSet], [["TagA", "TagB"], [2_598_919, 2_598_920]]);
  assertEquals([subscription.subVersion, subscription.expressionType], [5, "TAG"]);
  for (const all of ["*", ""]) {
    const everything = p.buildSubscription("T", all);
    assertEquals([everything.subString, everything.tagsSet, everything.codeSet], ["*", [], []]);
  }
  const sql = p.buildSubscription("T", "a > 1 || b", { type: "SQL92" });
  assertEquals([sql.subString, sql.tagsSet, sql.expressionType], ["a > 1 || b", [], "SQL92"]);
});

Deno.test("Body codecs decode or refuse golden bodies with one bit flipped", () => {
  const random = seededRandom(99);
  let damaged = 0;
  for (const frame of goldenFrames().filter(({ command }) => command.body[0] === 0x7b)) {
    if (random() > 0.15) continue;
    const answered = frame.request?.command.code;
    const codec = answered === undefined ? REQUEST_BODIES.get(frame.command.code) : RESPONSE_BODIES.get(answered);
    if (codec === undefined) continue;
    for (let trial = 0; trial < 5; trial++) {
      const bit = Math.floor(random() * Math.min(frame.command.body.length, 3000) * 8);
      const body = withBitFlipped(frame.command.body, bit);
      assertDecodesOrRefuses(() => codec.again(body, "fastjson"), `${frame.name} bit ${bit}`);
      damaged++;
    }
  }
  assert(damaged > 300, `${damaged}`);
});

Deno.test("Body codecs refuse a body that is no object", () => {
  for (const [code, codec] of [...REQUEST_BODIES, ...RESPONSE_BODIES]) {
    for (const body of ["", "[]", "1", "null"]) {
      assertThrows(() => codec.again(encodeUtf8(body), "fastjson"), ProtocolError, undefined, `${code} ${body}`);
    }
  }
});

import { assert, assertEquals } from "@std/assert";
import type { GroupEntry, LiveGroup, SubscriptionEntry } from "../../../actors/broker/broker_controller_contract.ts";
import { ControlView, type ServedGroup } from "../../../actors/broker/gateway/control_view.ts";
import {
  checkPull,
  codesOf,
  type PullFields,
  PullFlag,
  type PullSettings,
} from "../../../actors/broker/gateway/pull_request.ts";
import { ServedTopic } from "../../../actors/broker/gateway/served_topic.ts";
import { javaStringHash } from "../../../protocol/java_hash.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { TopicEntry } from "../../../store/topic_view.ts";

const FIELDS: PullFields = {
  lite: false,
  groupName: "g",
  topicName: "T",
  queueId: 0,
  queueOffset: 0,
  maxMsgNums: 32,
  maxMsgBytes: Infinity,
  sysFlag: 0,
  suspendTimeoutMs: 0,
  subVersion: 5,
  subscription: "*",
  expressionType: "TAG",
};

const CONFIG: GroupEntry = {
  group: "g",
  consumeEnable: true,
  consumeFromMinEnable: true,
  consumeBroadcastEnable: true,
  consumeMessageOrderly: false,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  brokerId: 0,
  whichBrokerWhenConsumeSlowly: 1,
  groupSysFlag: 0,
  forbiddenTopics: [],
};

const SUBSCRIPTION: SubscriptionEntry = {
  topic: "T",
  subString: "A || B",
  expressionType: "TAG",
  subVersion: 5,
  codes: [javaStringHash("A"), javaStringHash("B")],
  tags: ["A", "B"],
  classFilterMode: false,
};

const LIVE: LiveGroup = {
  group: "g",
  consumeType: "CONSUME_PASSIVELY",
  messageModel: "CLUSTERING",
  subscriptions: [SUBSCRIPTION],
};

const TOPIC: TopicEntry = {
  topic: "T",
  readQueueNums: 4,
  writeQueueNums: 8,
  perm: 6,
  topicSysFlag: 0,
  order: false,
  topicFilterType: "SINGLE_TAG",
  slots: [0, 1, 2, 3, 4, 5, 6, 7],
  attributes: {},
};

const SETTINGS: PullSettings = {
  brokerPermission: 6,
  brokerIP1: "10.0.0.1",
  litePullMessageEnable: true,
  enablePropertyFilter: false,
  isExpression: (text) => text.startsWith("good"),
};

/** A group as a gateway serves it. */
function groupOf(config: Partial<GroupEntry> = {}, live: LiveGroup | undefined = LIVE): ServedGroup {
  const view = new ControlView();
  view.applyGroups({ version: 1, whole: true, changed: [{ ...CONFIG, ...config }], removed: [] });
  view.applySubscriptions({ version: 1, whole: true, changed: live === undefined ? [] : [live], removed: [] });
  return view.groups.byName("g")!;
}

const topicOf = (change: Partial<TopicEntry> = {}): ServedTopic => new ServedTopic({ ...TOPIC, ...change }, true);
const liveWith = (change: Partial<SubscriptionEntry>): LiveGroup => ({
  ...LIVE,
  subscriptions: [{ ...SUBSCRIPTION, ...change }],
});

interface Row {
  readonly name: string;
  readonly fields?: Partial<PullFields>;
  readonly group?: ServedGroup | null;
  readonly topic?: ServedTopic | null;
  readonly settings?: Partial<PullSettings>;
  /** Code, type of what forbids, a piece of the remark; or the tag hashes. */
  readonly refused?: readonly [code: number, forbiddenType: number | undefined, remark: string];
  readonly codes?: readonly number[] | null;
  readonly filter?: string;
}

const AB = [javaStringHash("A"), javaStringHash("B")];
const OWN = PullFlag.Subscription;

/** The rows stand in the order of the checks; each also breaks what the later rows break, so that the order itself is tested. */
const REFUSALS: readonly Row[] = [
  {
    name: "the broker may not be read",
    settings: { brokerPermission: 2, litePullMessageEnable: false },
    fields: { lite: true },
    group: null,
    refused: [ResponseCode.NO_PERMISSION, 1, "the broker[10.0.0.1] pulling message is forbidden"],
  },
  {
    name: "lite pull is off",
    settings: { litePullMessageEnable: false },
    fields: { lite: true },
    group: null,
    refused: [ResponseCode.NO_PERMISSION, 1, "for lite pull consumer is forbidden"],
  },
  {
    name: "no such group",
    group: null,
    topic: null,
    refused: [ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, undefined, "subscription group [g] does not exist"],
  },
  {
    name: "the group may not consume",
    group: groupOf({ consumeEnable: false }),
    topic: null,
    refused: [ResponseCode.NO_PERMISSION, 2, "subscription group no permission, g"],
  },
  {
    name: "no such topic",
    topic: null,
    refused: [ResponseCode.TOPIC_NOT_EXIST, undefined, "topic[T] not exist, apply first please!"],
  },
  {
    name: "the topic may not be read",
    topic: topicOf({ perm: 2 }),
    fields: { queueId: 99 },
    refused: [ResponseCode.NO_PERMISSION, 3, "the topic[T] pulling message is forbidden"],
  },
  {
    name: "a queue that is only written",
    fields: { queueId: 4 },
    group: groupOf({}, undefined),
    refused: [
      ResponseCode.INVALID_PARAMETER,
      undefined,
      "queueId[4] is illegal, topic:[T] topicConfig.readQueueNums:[4]",
    ],
  },
  {
    name: "a negative queue",
    fields: { queueId: -1 },
    refused: [ResponseCode.INVALID_PARAMETER, undefined, "queueId[-1] is illegal"],
  },
  {
    name: "nobody of the group is there",
    group: { ...groupOf(), live: undefined, subscriptions: new Map() },
    refused: [ResponseCode.SUBSCRIPTION_NOT_EXIST, undefined, "the consumer's group info not exist"],
  },
  {
    name: "broadcasting is off",
    group: groupOf(
      { consumeBroadcastEnable: false, forbiddenTopics: ["T"] },
      { ...LIVE, messageModel: "BROADCASTING" },
    ),
    refused: [ResponseCode.NO_PERMISSION, 4, "can not consume by broadcast way"],
  },
  {
    name: "the topic is forbidden for the group",
    group: groupOf({ forbiddenTopics: ["T"] }, { ...LIVE, subscriptions: [] }),
    refused: [ResponseCode.NO_PERMISSION, 5, "the consumer group[g] is forbidden for topic[T]"],
  },
  {
    name: "the group does not subscribe to the topic",
    group: groupOf({}, { ...LIVE, subscriptions: [] }),
    refused: [ResponseCode.SUBSCRIPTION_NOT_EXIST, undefined, "the consumer's subscription not exist"],
  },
  {
    name: "the client's subscription is newer",
    fields: { subVersion: 6 },
    group: groupOf({}, liveWith({ expressionType: "SQL92" })),
    refused: [ResponseCode.SUBSCRIPTION_NOT_LATEST, undefined, "the consumer's subscription not latest"],
  },
  {
    name: "an expression by heartbeat that is none",
    group: groupOf({}, liveWith({ expressionType: "SQL92", subString: "bad" })),
    refused: [ResponseCode.FILTER_DATA_NOT_EXIST, undefined, "consumer filter data is not exist"],
  },
  {
    name: "an expression in force that is older than the client's",
    group: groupOf({}, liveWith({ expressionType: "SQL92", filter: { expression: "good", clientVersion: 4 } })),
    refused: [ResponseCode.FILTER_DATA_NOT_LATEST, undefined, "the consumer's consumer filter data not latest"],
  },
  {
    name: "a filter that is no tag, filters off",
    group: groupOf({}, liveWith({ expressionType: "SQL92", filter: { expression: "good", clientVersion: 5 } })),
    refused: [ResponseCode.SYSTEM_ERROR, undefined, "does not support consumer to filter message by SQL92"],
  },
  {
    name: "an expression of its own that is none",
    settings: { enablePropertyFilter: true },
    fields: { sysFlag: OWN, expressionType: "SQL92", subscription: "bad" },
    refused: [ResponseCode.SUBSCRIPTION_PARSE_FAILED, undefined, "parse the consumer's subscription failed"],
  },
  {
    name: "a kind of expression that nobody knows",
    settings: { enablePropertyFilter: true },
    fields: { sysFlag: OWN, expressionType: "XPATH", subscription: "good" },
    refused: [ResponseCode.SUBSCRIPTION_PARSE_FAILED, undefined, "parse the consumer's subscription failed"],
  },
];

const ACCEPTED: readonly Row[] = [
  { name: "by heartbeat", codes: AB },
  { name: "by heartbeat, all tags", group: groupOf({}, liveWith({ subString: "*", codes: [] })), codes: null },
  { name: "the broker's subscription is newer", fields: { subVersion: 4 }, codes: AB },
  { name: "a subscription of its own", fields: { sysFlag: OWN, subscription: "B||A|| " }, codes: [...AB].reverse() },
  {
    name: "a subscription of its own, nobody there",
    fields: { sysFlag: OWN },
    group: { ...groupOf(), live: undefined, subscriptions: new Map() },
    codes: null,
  },
  {
    name: "no expression type",
    fields: { sysFlag: OWN, expressionType: undefined, subscription: "A" },
    codes: [AB[0]!],
  },
  {
    name: "an expression of its own",
    settings: { enablePropertyFilter: true },
    fields: { sysFlag: OWN, expressionType: "SQL92", subscription: "good 1" },
    codes: null,
    filter: "good 1",
  },
  {
    name: "an expression by heartbeat, the one in force",
    settings: { enablePropertyFilter: true },
    group: groupOf(
      {},
      liveWith({
        expressionType: "SQL92",
        subString: "good 1",
        codes: [],
        filter: { expression: "good 2", clientVersion: 5 },
      }),
    ),
    codes: null,
    filter: "good 2",
  },
  { name: "the last queue that is read", fields: { queueId: 3 }, codes: AB },
  { name: "broadcasting, clustering only is off", group: groupOf({ consumeBroadcastEnable: false }), codes: AB },
];

for (const row of [...REFUSALS, ...ACCEPTED]) {
  Deno.test(`checkPull() ${row.refused === undefined ? "accepts" : "refuses"}: ${row.name}`, () => {
    const group = row.group === null ? undefined : row.group ?? groupOf();
    const topic = row.topic === null ? undefined : row.topic ?? topicOf();
    const checked = checkPull(
      { ...FIELDS, ...row.fields },
      group,
      topic,
      { ...SETTINGS, ...row.settings },
      "1.2.3.4:5",
    );
    if (row.refused === undefined) {
      assert(!checked.refused, checked.refused ? checked.remark : "");
      assertEquals(checked.codes === null ? null : [...checked.codes], row.codes);
      assertEquals(checked.filter, row.filter ?? null);
    } else {
      assert(checked.refused);
      const [code, forbiddenType, remark] = row.refused;
      assertEquals([checked.code, checked.forbiddenType], [code, forbiddenType], checked.remark);
      assert(checked.remark.includes(remark), checked.remark);
    }
  });
}

Deno.test("codesOf() hashes each tag as Java does, and is null for all", () => {
  for (const all of [undefined, "", "*", "||", " || "]) assertEquals(codesOf(all), null, String(all));
  assertEquals([...codesOf("TagA || TagB")!], [javaStringHash("TagA"), javaStringHash("TagB")]);
  assertEquals([...codesOf("一||-")!], [javaStringHash("一"), javaStringHash("-")]);
});

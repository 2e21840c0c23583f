/**
 * A pull that passed Apache's checks, and the checks themselves.
 *
 * Owns: which pulls are refused, in which order and with which words. Reads: the gateway's snapshots. Never: touches the store.
 *
 * Source: apache/rocketmq broker PullMessageProcessor.processRequest
 */
import { javaStringHash } from "../../../protocol/java_hash.ts";
import { ExpressionType } from "../../../protocol/subscription.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import { suggestTodo } from "./faq_url.ts";
import type { GatewayConnection } from "./connection.ts";
import type { ServedGroup } from "./control_view.ts";
import type { ServedTopic } from "./served_topic.ts";

/** Bits of a pull's system flag. Source: apache/rocketmq common PullSysFlag */
export const PullFlag = { Commit: 0x1, Suspend: 0x2, Subscription: 0x4, ClassFilter: 0x8, LitePull: 0x10 } as const;

/** A pull that may be executed, now or when it is woken. */
export interface PullRequest {
  readonly connection: GatewayConnection;
  readonly opaque: number;
  readonly group: ServedGroup;
  readonly topic: ServedTopic;
  readonly queueId: number;
  readonly slot: number;
  /** Offset to begin with; moves forward while the pull is parked and passes what does not match. */
  offset: number;
  readonly maxMsgNums: number;
  readonly maxMsgBytes: number;
  /** Tag hashes that match; null when every message does. */
  readonly codes: ReadonlySet<number> | null;
  /** SQL92 expression that must be true of a message; null when there is none. */
  readonly filter: string | null;
  /** When a parked pull is answered all the same, milliseconds since 1970; 0 when it must not be parked. */
  readonly deadlineMs: number;
}

/** What a client asked for, before the checks. */
export interface PullFields {
  readonly lite: boolean;
  readonly groupName: string;
  readonly topicName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
  readonly maxMsgBytes: number;
  readonly sysFlag: number;
  readonly suspendTimeoutMs: number;
  readonly subVersion: number;
  readonly subscription: string | undefined;
  readonly expressionType: string | undefined;
}

/** A pull that is refused. */
export interface PullRefusal {
  readonly refused: true;
  readonly code: number;
  readonly remark: string;
  /** Why a pull is forbidden, for clients that ask. */
  readonly forbiddenType?: number;
}

/** What forbids a pull. Source: apache/rocketmq remoting ForbiddenType */
const ForbiddenBy = { Broker: 1, Group: 2, Topic: 3, Broadcasting: 4, Subscription: 5 } as const;

/** Broker settings that the checks look at. */
export interface PullSettings {
  readonly brokerPermission: number;
  readonly brokerIP1: string;
  readonly litePullMessageEnable: boolean;
  readonly enablePropertyFilter: boolean;
  /** Whether a text is an SQL92 expression. */
  readonly isExpression: (text: string) => boolean;
}

/** What an accepted pull wants. */
export interface PullFilter {
  readonly refused: false;
  /** Tag hashes; null for all. */
  readonly codes: ReadonlySet<number> | null;
  /** SQL92 expression, or null. */
  readonly filter: string | null;
}

const FAQ = suggestTodo();

/**
 * Checks a pull in Apache's order.
 *
 * @param fields as the client sent them
 * @param group undefined when it has no configuration
 * @param topic undefined when it does not exist
 * @returns what to filter by, or why it is refused
 */
export function checkPull(
  fields: PullFields,
  group: ServedGroup | undefined,
  topic: ServedTopic | undefined,
  settings: PullSettings,
  remoteAddress: string,
): PullRefusal | PullFilter {
  if ((settings.brokerPermission & TopicPerm.Read) === 0) {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `the broker[${settings.brokerIP1}] pulling message is forbidden`,
      ForbiddenBy.Broker,
    );
  }
  if (fields.lite && !settings.litePullMessageEnable) {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `the broker[${settings.brokerIP1}] for lite pull consumer is forbidden`,
      ForbiddenBy.Broker,
    );
  }
  if (group === undefined) {
    return refuse(
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group [${fields.groupName}] does not exist, ${FAQ}`,
    );
  }
  if (!group.config.consumeEnable) {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `subscription group no permission, ${fields.groupName}`,
      ForbiddenBy.Group,
    );
  }
  if (topic === undefined) {
    return refuse(ResponseCode.TOPIC_NOT_EXIST, `topic[${fields.topicName}] not exist, apply first please! ${FAQ}`);
  }
  if ((topic.entry.perm & TopicPerm.Read) === 0) {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `the topic[${fields.topicName}] pulling message is forbidden`,
      ForbiddenBy.Topic,
    );
  }
  if (fields.queueId < 0 || fields.queueId >= topic.entry.readQueueNums) {
    return refuse(
      ResponseCode.INVALID_PARAMETER,
      `queueId[${fields.queueId}] is illegal, topic:[${fields.topicName}] topicConfig.readQueueNums:[${topic.entry.readQueueNums}] consumer:[/${remoteAddress}]`,
    );
  }
  return (fields.sysFlag & PullFlag.Subscription) !== 0
    ? checkOwnSubscription(fields, settings)
    : checkLiveSubscription(fields, group, settings);
}

function checkOwnSubscription(
  fields: PullFields,
  settings: PullSettings,
): PullRefusal | PullFilter {
  if (isTagType(fields.expressionType)) return { refused: false, codes: codesOf(fields.subscription), filter: null };
  if (!settings.enablePropertyFilter) return refuseExpression(fields.expressionType);
  const filter = fields.subscription ?? "";
  if (fields.expressionType === ExpressionType.SQL92 && settings.isExpression(filter)) {
    return { refused: false, codes: null, filter };
  }
  return refuse(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed");
}

function checkLiveSubscription(
  fields: PullFields,
  group: ServedGroup,
  settings: PullSettings,
): PullRefusal | PullFilter {
  if (group.live === undefined) {
    return refuse(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's group info not exist${FAQ}`);
  }
  if (!group.config.consumeBroadcastEnable && group.live.messageModel === "BROADCASTING") {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `the consumer group[${fields.groupName}] can not consume by broadcast way`,
      ForbiddenBy.Broadcasting,
    );
  }
  if (group.config.forbiddenTopics.includes(fields.topicName)) {
    return refuse(
      ResponseCode.NO_PERMISSION,
      `the consumer group[${fields.groupName}] is forbidden for topic[${fields.topicName}]`,
      ForbiddenBy.Subscription,
    );
  }
  const subscription = group.subscriptions.get(fields.topicName);
  if (subscription === undefined) {
    return refuse(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's subscription not exist${FAQ}`);
  }
  if (subscription.entry.subVersion < fields.subVersion) {
    return refuse(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest");
  }
  const { expressionType, filter } = subscription.entry;
  if (isTagType(expressionType)) return { refused: false, codes: subscription.codes, filter: null };
  if (filter === undefined) {
    return refuse(
      ResponseCode.FILTER_DATA_NOT_EXIST,
      "The broker's consumer filter data is not exist!Your expression may be wrong!",
    );
  }
  if (filter.clientVersion < fields.subVersion) {
    return refuse(ResponseCode.FILTER_DATA_NOT_LATEST, "the consumer's consumer filter data not latest");
  }
  if (!settings.enablePropertyFilter) return refuseExpression(expressionType);
  return { refused: false, codes: null, filter: filter.expression };
}

function refuseExpression(type: string | undefined): PullRefusal {
  return refuse(ResponseCode.SYSTEM_ERROR, `The broker does not support consumer to filter message by ${type}`);
}

function isTagType(type: string | undefined): boolean {
  return type === undefined || type === "" || type === "TAG";
}

/** Tag hashes of an expression such as `TagA || TagB`; null for all. Source: apache/rocketmq common FilterAPI.buildSubscriptionData */
export function codesOf(expression: string | undefined): ReadonlySet<number> | null {
  if (expression === undefined || expression === "" || expression === "*") return null;
  const codes = new Set<number>();
  for (const piece of expression.split("||")) {
    const tag = piece.trim();
    if (tag !== "") codes.add(javaStringHash(tag));
  }
  return codes.size === 0 ? null : codes;
}

function refuse(code: number, remark: string, forbiddenType?: number): PullRefusal {
  return forbiddenType === undefined ? { refused: true, code, remark } : { refused: true, code, remark, forbiddenType };
}

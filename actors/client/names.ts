/**
 * Names of topics and groups: what is allowed, what is RocketMQ's own, and how a namespace is put around them.
 *
 * Owns: the checks and the prefixes. Never does: IO.
 */

import { ClientError } from "./errors.ts";

/** Prefix of a group's retry topic. Source: apache/rocketmq common/MixAll.java RETRY_GROUP_TOPIC_PREFIX */
export const RETRY_PREFIX = "%RETRY%";
/** Prefix of a group's dead-letter topic. Source: apache/rocketmq common/MixAll.java DLQ_GROUP_TOPIC_PREFIX */
export const DLQ_PREFIX = "%DLQ%";
/** Topic whose route stands in for topics that do not exist yet. Source: apache/rocketmq TopicValidator AUTO_CREATE_TOPIC_KEY_TOPIC */
export const AUTO_CREATE_TOPIC_KEY = "TBW102";
/** Group of the producer inside each client. Source: apache/rocketmq common/MixAll.java CLIENT_INNER_PRODUCER_GROUP */
export const INNER_PRODUCER_GROUP = "CLIENT_INNER_PRODUCER";
/** Topic of message traces. Source: apache/rocketmq TopicValidator RMQ_SYS_TRACE_TOPIC */
export const TRACE_TOPIC = "RMQ_SYS_TRACE_TOPIC";

/** Longest topic, in characters. Source: apache/rocketmq client/Validators.java TOPIC_MAX_LENGTH */
const TOPIC_CHARS_MAX = 127;
/** Longest group, in characters. Source: apache/rocketmq client/Validators.java GROUP_MAX_LENGTH */
const GROUP_CHARS_MAX = 120;
const ALLOWED = /^[%|a-zA-Z0-9_-]+$/;

/** Source: apache/rocketmq common/topic/TopicValidator.java NOT_ALLOWED_SEND_TOPIC_SET */
const SEND_FORBIDDEN: ReadonlySet<string> = new Set([
  "SCHEDULE_TOPIC_XXXX",
  "RMQ_SYS_TRANS_HALF_TOPIC",
  "RMQ_SYS_TRANS_OP_HALF_TOPIC",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT",
]);

/** Source: apache/rocketmq common/topic/TopicValidator.java SYSTEM_TOPIC_SET */
const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  AUTO_CREATE_TOPIC_KEY,
  "SCHEDULE_TOPIC_XXXX",
  "BenchmarkTest",
  "RMQ_SYS_TRANS_HALF_TOPIC",
  "RMQ_SYS_TRACE_TOPIC",
  "RMQ_SYS_TRANS_OP_HALF_TOPIC",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT",
  "rmq_sys_ROCKSDB_OFFSET_TOPIC",
]);

/** Source: apache/rocketmq common/MixAll.java isSysConsumerGroup, PREDEFINE_GROUP_SET */
const SYSTEM_GROUPS: ReadonlySet<string> = new Set([
  "DEFAULT_CONSUMER",
  "DEFAULT_PRODUCER",
  "TOOLS_CONSUMER",
  "SCHEDULE_CONSUMER",
  "FILTERSRV_CONSUMER",
  "__MONITOR_CONSUMER",
  "CLIENT_INNER_PRODUCER",
  "SELF_TEST_P_GROUP",
  "SELF_TEST_C_GROUP",
  "CID_ONS-HTTP-PROXY",
  "CID_ONSAPI_PERMISSION",
  "CID_ONSAPI_OWNER",
  "CID_ONSAPI_PULL",
  "CID_RMQ_SYS_TRANS",
]);

/**
 * @param topic a topic as the application names it
 * @throws {ClientError} NAME_ILLEGAL when it is blank, too long or has a forbidden character
 */
export function checkTopic(topic: string): void {
  checkName("topic", topic, TOPIC_CHARS_MAX);
}

/**
 * @param group a producer or consumer group
 * @throws {ClientError} NAME_ILLEGAL when it is blank, too long or has a forbidden character
 */
export function checkGroup(group: string): void {
  checkName("group", group, GROUP_CHARS_MAX);
}

/**
 * @param topic a topic that is about to be sent to
 * @throws {ClientError} NAME_ILLEGAL when it is unusable or one of the topics only the broker writes
 */
export function checkSendTopic(topic: string): void {
  checkTopic(topic);
  if (SEND_FORBIDDEN.has(topic)) {
    throw new ClientError("NAME_ILLEGAL", `Cannot send to topic "${topic}": only the broker writes it`);
  }
}

function checkName(what: string, name: string, charsMax: number): void {
  if (typeof name !== "string") {
    throw new ClientError("NAME_ILLEGAL", `Cannot use ${what} ${String(name)}: it is no text`);
  }
  if (name.trim().length === 0) throw new ClientError("NAME_ILLEGAL", `Cannot use ${what} "${name}": it is blank`);
  if (name.length > charsMax) {
    throw new ClientError(
      "NAME_ILLEGAL",
      `Cannot use ${what} "${name}": it has ${name.length} characters, limit is ${charsMax}`,
    );
  }
  if (!ALLOWED.test(name)) {
    throw new ClientError(
      "NAME_ILLEGAL",
      `Cannot use ${what} "${name}": only %, |, letters, digits, _ and - may be used`,
    );
  }
}

/**
 * @param group consumer group
 * @returns its retry topic
 */
export function retryTopicOf(group: string): string {
  return RETRY_PREFIX + group;
}

/**
 * Puts a namespace before a topic or group, behind a retry or dead-letter prefix; system names and names that have it stay.
 * Source: apache/rocketmq remoting/protocol/NamespaceUtil.java wrapNamespace
 *
 * @param namespace namespace, may be empty
 * @param name topic or group
 * @returns the name the broker knows
 */
export function wrapNamespace(namespace: string, name: string): string {
  if (namespace.length === 0 || name.length === 0) return name;
  const { prefix, rest } = splitPrefix(name);
  if (
    SYSTEM_TOPICS.has(rest) || SYSTEM_GROUPS.has(rest) || rest.startsWith("CID_RMQ_SYS_") || rest.startsWith("rmq_sys_")
  ) {
    return name;
  }
  return rest.startsWith(`${namespace}%`) ? name : `${prefix}${namespace}%${rest}`;
}

/**
 * Takes the namespace off again.
 * Source: apache/rocketmq remoting/protocol/NamespaceUtil.java withoutNamespace
 *
 * @param namespace namespace, may be empty
 * @param name topic or group as the broker knows it
 * @returns the name the application used
 */
export function unwrapNamespace(namespace: string, name: string): string {
  if (namespace.length === 0) return name;
  const { prefix, rest } = splitPrefix(name);
  return rest.startsWith(`${namespace}%`) ? prefix + rest.slice(namespace.length + 1) : name;
}

function splitPrefix(name: string): { prefix: string; rest: string } {
  for (const prefix of [RETRY_PREFIX, DLQ_PREFIX]) {
    if (name.startsWith(prefix)) return { prefix, rest: name.slice(prefix.length) };
  }
  return { prefix: "", rest: name };
}

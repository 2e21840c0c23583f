/**
 * Names of topics and groups: which are valid, which belong to the system.
 *
 * Owns: the rules and their remark texts, the set of system topics of one broker.
 * Reads: nothing.
 * Never: decides what happens to a name; callers map a remark to a response code.
 */

/** Longest name of an ordinary topic, characters. Source: apache/rocketmq common TopicValidator TOPIC_MAX_LENGTH */
export const TOPIC_LENGTH_MAX = 127;

/** Longest name of a retry or dead-letter topic, characters. Source: apache/rocketmq common TopicValidator RETRY_OR_DLQ_TOPIC_MAX_LENGTH */
export const RETRY_TOPIC_LENGTH_MAX = 255;

/** Longest name of a group, characters. Source: apache/rocketmq common TopicValidator GROUP_MAX_LENGTH */
export const GROUP_LENGTH_MAX = 120;

/** Prefix of the retry topic of a group. Source: apache/rocketmq common MixAll RETRY_GROUP_TOPIC_PREFIX */
export const RETRY_TOPIC_PREFIX = "%RETRY%";

/** Prefix of the dead-letter topic of a group. Source: apache/rocketmq common MixAll DLQ_GROUP_TOPIC_PREFIX */
export const DLQ_TOPIC_PREFIX = "%DLQ%";

/** Prefix of names that are always system topics. Source: apache/rocketmq common TopicValidator SYSTEM_TOPIC_PREFIX */
export const SYSTEM_TOPIC_PREFIX = "rmq_sys_";

/** Topic whose permissions new topics inherit. Source: apache/rocketmq common TopicValidator AUTO_CREATE_TOPIC_KEY_TOPIC */
export const AUTO_CREATE_TOPIC = "TBW102";

/** Prefix of consumer groups of the system. Source: apache/rocketmq common MixAll CID_RMQ_SYS_PREFIX */
export const SYSTEM_GROUP_PREFIX = "CID_RMQ_SYS_";

/** System topics that exist by name on every broker. Source: apache/rocketmq common TopicValidator SYSTEM_TOPIC_SET and recorded answers of 5.4.0 */
const SYSTEM_TOPICS: readonly string[] = [
  AUTO_CREATE_TOPIC,
  "SCHEDULE_TOPIC_XXXX",
  "BenchmarkTest",
  "RMQ_SYS_TRANS_HALF_TOPIC",
  "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC",
  "RMQ_SYS_TRACE_TOPIC",
  "RMQ_SYS_TRANS_OP_HALF_TOPIC",
  "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT",
  "CHECKPOINT_TOPIC",
];

const ALLOWED = /^[%|a-zA-Z0-9_-]+$/;
const ALLOWED_TEXT = "^[%|a-zA-Z0-9_-]+$";

/** Retry topic of a group. */
export function retryTopicOf(group: string): string {
  return RETRY_TOPIC_PREFIX + group;
}

/**
 * Checks a topic name.
 *
 * @returns undefined when valid, else the remark that RocketMQ answers with code 29
 * Source: apache/rocketmq common TopicValidator.validateTopic
 */
export function topicNameFault(topic: string | undefined): string | undefined {
  if (topic === undefined || topic.trim() === "") return "The specified topic is blank.";
  if (!ALLOWED.test(topic)) {
    return `The specified topic: ${topic}, contains illegal characters, allowing only ${ALLOWED_TEXT}`;
  }
  if (topic.startsWith(RETRY_TOPIC_PREFIX) || topic.startsWith(DLQ_TOPIC_PREFIX)) {
    if (topic.length <= RETRY_TOPIC_LENGTH_MAX) return undefined;
    return `The specified topic is DLQ or Retry topic: ${topic}, and it's longer than topic max length: ${RETRY_TOPIC_LENGTH_MAX}`;
  }
  if (topic.length <= TOPIC_LENGTH_MAX) return undefined;
  return `The specified topic: ${topic}, is longer than topic max length: ${TOPIC_LENGTH_MAX}`;
}

/**
 * Checks a group name.
 *
 * @returns undefined when valid, else the remark that RocketMQ answers with code 29
 * Source: apache/rocketmq common TopicValidator.validateGroup
 */
export function groupNameFault(group: string | undefined): string | undefined {
  if (group === undefined || group.trim() === "") return "The specified group is blank.";
  if (!ALLOWED.test(group)) {
    return `The specified group: ${group}, contains illegal characters, allowing only ${ALLOWED_TEXT}`;
  }
  if (group.length <= GROUP_LENGTH_MAX) return undefined;
  return `The specified group: ${group}, is longer than group max length: ${GROUP_LENGTH_MAX}`;
}

/** The system topics of one broker: the fixed ones and those named after its cluster and itself. */
export class SystemTopics {
  readonly #names = new Set<string>(SYSTEM_TOPICS);

  /** Makes a name a system topic. */
  add(topic: string): void {
    this.#names.add(topic);
  }

  /** Whether a topic belongs to the system. */
  has(topic: string): boolean {
    return this.#names.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX);
  }

  /** All names, for request 305. */
  names(): string[] {
    return [...this.#names];
  }
}

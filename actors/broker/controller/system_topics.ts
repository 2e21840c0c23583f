/**
 * The topics that exist on every broker from its start.
 *
 * Owns: their names, queue counts and permissions.
 * Reads: configuration.
 * Never: overrides what topics.json says of them.
 */
import type { TopicConfig } from "../../../protocol/topic_config.ts";
import { AUTO_CREATE_TOPIC, SYSTEM_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { topicConfigOf } from "../../../store/topic_table.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import type { BrokerValues } from "../broker_configuration.ts";

/** Queues of the topic that measures sends. Source: apache/rocketmq broker TopicConfigManager.init */
const BENCHMARK_QUEUES = 1024;
/** Queues of the delay topic, one for each level. Source: apache/rocketmq broker TopicConfigManager SCHEDULE_TOPIC_QUEUE_NUM */
const SCHEDULE_QUEUES = 18;
/** Queues of the topic named like the cluster: the default of a topic. Source: apache/rocketmq common TopicConfig defaultReadQueueNums */
const CLUSTER_QUEUES = 16;

const READ_WRITE = TopicPerm.Read | TopicPerm.Write;

/**
 * The topics of a broker with this configuration, in RocketMQ's order.
 * Source: apache/rocketmq broker TopicConfigManager.init; the two ROCKSDB topics were recorded from 5.4.0
 */
export function systemTopicsOf(values: BrokerValues): TopicConfig[] {
  const { brokerClusterName: cluster, brokerName } = values;
  const inherited = (enabled: boolean): number => TopicPerm.Inherit | (enabled ? READ_WRITE : 0);
  const configs = [
    topicConfigOf("SELF_TEST_TOPIC", 1, READ_WRITE),
    topicConfigOf("BenchmarkTest", BENCHMARK_QUEUES, READ_WRITE),
    topicConfigOf(cluster, CLUSTER_QUEUES, inherited(values.clusterTopicEnable)),
    topicConfigOf(brokerName, 1, inherited(values.brokerTopicEnable)),
    topicConfigOf("OFFSET_MOVED_EVENT", 1, READ_WRITE),
    topicConfigOf("SCHEDULE_TOPIC_XXXX", SCHEDULE_QUEUES, READ_WRITE),
    topicConfigOf(`${cluster}_REPLY_TOPIC`, 1, READ_WRITE),
    topicConfigOf(`${SYSTEM_TOPIC_PREFIX}REVIVE_LOG_${cluster}`, values.reviveQueueNum, READ_WRITE),
    topicConfigOf(`${SYSTEM_TOPIC_PREFIX}SYNC_BROKER_MEMBER_${brokerName}`, 1, TopicPerm.Inherit),
    topicConfigOf("RMQ_SYS_TRANS_HALF_TOPIC", 1, READ_WRITE),
    topicConfigOf("RMQ_SYS_TRANS_OP_HALF_TOPIC", 1, READ_WRITE),
    topicConfigOf("RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC", 1, READ_WRITE),
    topicConfigOf("RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC", 1, READ_WRITE),
  ];
  if (values.autoCreateTopicEnable) {
    configs.splice(1, 0, topicConfigOf(AUTO_CREATE_TOPIC, values.defaultTopicQueueNums, inherited(true)));
  }
  if (values.traceTopicEnable) configs.push(topicConfigOf(values.msgTraceTopicName, 1, READ_WRITE));
  if (values.timerWheelEnable) configs.push(topicConfigOf(`${SYSTEM_TOPIC_PREFIX}wheel_timer`, 1, READ_WRITE));
  return configs;
}

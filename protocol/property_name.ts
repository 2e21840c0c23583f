/**
 * Names of the message properties that RocketMQ itself gives a meaning.
 *
 * Owns the names. Source: apache/rocketmq common/message/MessageConst.java MessageConst.
 *
 * @module
 */

/** Every name, by RocketMQ's constant without its `PROPERTY_`. Source: apache/rocketmq common/message/MessageConst.java MessageConst. */
export const PropertyName = {
  /** Index keys, separated by spaces. */
  KEYS: "KEYS",
  /** Tag. */
  TAGS: "TAGS",
  /** "false": answer without waiting for flush and slaves. */
  WAIT_STORE_MSG_OK: "WAIT",
  /** Delay level, 1 to 18 by default. */
  DELAY_TIME_LEVEL: "DELAY",
  /** Topic that a retried message came from. */
  RETRY_TOPIC: "RETRY_TOPIC",
  /** Topic a redirected message is for. */
  REAL_TOPIC: "REAL_TOPIC",
  /** Queue a redirected message is for. */
  REAL_QUEUE_ID: "REAL_QID",
  /** "true": a half message. */
  TRANSACTION_PREPARED: "TRAN_MSG",
  /** Producer group that is asked about the transaction. */
  PRODUCER_GROUP: "PGROUP",
  /** Smallest offset of the queue; added by the client that pulled. */
  MIN_OFFSET: "MIN_OFFSET",
  /** Largest offset of the queue; added by the client that pulled. */
  MAX_OFFSET: "MAX_OFFSET",
  /** Buyer. */
  BUYER_ID: "BUYER_ID",
  /** Offset message id of the first try. */
  ORIGIN_MESSAGE_ID: "ORIGIN_MESSAGE_ID",
  /** Transfer mark. */
  TRANSFER_FLAG: "TRANSFER_FLAG",
  /** Correction mark. */
  CORRECTION_FLAG: "CORRECTION_FLAG",
  /** Mark of MetaQ 2. */
  MQ2_FLAG: "MQ2_FLAG",
  /** How often the message was sent back. */
  RECONSUME_TIME: "RECONSUME_TIME",
  /** Region of the broker. */
  MSG_REGION: "MSG_REGION",
  /** Whether the broker wants traces. */
  TRACE_SWITCH: "TRACE_ON",
  /** Unique id, made by the producer. */
  UNIQ_CLIENT_MESSAGE_ID_KEYIDX: "UNIQ_KEY",
  /** Addition to the unique id. */
  EXTEND_UNIQ_INFO: "EXTEND_UNIQ_INFO",
  /** How often the message may be sent back. */
  MAX_RECONSUME_TIMES: "MAX_RECONSUME_TIMES",
  /** When consumption began, ms. */
  CONSUME_START_TIMESTAMP: "CONSUME_START_TIME",
  /** Messages in an inner batch. */
  INNER_NUM: "INNER_NUM",
  /** Base offset of an inner batch. */
  INNER_BASE: "INNER_BASE",
  /** Mark of a duplicate. */
  DUP_INFO: "DUP_INFO",
  /** How long a half message is left alone, seconds. */
  CHECK_IMMUNITY_TIME_IN_SECONDS: "CHECK_IMMUNITY_TIME_IN_SECONDS",
  /** Queue offset of the half message that this one renews. */
  TRANSACTION_PREPARED_QUEUE_OFFSET: "TRAN_PREPARED_QUEUE_OFFSET",
  /** Transaction id. */
  TRANSACTION_ID: "__transactionId__",
  /** How often the producer was asked. */
  TRANSACTION_CHECK_TIMES: "TRANSACTION_CHECK_TIMES",
  /** Namespace. */
  INSTANCE_ID: "INSTANCE_ID",
  /** Joins a reply with its request. */
  CORRELATION_ID: "CORRELATION_ID",
  /** Client id that waits for the reply. */
  MESSAGE_REPLY_TO_CLIENT: "REPLY_TO_CLIENT",
  /** How long the requester waits, ms. */
  MESSAGE_TTL: "TTL",
  /** When the reply reached the client, ms. */
  REPLY_MESSAGE_ARRIVE_TIME: "ARRIVE_TIME",
  /** When the broker pushed the reply, ms. */
  PUSH_REPLY_TIME: "PUSH_REPLY_TIME",
  /** Cluster of the broker that stored the message. */
  CLUSTER: "CLUSTER",
  /** "reply" for a reply. */
  MESSAGE_TYPE: "MSG_TYPE",
  /** Check point of a pop. */
  POP_CK: "POP_CK",
  /** Offset of the check point. */
  POP_CK_OFFSET: "POP_CK_OFFSET",
  /** When the message was popped first, ms. */
  FIRST_POP_TIME: "1ST_POP_TIME",
  /** Sharding key of an ordered message. */
  SHARDING_KEY: "__SHARDINGKEY",
  /** Queue the message was forwarded from. */
  FORWARD_QUEUE_ID: "PROPERTY_FORWARD_QUEUE_ID",
  /** Redirection mark. */
  REDIRECT: "REDIRECT",
  /** Further queues that hold the message. */
  INNER_MULTI_DISPATCH: "INNER_MULTI_DISPATCH",
  /** Offsets in these queues. */
  INNER_MULTI_QUEUE_OFFSET: "INNER_MULTI_QUEUE_OFFSET",
  /** Trace context. */
  TRACE_CONTEXT: "TRACE_CONTEXT",
  /** Delay, seconds. */
  TIMER_DELAY_SEC: "TIMER_DELAY_SEC",
  /** Delivery time, ms. */
  TIMER_DELIVER_MS: "TIMER_DELIVER_MS",
  /** Born host of a forwarded message. */
  BORN_HOST: "__BORNHOST",
  /** Born time of a forwarded message, ms. */
  BORN_TIMESTAMP: "BORN_TIMESTAMP",
  /** Prefix of properties that are not stored. */
  TRANSIENT_PREFIX: "__RMQ.TRANSIENT.",
  /** When the message entered the timer wheel, ms. */
  TIMER_ENQUEUE_MS: "TIMER_ENQUEUE_MS",
  /** When it left the wheel, ms. */
  TIMER_DEQUEUE_MS: "TIMER_DEQUEUE_MS",
  /** How often it was rolled to a later slot. */
  TIMER_ROLL_TIMES: "TIMER_ROLL_TIMES",
  /** When it is due, ms. */
  TIMER_OUT_MS: "TIMER_OUT_MS",
  /** Unique id of a timer message that is recalled. */
  TIMER_DEL_UNIQKEY: "TIMER_DEL_UNIQKEY",
  /** Delay level turned into a timer. */
  TIMER_DELAY_LEVEL: "TIMER_DELAY_LEVEL",
  /** Delay, ms. */
  TIMER_DELAY_MS: "TIMER_DELAY_MS",
  /** Sum over the record. */
  CRC32: "__CRC32#",
  /** Topic that a dead letter came from. */
  DLQ_ORIGIN_TOPIC: "DLQ_ORIGIN_TOPIC",
  /** Offset message id that a dead letter came from. */
  DLQ_ORIGIN_MESSAGE_ID: "DLQ_ORIGIN_MESSAGE_ID",
} as const;

/** Between the words of KEYS. Source: apache/rocketmq common/message/MessageConst.java KEY_SEPARATOR. */
export const KEY_SEPARATOR = " ";

/**
 * Request codes of RocketMQ's remoting protocol: the closed list that a header's `code` is taken from.
 *
 * Owns the numbers and nothing else: which role answers a code is in `command_table.ts`, its fields are in `commands/`.
 * Codes above 32767 do not fit the ROCKETMQ binary header, which has 16 bits for them; they travel in JSON headers only.
 *
 * Source: apache/rocketmq remoting/protocol/RequestCode.java (5.4.0); 50–54 as in 4.9.8; 1014–1018 controller/impl/task.
 *
 * @module
 */

/** Every request code by RocketMQ's name. Source: apache/rocketmq remoting/protocol/RequestCode.java RequestCode. */
export const RequestCode = {
  /** Produce one message (long field names). Old clients and broker-internal forwards. */
  SEND_MESSAGE: 10,
  /** Pull from a queue offset, long-polling; also commits the offset when sysFlag bit 0 is set. */
  PULL_MESSAGE: 11,
  /** Index lookup by topic + key (KEYS token or uniq key; ext field _UNIQUE_KEY_QUERY=true marks uniq-key search). */
  QUERY_MESSAGE: 12,
  /** Reserved, no handler. */
  QUERY_BROKER_OFFSET: 13,
  /** Read a group offset of a queue. */
  QUERY_CONSUMER_OFFSET: 14,
  /** Commit a group offset (usually one-way). */
  UPDATE_CONSUMER_OFFSET: 15,
  /** Create or change a topic. */
  UPDATE_AND_CREATE_TOPIC: 17,
  /** Create or change many topics in one call. */
  UPDATE_AND_CREATE_TOPIC_LIST: 18,
  /** Whole topic table (slave sync, exporters, dashboard). */
  GET_ALL_TOPIC_CONFIG: 21,
  /** Reserved. */
  GET_TOPIC_CONFIG_LIST: 22,
  /** Reserved. */
  GET_TOPIC_NAME_LIST: 23,
  /** Change broker properties at run time and persist them (also served by container). */
  UPDATE_BROKER_CONFIG: 25,
  /** Read broker properties (response ext version = data version string). */
  GET_BROKER_CONFIG: 26,
  /** Reserved. */
  TRIGGER_DELETE_FILES: 27,
  /** Key/value runtime statistics (§2.5). */
  GET_BROKER_RUNTIME_INFO: 28,
  /** Queue offset for a store time. */
  SEARCH_OFFSET_BY_TIMESTAMP: 29,
  /** Max (next) offset of a queue. */
  GET_MAX_OFFSET: 30,
  /** Min offset of a queue. */
  GET_MIN_OFFSET: 31,
  /** Store time of the first message of a queue. */
  GET_EARLIEST_MSG_STORETIME: 32,
  /** Fetch one message by commit-log offset. */
  VIEW_MESSAGE_BY_ID: 33,
  /** Register the channel as producer/consumer, subscriptions. */
  HEART_BEAT: 34,
  /** Remove client from a producer and/or consumer group. */
  UNREGISTER_CLIENT: 35,
  /** Move a failed message to retry topic/DLQ. */
  CONSUMER_SEND_MSG_BACK: 36,
  /** Commit/rollback a half message (one-way). */
  END_TRANSACTION: 37,
  /** Client ids of a group (rebalance). */
  GET_CONSUMER_LIST_BY_GROUP: 38,
  /** Broker asks producer for transaction outcome (one-way). */
  CHECK_TRANSACTION_STATE: 39,
  /** Broker tells group members to rebalance (one-way). */
  NOTIFY_CONSUMER_IDS_CHANGED: 40,
  /** Lock queues for orderly consumption. */
  LOCK_BATCH_MQ: 41,
  /** Release queue locks (one-way or sync). */
  UNLOCK_BATCH_MQ: 42,
  /** Slave sync of all group offsets. */
  GET_ALL_CONSUMER_OFFSET: 43,
  /** Slave sync of delay-level offsets. */
  GET_ALL_DELAY_OFFSET: 45,
  /** Validate a subscription expression (SQL92) before start. */
  CHECK_CLIENT_CONFIG: 46,
  /** Reserved. */
  GET_CLIENT_CONFIG: 47,
  /** ACL 1.0 account update. */
  UPDATE_AND_CREATE_ACL_CONFIG: 50,
  /** ACL 1.0 account delete. */
  DELETE_ACL_CONFIG: 51,
  /** ACL 1.0 data version. */
  GET_BROKER_CLUSTER_ACL_INFO: 52,
  /** ACL 1.0 global white list. */
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: 53,
  /** ACL 1.0 full config (removed from server early). */
  GET_BROKER_CLUSTER_ACL_CONFIG: 54,
  /** Slave sync of timer checkpoint (56-byte body). */
  GET_TIMER_CHECK_POINT: 60,
  /** Slave sync of timer metrics. */
  GET_TIMER_METRICS: 61,
  /** Set namespaced KV. */
  PUT_KV_CONFIG: 100,
  /** Read namespaced KV (22 when missing). */
  GET_KV_CONFIG: 101,
  /** Delete namespaced KV. */
  DELETE_KV_CONFIG: 102,
  /** Broker registration/heartbeat with topic table. */
  REGISTER_BROKER: 103,
  /** Remove broker. */
  UNREGISTER_BROKER: 104,
  /** Topic route; 17 when unknown. The 5.x proxy remoting port also serves it. */
  GET_ROUTEINFO_BY_TOPIC: 105,
  /** Cluster → brokers → addresses. */
  GET_BROKER_CLUSTER_INFO: 106,
  /** Create or change a consumer group. */
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: 200,
  /** All groups (slave sync, dashboard). */
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG: 201,
  /** Min/max/last time for each queue. */
  GET_TOPIC_STATS_INFO: 202,
  /** Connections and subscriptions of a group (206 when offline). */
  GET_CONSUMER_CONNECTION_LIST: 203,
  /** Connections of a producer group. */
  GET_PRODUCER_CONNECTION_LIST: 204,
  /** Clear the write bit of all topics of a broker in routes. */
  WIPE_WRITE_PERM_OF_BROKER: 205,
  /** All topic names. */
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER: 206,
  /** Delete a consumer group (optionally its offsets). */
  DELETE_SUBSCRIPTIONGROUP: 207,
  /** Broker vs consumer offset per queue. */
  GET_CONSUME_STATS: 208,
  /** Reserved. */
  SUSPEND_CONSUMER: 209,
  /** Reserved. */
  RESUME_CONSUMER: 210,
  /** Reserved. */
  RESET_CONSUMER_OFFSET_IN_CONSUMER: 211,
  /** Reserved. */
  RESET_CONSUMER_OFFSET_IN_BROKER: 212,
  /** Reserved. */
  ADJUST_CONSUMER_THREAD_POOL: 213,
  /** Reserved. */
  WHO_CONSUME_THE_MESSAGE: 214,
  /** Delete topic on the broker (and pop-retry topics in 5.x). */
  DELETE_TOPIC_IN_BROKER: 215,
  /** Delete topic route (optionally for one cluster). */
  DELETE_TOPIC_IN_NAMESRV: 216,
  /** Register a topic route directly (5.x). */
  REGISTER_TOPIC_IN_NAMESRV: 217,
  /** All KV of a namespace. */
  GET_KVLIST_BY_NAMESPACE: 219,
  /** Broker pushes new offsets to consumers (one-way). */
  RESET_CONSUMER_CLIENT_OFFSET: 220,
  /** Ask client for its offset table. */
  GET_CONSUMER_STATUS_FROM_CLIENT: 221,
  /** Reset group offsets by time (server-side or via 220). */
  INVOKE_BROKER_TO_RESET_OFFSET: 222,
  /** Fan out 221 to clients. */
  INVOKE_BROKER_TO_GET_CONSUMER_STATUS: 223,
  /** Topics of a cluster. */
  GET_TOPICS_BY_CLUSTER: 224,
  /** Same for a list. */
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST: 225,
  /** Groups that consume a topic. */
  QUERY_TOPIC_CONSUME_BY_WHO: 300,
  /** Filter server registration (4.x only). */
  REGISTER_FILTER_SERVER: 301,
  /** Class filter upload (filter server, removed). */
  REGISTER_MESSAGE_FILTER_CLASS: 302,
  /** Min/max/consume time per queue. */
  QUERY_CONSUME_TIME_SPAN: 303,
  /** Cluster and broker names as system topics. */
  GET_SYSTEM_TOPIC_LIST_FROM_NS: 304,
  /** System topic set of broker. */
  GET_SYSTEM_TOPIC_LIST_FROM_BROKER: 305,
  /** Delete consume queues without live data. */
  CLEAN_EXPIRED_CONSUMEQUEUE: 306,
  /** Full consumer state, optional jstack; broker forwards to the client. */
  GET_CONSUMER_RUNNING_INFO: 307,
  /** Correction offsets across groups. */
  QUERY_CORRECTION_OFFSET: 308,
  /** Push one message to one client and return the result. */
  CONSUME_MESSAGE_DIRECTLY: 309,
  /** Produce one message, one-letter field names. */
  SEND_MESSAGE_V2: 310,
  /** Topics with the unit flag. */
  GET_UNIT_TOPIC_LIST: 311,
  /** Topics with the unit-sub flag. */
  GET_HAS_UNIT_SUB_TOPIC_LIST: 312,
  /** Unit-sub but not unit. */
  GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: 313,
  /** Copy offsets between groups. */
  CLONE_GROUP_OFFSET: 314,
  /** One statistics item (§2.6). */
  VIEW_BROKER_STATS_DATA: 315,
  /** Delete consume queues of unknown topics. */
  CLEAN_UNUSED_TOPIC: 316,
  /** Consume stats for all groups. */
  GET_BROKER_CONSUME_STATS: 317,
  /** Change name-server properties. */
  UPDATE_NAMESRV_CONFIG: 318,
  /** Read name-server properties. */
  GET_NAMESRV_CONFIG: 319,
  /** Produce a batch (V2 names). */
  SEND_BATCH_MESSAGE: 320,
  /** Dump consume-queue entries. */
  QUERY_CONSUME_QUEUE: 321,
  /** Compare broker DataVersion. */
  QUERY_DATA_VERSION: 322,
  /** Re-put a half message with its check count reset. */
  RESUME_CHECK_HALF_MESSAGE: 323,
  /** Reply of request-reply (long names). */
  SEND_REPLY_MESSAGE: 324,
  /** Reply of request-reply (V2 names). */
  SEND_REPLY_MESSAGE_V2: 325,
  /** Broker pushes reply to requester (answer expected). */
  PUSH_REPLY_MESSAGE_TO_CLIENT: 326,
  /** Restore write (sets perm 6). */
  ADD_WRITE_PERM_OF_BROKER: 327,
  /** All producer groups and clients. */
  GET_ALL_PRODUCER_INFO: 328,
  /** Trigger commit-log clean now. */
  DELETE_EXPIRED_COMMITLOG: 329,
  /** Topics known for a group. */
  QUERY_TOPICS_BY_CONSUMER: 343,
  /** Subscription data of group+topic. */
  QUERY_SUBSCRIPTION_BY_CONSUMER: 345,
  /** One topic config (+ mapping). */
  GET_TOPIC_CONFIG: 351,
  /** One group config. */
  GET_SUBSCRIPTIONGROUP_CONFIG: 352,
  /** Set/read read-forbidden flag of group+topic. */
  UPDATE_AND_GET_GROUP_FORBIDDEN: 353,
  /** Compare file CQ with RocksDB CQ. */
  CHECK_ROCKSDB_CQ_WRITE_PROGRESS: 354,
  /** Write RocksDB metadata to JSON files. */
  EXPORT_ROCKSDB_CONFIG_TO_JSON: 355,
  /** Same as 11, separate pool/queue; used by the lite pull consumer. */
  LITE_PULL_MESSAGE: 361,
  /** Cancel a timed message by handle. */
  RECALL_MESSAGE: 370,
  /** Server-side allocation (pop, 5.x push). */
  QUERY_ASSIGNMENT: 400,
  /** Set PULL/POP mode for topic+group. */
  SET_MESSAGE_REQUEST_MODE: 401,
  /** Slave sync of request modes. */
  GET_ALL_MESSAGE_REQUEST_MODE: 402,
  /** Create/update static topic mapping. */
  UPDATE_AND_CREATE_STATIC_TOPIC: 513,
  /** All members of a broker group. */
  GET_BROKER_MEMBER_GROUP: 901,
  /** Add a broker to a container. */
  ADD_BROKER: 902,
  /** Remove a broker from a container. */
  REMOVE_BROKER: 903,
  /** Light broker heartbeat. */
  BROKER_HEARTBEAT: 904,
  /** Name server tells members that the lowest live id changed. */
  NOTIFY_MIN_BROKER_ID_CHANGE: 905,
  /** Members exchange HA address, flush offset. */
  EXCHANGE_BROKER_HA_INFO: 906,
  /** HA runtime info. */
  GET_BROKER_HA_STATUS: 907,
  /** Set master-flushed offset on slaves. */
  RESET_MASTER_FLUSH_OFFSET: 908,
  /** Master proposes the in-sync set. */
  CONTROLLER_ALTER_SYNC_STATE_SET: 1001,
  /** Elect master. */
  CONTROLLER_ELECT_MASTER: 1002,
  /** Register a replica. */
  CONTROLLER_REGISTER_BROKER: 1003,
  /** Master and sync set of a broker name. */
  CONTROLLER_GET_REPLICA_INFO: 1004,
  /** Leader and peers. */
  CONTROLLER_GET_METADATA_INFO: 1005,
  /** In-sync info for several broker names. */
  CONTROLLER_GET_SYNC_STATE_DATA: 1006,
  /** Epoch table of broker. */
  GET_BROKER_EPOCH_CACHE: 1007,
  /** Controller tells brokers the new role. */
  NOTIFY_BROKER_ROLE_CHANGED: 1008,
  /** Change controller properties. */
  UPDATE_CONTROLLER_CONFIG: 1009,
  /** Read controller properties. */
  GET_CONTROLLER_CONFIG: 1010,
  /** Forget broker metadata. */
  CLEAN_BROKER_DATA: 1011,
  /** Next free id. */
  CONTROLLER_GET_NEXT_BROKER_ID: 1012,
  /** Claim an id. */
  CONTROLLER_APPLY_BROKER_ID: 1013,
  /** Raft-internal: channel closed. */
  BROKER_CLOSE_CHANNEL_REQUEST: 1014,
  /** Raft-internal: scan for inactive brokers. */
  CHECK_NOT_ACTIVE_BROKER_REQUEST: 1015,
  /** Raft-internal: broker live info. */
  GET_BROKER_LIVE_INFO_REQUEST: 1016,
  /** Raft-internal: sync-state data. */
  GET_SYNC_STATE_DATA_REQUEST: 1017,
  /** Raft-internal: heartbeat event. */
  RAFT_BROKER_HEART_BEAT_EVENT_REQUEST: 1018,
  /** Cold-read thresholds. */
  UPDATE_COLD_DATA_FLOW_CTR_CONFIG: 2001,
  /** Remove threshold. */
  REMOVE_COLD_DATA_FLOW_CTR_CONFIG: 2002,
  /** Cold-read state. */
  GET_COLD_DATA_FLOW_CTR_INFO: 2003,
  /** Madvise mode of commit log (ext READ_AHEAD_MODE). */
  SET_COMMITLOG_READ_MODE: 2004,
  /** ACL 2.0: Create user. */
  AUTH_CREATE_USER: 3001,
  /** ACL 2.0: Update user. */
  AUTH_UPDATE_USER: 3002,
  /** ACL 2.0: Delete user. */
  AUTH_DELETE_USER: 3003,
  /** ACL 2.0: Read user. */
  AUTH_GET_USER: 3004,
  /** ACL 2.0: List users. */
  AUTH_LIST_USER: 3005,
  /** ACL 2.0: Create ACL. */
  AUTH_CREATE_ACL: 3006,
  /** ACL 2.0: Update ACL. */
  AUTH_UPDATE_ACL: 3007,
  /** ACL 2.0: Delete ACL or one resource. */
  AUTH_DELETE_ACL: 3008,
  /** ACL 2.0: Read ACL of a subject. */
  AUTH_GET_ACL: 3009,
  /** ACL 2.0: List ACLs. */
  AUTH_LIST_ACL: 3010,
  /** Switch the engine that stores delayed messages. */
  SWITCH_TIMER_ENGINE: 5001,
  /** Server-balanced consume with invisibility. */
  POP_MESSAGE: 200050,
  /** Ack one popped message. */
  ACK_MESSAGE: 200051,
  /** Read without consuming (pop lag calculation). */
  PEEK_MESSAGE: 200052,
  /** Extend/shorten invisibility of a popped message. */
  CHANGE_MESSAGE_INVISIBLETIME: 200053,
  /** Long-poll "is there a message" probe (proxy/pop). */
  NOTIFICATION: 200054,
  /** Count of parked pop polls. */
  POLLING_INFO: 200055,
  /** Export pop KV records back to file-store records (migration). */
  POP_ROLLBACK: 200056,
  /** Ack many popped messages. */
  BATCH_ACK_MESSAGE: 200151,
} as const;

/** One of the numbers of {@linkcode RequestCode}. */
export type RequestCode = typeof RequestCode[keyof typeof RequestCode];

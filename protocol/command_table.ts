/**
 * The command table: one row for each request code with its name and the plane that serves it.
 *
 * Owns the answer to "who serves this code"; reads the numbers from `request_code.ts`. A role looks a code up once and
 * dispatches; a code without a row, and a row of plane `none`, is answered REQUEST_CODE_NOT_SUPPORTED.
 *
 * @module
 */
import { RequestCode } from "./request_code.ts";

/**
 * Who serves a command.
 *
 * - `data`: the broker's gateways, on the way of messages (send, pull, pop, query, transactions).
 * - `control`: the broker's state that clients live on (heartbeats, offsets, queue locks, assignment).
 * - `admin`: the broker's state as the tools see it.
 * - `name-server`, `controller`: the servers of that name.
 * - `client`: a client answers; the broker asks.
 * - `none`: the code is reserved, or belongs to a role that does not exist here.
 */
export type CommandPlane = "data" | "control" | "admin" | "name-server" | "client" | "controller" | "none";

/** One row of {@linkcode COMMANDS}. */
export interface CommandRow {
  /** Request code. */
  readonly code: RequestCode;
  /** RocketMQ's name of the code. */
  readonly name: keyof typeof RequestCode;
  /** Who serves it. */
  readonly plane: CommandPlane;
}

const PLANES: Record<CommandPlane, readonly (keyof typeof RequestCode)[]> = {
  data: [
    "SEND_MESSAGE",
    "PULL_MESSAGE",
    "QUERY_MESSAGE",
    "VIEW_MESSAGE_BY_ID",
    "CONSUMER_SEND_MSG_BACK",
    "END_TRANSACTION",
    "SEND_MESSAGE_V2",
    "SEND_BATCH_MESSAGE",
    "SEND_REPLY_MESSAGE",
    "SEND_REPLY_MESSAGE_V2",
    "LITE_PULL_MESSAGE",
    "RECALL_MESSAGE",
    "POP_MESSAGE",
    "ACK_MESSAGE",
    "PEEK_MESSAGE",
    "CHANGE_MESSAGE_INVISIBLETIME",
    "NOTIFICATION",
    "POLLING_INFO",
    "BATCH_ACK_MESSAGE",
  ],
  control: [
    "QUERY_CONSUMER_OFFSET",
    "UPDATE_CONSUMER_OFFSET",
    "SEARCH_OFFSET_BY_TIMESTAMP",
    "GET_MAX_OFFSET",
    "GET_MIN_OFFSET",
    "GET_EARLIEST_MSG_STORETIME",
    "HEART_BEAT",
    "UNREGISTER_CLIENT",
    "GET_CONSUMER_LIST_BY_GROUP",
    "LOCK_BATCH_MQ",
    "UNLOCK_BATCH_MQ",
    "CHECK_CLIENT_CONFIG",
    "QUERY_ASSIGNMENT",
    "SET_MESSAGE_REQUEST_MODE",
    "GET_ALL_MESSAGE_REQUEST_MODE",
  ],
  admin: [
    "UPDATE_AND_CREATE_TOPIC",
    "UPDATE_AND_CREATE_TOPIC_LIST",
    "GET_ALL_TOPIC_CONFIG",
    "UPDATE_BROKER_CONFIG",
    "GET_BROKER_CONFIG",
    "GET_BROKER_RUNTIME_INFO",
    "GET_ALL_CONSUMER_OFFSET",
    "GET_ALL_DELAY_OFFSET",
    "UPDATE_AND_CREATE_ACL_CONFIG",
    "DELETE_ACL_CONFIG",
    "GET_BROKER_CLUSTER_ACL_INFO",
    "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG",
    "GET_BROKER_CLUSTER_ACL_CONFIG",
    "GET_TIMER_CHECK_POINT",
    "GET_TIMER_METRICS",
    "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP",
    "GET_ALL_SUBSCRIPTIONGROUP_CONFIG",
    "GET_TOPIC_STATS_INFO",
    "GET_CONSUMER_CONNECTION_LIST",
    "GET_PRODUCER_CONNECTION_LIST",
    "DELETE_SUBSCRIPTIONGROUP",
    "GET_CONSUME_STATS",
    "DELETE_TOPIC_IN_BROKER",
    "INVOKE_BROKER_TO_RESET_OFFSET",
    "INVOKE_BROKER_TO_GET_CONSUMER_STATUS",
    "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST",
    "QUERY_TOPIC_CONSUME_BY_WHO",
    "QUERY_CONSUME_TIME_SPAN",
    "GET_SYSTEM_TOPIC_LIST_FROM_BROKER",
    "CLEAN_EXPIRED_CONSUMEQUEUE",
    "GET_CONSUMER_RUNNING_INFO",
    "QUERY_CORRECTION_OFFSET",
    "CONSUME_MESSAGE_DIRECTLY",
    "CLONE_GROUP_OFFSET",
    "VIEW_BROKER_STATS_DATA",
    "CLEAN_UNUSED_TOPIC",
    "GET_BROKER_CONSUME_STATS",
    "QUERY_CONSUME_QUEUE",
    "RESUME_CHECK_HALF_MESSAGE",
    "GET_ALL_PRODUCER_INFO",
    "DELETE_EXPIRED_COMMITLOG",
    "QUERY_TOPICS_BY_CONSUMER",
    "QUERY_SUBSCRIPTION_BY_CONSUMER",
    "GET_TOPIC_CONFIG",
    "GET_SUBSCRIPTIONGROUP_CONFIG",
    "UPDATE_AND_GET_GROUP_FORBIDDEN",
    "CHECK_ROCKSDB_CQ_WRITE_PROGRESS",
    "EXPORT_ROCKSDB_CONFIG_TO_JSON",
    "UPDATE_AND_CREATE_STATIC_TOPIC",
    "NOTIFY_MIN_BROKER_ID_CHANGE",
    "EXCHANGE_BROKER_HA_INFO",
    "GET_BROKER_HA_STATUS",
    "RESET_MASTER_FLUSH_OFFSET",
    "GET_BROKER_EPOCH_CACHE",
    "NOTIFY_BROKER_ROLE_CHANGED",
    "UPDATE_COLD_DATA_FLOW_CTR_CONFIG",
    "REMOVE_COLD_DATA_FLOW_CTR_CONFIG",
    "GET_COLD_DATA_FLOW_CTR_INFO",
    "SET_COMMITLOG_READ_MODE",
    "AUTH_CREATE_USER",
    "AUTH_UPDATE_USER",
    "AUTH_DELETE_USER",
    "AUTH_GET_USER",
    "AUTH_LIST_USER",
    "AUTH_CREATE_ACL",
    "AUTH_UPDATE_ACL",
    "AUTH_DELETE_ACL",
    "AUTH_GET_ACL",
    "AUTH_LIST_ACL",
    "SWITCH_TIMER_ENGINE",
    "POP_ROLLBACK",
  ],
  "name-server": [
    "PUT_KV_CONFIG",
    "GET_KV_CONFIG",
    "DELETE_KV_CONFIG",
    "REGISTER_BROKER",
    "UNREGISTER_BROKER",
    "GET_ROUTEINFO_BY_TOPIC",
    "GET_BROKER_CLUSTER_INFO",
    "WIPE_WRITE_PERM_OF_BROKER",
    "GET_ALL_TOPIC_LIST_FROM_NAMESERVER",
    "DELETE_TOPIC_IN_NAMESRV",
    "REGISTER_TOPIC_IN_NAMESRV",
    "GET_KVLIST_BY_NAMESPACE",
    "GET_TOPICS_BY_CLUSTER",
    "GET_SYSTEM_TOPIC_LIST_FROM_NS",
    "GET_UNIT_TOPIC_LIST",
    "GET_HAS_UNIT_SUB_TOPIC_LIST",
    "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST",
    "UPDATE_NAMESRV_CONFIG",
    "GET_NAMESRV_CONFIG",
    "QUERY_DATA_VERSION",
    "ADD_WRITE_PERM_OF_BROKER",
    "GET_BROKER_MEMBER_GROUP",
    "BROKER_HEARTBEAT",
  ],
  client: [
    "CHECK_TRANSACTION_STATE",
    "NOTIFY_CONSUMER_IDS_CHANGED",
    "RESET_CONSUMER_CLIENT_OFFSET",
    "GET_CONSUMER_STATUS_FROM_CLIENT",
    "PUSH_REPLY_MESSAGE_TO_CLIENT",
  ],
  controller: [
    "CONTROLLER_ALTER_SYNC_STATE_SET",
    "CONTROLLER_ELECT_MASTER",
    "CONTROLLER_REGISTER_BROKER",
    "CONTROLLER_GET_REPLICA_INFO",
    "CONTROLLER_GET_METADATA_INFO",
    "CONTROLLER_GET_SYNC_STATE_DATA",
    "UPDATE_CONTROLLER_CONFIG",
    "GET_CONTROLLER_CONFIG",
    "CLEAN_BROKER_DATA",
    "CONTROLLER_GET_NEXT_BROKER_ID",
    "CONTROLLER_APPLY_BROKER_ID",
    "BROKER_CLOSE_CHANNEL_REQUEST",
    "CHECK_NOT_ACTIVE_BROKER_REQUEST",
    "GET_BROKER_LIVE_INFO_REQUEST",
    "GET_SYNC_STATE_DATA_REQUEST",
    "RAFT_BROKER_HEART_BEAT_EVENT_REQUEST",
  ],
  none: [
    "QUERY_BROKER_OFFSET",
    "GET_TOPIC_CONFIG_LIST",
    "GET_TOPIC_NAME_LIST",
    "TRIGGER_DELETE_FILES",
    "GET_CLIENT_CONFIG",
    "SUSPEND_CONSUMER",
    "RESUME_CONSUMER",
    "RESET_CONSUMER_OFFSET_IN_CONSUMER",
    "RESET_CONSUMER_OFFSET_IN_BROKER",
    "ADJUST_CONSUMER_THREAD_POOL",
    "WHO_CONSUME_THE_MESSAGE",
    "REGISTER_FILTER_SERVER",
    "REGISTER_MESSAGE_FILTER_CLASS",
    "ADD_BROKER",
    "REMOVE_BROKER",
  ],
};

/** Every command, ordered by code. */
export const COMMANDS: readonly CommandRow[] = Object.freeze(
  (Object.entries(PLANES) as [CommandPlane, readonly (keyof typeof RequestCode)[]][])
    .flatMap(([plane, names]) =>
      names.map((name): CommandRow => Object.freeze({ code: RequestCode[name], name, plane }))
    )
    .sort((left, right) => left.code - right.code),
);

const BY_CODE: ReadonlyMap<number, CommandRow> = new Map(COMMANDS.map((row) => [row.code, row]));

/**
 * Looks a request code up.
 *
 * @param code Request code from a header
 * @returns The row, or `undefined` when RocketMQ has no such code
 */
export function findCommand(code: number): CommandRow | undefined {
  return BY_CODE.get(code);
}

/**
 * Names a request code for logs.
 *
 * @param code Request code from a header
 * @returns RocketMQ's name, or the number as text when there is none
 */
export function requestName(code: number): string {
  return BY_CODE.get(code)?.name ?? String(code);
}

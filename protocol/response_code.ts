/**
 * Response codes of RocketMQ's remoting protocol: the `code` of a header whose response bit is set.
 *
 * Owns the numbers. Success is told by the code alone: RocketMQ leaves remarks such as "not set any response code" in
 * some answers that succeeded.
 *
 * Source: apache/rocketmq remoting/protocol/RemotingSysResponseCode.java and ResponseCode.java (5.4.0).
 *
 * @module
 */

/** Every response code by RocketMQ's name. Source: apache/rocketmq remoting/protocol/ResponseCode.java ResponseCode. */
export const ResponseCode = {
  /** Done. */
  SUCCESS: 0,
  /** Failed for a reason told only by the remark; also the answer to an uncaught error. */
  SYSTEM_ERROR: 1,
  /** Overloaded: the request was refused before it had an effect. */
  SYSTEM_BUSY: 2,
  /** This role does not serve the request code. */
  REQUEST_CODE_NOT_SUPPORTED: 3,
  /** The transaction failed. */
  TRANSACTION_FAILED: 4,
  /** Stored, but the disk did not confirm in time. */
  FLUSH_DISK_TIMEOUT: 10,
  /** Stored, but no slave is near enough to hold it. */
  SLAVE_NOT_AVAILABLE: 11,
  /** Stored, but the slave did not confirm in time. */
  FLUSH_SLAVE_TIMEOUT: 12,
  /** The message breaks a rule: size, properties, delay. */
  MESSAGE_ILLEGAL: 13,
  /** The store does not accept writes now: slave, shutdown, full disk. */
  SERVICE_NOT_AVAILABLE: 14,
  /** The requester is too old for this request. */
  VERSION_NOT_SUPPORTED: 15,
  /** Permission or configuration forbids the request. */
  NO_PERMISSION: 16,
  /** The topic is not known here. */
  TOPIC_NOT_EXIST: 17,
  /** The topic exists already. */
  TOPIC_EXIST_ALREADY: 18,
  /** No message at the offset for now. */
  PULL_NOT_FOUND: 19,
  /** Pull again at once from the offset given. */
  PULL_RETRY_IMMEDIATELY: 20,
  /** The offset is outside the queue; the answer gives the right one. */
  PULL_OFFSET_MOVED: 21,
  /** The thing asked for was not found. */
  QUERY_NOT_FOUND: 22,
  /** The filter expression does not parse. */
  SUBSCRIPTION_PARSE_FAILED: 23,
  /** The group has no subscription of the topic. */
  SUBSCRIPTION_NOT_EXIST: 24,
  /** The broker holds an older subscription than the request. */
  SUBSCRIPTION_NOT_LATEST: 25,
  /** The consumer group is not known. */
  SUBSCRIPTION_GROUP_NOT_EXIST: 26,
  /** The filter data of the subscription is missing. */
  FILTER_DATA_NOT_EXIST: 27,
  /** The filter data of the subscription is older than the request. */
  FILTER_DATA_NOT_LATEST: 28,
  /** A field of the request has a value that is not allowed. */
  INVALID_PARAMETER: 29,
  /** Commit the half message. */
  TRANSACTION_SHOULD_COMMIT: 200,
  /** Roll the half message back. */
  TRANSACTION_SHOULD_ROLLBACK: 201,
  /** The producer cannot tell yet. */
  TRANSACTION_STATE_UNKNOW: 202,
  /** The producer group does not fit the transaction. */
  TRANSACTION_STATE_GROUP_WRONG: 203,
  /** No buyer id was given. */
  NO_BUYER_ID: 204,
  /** The request belongs to another unit. */
  NOT_IN_CURRENT_UNIT: 205,
  /** No consumer of the group is connected. */
  CONSUMER_NOT_ONLINE: 206,
  /** The consumer did not answer in time. */
  CONSUME_MSG_TIMEOUT: 207,
  /** There is no message. */
  NO_MESSAGE: 208,
  /** Too many polls are parked. */
  POLLING_FULL: 209,
  /** The parked poll ran out of time. */
  POLLING_TIMEOUT: 210,
  /** The broker is not known. */
  BROKER_NOT_EXIST: 211,
  /** Dispatch has not caught up with the log. */
  BROKER_DISPATCH_NOT_COMPLETE: 212,
  /** The group consumes by broadcast, so the request makes no sense. */
  BROADCAST_CONSUMPTION: 213,
  /** The quota of the requester is used up. */
  FLOW_CONTROL: 215,
  /** The broker no longer leads the logical queue. */
  NOT_LEADER_FOR_QUEUE: 501,
  /** The operation is not allowed in this state. */
  ILLEGAL_OPERATION: 604,
  /** A forwarded call failed for an unknown reason. */
  RPC_UNKNOWN: -1000,
  /** A forwarded call had no address to go to. */
  RPC_ADDR_IS_NULL: -1002,
  /** A forwarded call could not be written to its connection. */
  RPC_SEND_TO_CHANNEL_FAILED: -1004,
  /** A forwarded call had no answer in time. */
  RPC_TIME_OUT: -1006,
  /** The server shuts down; reconnect elsewhere. */
  GO_AWAY: 1500,
  /** The master epoch of the request is old. */
  CONTROLLER_FENCED_MASTER_EPOCH: 2000,
  /** The epoch of the sync-state set is old. */
  CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH: 2001,
  /** The sender is not the master. */
  CONTROLLER_INVALID_MASTER: 2002,
  /** The replica set is not acceptable. */
  CONTROLLER_INVALID_REPLICAS: 2003,
  /** There is no master. */
  CONTROLLER_MASTER_NOT_AVAILABLE: 2004,
  /** The request is malformed. */
  CONTROLLER_INVALID_REQUEST: 2005,
  /** The broker is not alive. */
  CONTROLLER_BROKER_NOT_ALIVE: 2006,
  /** This controller is not the leader. */
  CONTROLLER_NOT_LEADER: 2007,
  /** Nothing is known about the broker. */
  CONTROLLER_BROKER_METADATA_NOT_EXIST: 2008,
  /** The metadata to be cleaned is not right. */
  CONTROLLER_INVALID_CLEAN_BROKER_METADATA: 2009,
  /** The broker must register first. */
  CONTROLLER_BROKER_NEED_TO_BE_REGISTERED: 2010,
  /** The old master is still there. */
  CONTROLLER_MASTER_STILL_EXIST: 2011,
  /** No master could be elected. */
  CONTROLLER_ELECT_MASTER_FAILED: 2012,
  /** The sync-state set could not be changed. */
  CONTROLLER_ALTER_SYNC_STATE_SET_FAILED: 2013,
  /** The broker id is not acceptable. */
  CONTROLLER_BROKER_ID_INVALID: 2014,
  /** The raft library failed. */
  CONTROLLER_JRAFT_INTERNAL_ERROR: 2015,
  /** Nothing is known about the liveness of the broker. */
  CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS: 2016,
  /** The user does not exist. */
  USER_NOT_EXIST: 3001,
  /** The policy does not exist. */
  POLICY_NOT_EXIST: 3002,
} as const;

/** One of the numbers of {@linkcode ResponseCode}. */
export type ResponseCode = typeof ResponseCode[keyof typeof ResponseCode];

/**
 * What others may ask and tell the BrokerController actor, and what it asks and tells them.
 *
 * Owns: the message types between BrokerController and gateways, reput, hold, schedule, transactions and cold read.
 * Reads: protocol types only.
 * Never: code. Every payload here is plain data that structured clone carries.
 *
 * How a subscriber starts: it asks `subscribe` once after it is wired (and again after its own restart) and applies the
 * whole snapshots of the reply. From then on the controller sends it increments by the asks of {@linkcode TopicSubscriber}
 * (and {@linkcode ControlSubscriber} when it asked for control state). An increment carries the version it produces; the
 * subscriber applies it at once and answers that version. createTopic, updateTopic and deleteTopic answer their caller only
 * when every subscriber has acknowledged.
 */
import type { WakeSignal } from "./awake.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import type { GetCount, PutCount } from "../../store/broker_stats.ts";
import type { ClientChannel } from "../../store/client_channel.ts";
import type { LiveSubscription } from "../../store/consumer_table.ts";
import type { FilterInForce } from "../../store/filter/consumer_filters.ts";
import type { RecoveredQueue } from "../../store/queue_slots.ts";
import type { TopicEntry, TopicUpdate } from "../../store/topic_view.ts";
import type { BrokerConfiguration } from "./broker_configuration.ts";
import type { FailoverState } from "./failover/replicas_manager_contract.ts";
import type { FlushCommitLogContract } from "./flush/flush_contract.ts";
import type { ReplicaRole } from "./failover/replica_role.ts";
import type { HaClientContract, HaServiceContract } from "./ha/ha_contract.ts";

export type { ClientChannel, GetCount, LiveSubscription, PutCount, RecoveredQueue, TopicEntry, TopicUpdate };

/** What a gateway must know of a consumer group to check pulls and send-backs. */
export interface GroupEntry {
  readonly group: string;
  readonly consumeEnable: boolean;
  readonly consumeFromMinEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly consumeMessageOrderly: boolean;
  readonly retryQueueNums: number;
  readonly retryMaxTimes: number;
  readonly brokerId: number;
  readonly whichBrokerWhenConsumeSlowly: number;
  readonly groupSysFlag: number;
  /** Topics that this group must not read (GroupForbidden.readable = false). */
  readonly forbiddenTopics: string[];
}

/** A step of the consumer-group table. */
export interface GroupUpdate {
  readonly version: number;
  /** Whether this replaces everything that the subscriber knows. */
  readonly whole: boolean;
  readonly changed: GroupEntry[];
  readonly removed: string[];
}

/** One live subscription of a group, as the newest heartbeat said. */
export interface SubscriptionEntry extends LiveSubscription {
  /** The expression in force, when it is none of tags and could be compiled. */
  readonly filter?: FilterInForce;
}

/** A consumer group that has registered by heartbeat (it stays while it has a channel). */
export interface LiveGroup {
  readonly group: string;
  /** "CONSUME_PASSIVELY", "CONSUME_ACTIVELY" or "CONSUME_POP". */
  readonly consumeType: string;
  /** "CLUSTERING" or "BROADCASTING". */
  readonly messageModel: string;
  readonly subscriptions: readonly SubscriptionEntry[];
}

/** A step of the table of live consumer groups. */
export interface SubscriptionUpdate {
  readonly version: number;
  /** Whether this replaces everything that the subscriber knows. */
  readonly whole: boolean;
  readonly changed: LiveGroup[];
  readonly removed: string[];
}

/** One queue of one group whose next pull must be answered with this offset (code 21). */
export interface OffsetReset {
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
}

/** A step of the table of pending server-side offset resets. */
export interface ResetUpdate {
  readonly version: number;
  /** Whether this replaces everything that the subscriber knows. */
  readonly whole: boolean;
  readonly set: OffsetReset[];
  readonly cleared: Omit<OffsetReset, "offset">[];
}

/** Configuration values changed at run time (request 25); texts as in broker.conf. */
export interface ConfigurationUpdate {
  readonly version: number;
  readonly changed: Record<string, string>;
}

/** What `subscribe` returns: everything as it is now. */
export interface ControlSnapshot {
  readonly topics: TopicUpdate;
  readonly groups: GroupUpdate;
  readonly subscriptions: SubscriptionUpdate;
  readonly resets: ResetUpdate;
  readonly configuration: ConfigurationUpdate;
}

/** One offset commit that rode on a pull (or came by 15 through a gateway that batches). */
export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
  readonly clientHost: string;
}

/** Why a gateway needs a topic that its view does not have. */
export type EnsureTopicKind = "send" | "sendBack" | "deadLetter" | "transaction";

/** Counts of about one second from one gateway (or another appender); all counts are increments. */
export interface TrafficCounts {
  readonly puts: readonly PutCount[];
  readonly gets: readonly GetCount[];
  readonly sendBacks: readonly { readonly topic: string; readonly group: string; readonly count: number }[];
}

/** Start values. */
export interface BrokerControllerInit {
  /** Effective configuration with the machine's defaults and the real ports filled in. */
  readonly configuration: BrokerConfiguration;
  /** File that request 25 rewrites; undefined keeps changes in memory only. */
  readonly configurationPath: string | undefined;
  /** Shared gauges, layout in store/gauges.ts. */
  readonly gauges: SharedArrayBuffer;
  /** Names of the gateway peers, index = gateway number: "gateway-0", … */
  readonly gateways: string[];
  /** Queues that recovery found. */
  readonly queues: RecoveredQueue[];
  /** Wall time of the process start, ms. */
  readonly bootTimestamp: number;
  /** Lease of a master of a failover set: it registers nowhere when that is over. */
  readonly lease?: SharedArrayBuffer | undefined;
  /** Memory of the machine, bytes: what is nearer to the end of the log than 40 % of it counts as in memory. */
  readonly memoryBytes: number;
  /** Role in a failover set: it says who the master is, not the name server. Undefined where roles are fixed. */
  readonly replicaRole?: ReplicaRole | undefined;
}

/** Asks that every subscriber of the topic view serves. */
export type TopicSubscriber = {
  topics: { request: TopicUpdate; reply: { version: number } };
};

/** Asks that a subscriber with `control: true` (gateways) serves besides. */
export type ControlSubscriber = TopicSubscriber & {
  groups: { request: GroupUpdate; reply: { version: number } };
  subscriptions: { request: SubscriptionUpdate; reply: { version: number } };
  resets: { request: ResetUpdate; reply: { version: number } };
  configuration: { request: ConfigurationUpdate; reply: { version: number } };
};

/** What the controller needs of a gateway. */
export type GatewayPeerContract = {
  init: null;
  asks: ControlSubscriber & {
    /** Sends a request to a client and waits for its answer. Rejects when the channel is gone or the time is over. */
    callClient: {
      request: { channel: number; command: RemotingCommand; timeoutMs: number };
      reply: RemotingCommand;
    };
    /** Tells what offset commits it still holds before it answers. */
    flushOffsets: { request: null; reply: null };
  };
  tells: {
    /** One-way request to a client. */
    push: { channel: number; command: RemotingCommand };
    /** Closes the connection (client expired). */
    closeChannel: { channel: number };
  };
  signals: Record<never, never>;
};

/** One consume-queue unit for request 321. */
export interface QueueUnit {
  readonly physicalOffset: number;
  readonly bytes: number;
  readonly tagsCode: number | bigint;
}

/** What the controller needs of ColdReadService. */
export type ColdReadPeerContract = {
  init: null;
  asks: TopicSubscriber & {
    /** Queue offset for a store time, RocketMQ 5.x bounds (fact sheet §2.7). */
    offsetByTime: {
      request: { topic: string; queueId: number; timestamp: number; boundary: "lower" | "upper" };
      reply: { offset: number };
    };
    /** Store time (ms) of the record at each queue offset; −1 where there is none. */
    storeTimes: {
      request: { items: { topic: string; queueId: number; offset: number }[] };
      reply: { times: number[] };
    };
    /** The stored record at a commit-log offset, or null. */
    readMessage: { request: { offset: number }; reply: { record: Uint8Array | null } };
    /** Consume-queue units [index, index + count) that exist. */
    queueUnits: {
      request: { topic: string; queueId: number; index: number; count: number };
      reply: { units: QueueUnit[]; minOffset: number; maxOffset: number };
    };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** How full the disks of the store are. */
export interface DiskUse {
  /** Used share of the commit log's disk, 0 to 1. */
  readonly logShare: number;
  /** Used share of the consume queues' disk, 0 to 1. */
  readonly queueShare: number;
  /** Size of the commit log's disk, bytes. */
  readonly totalBytes: number;
  /** What of it is free. */
  readonly freeBytes: number;
}

/** What the controller needs of whoever deletes files. */
export type HousekeepingPeerContract = {
  init: null;
  asks: {
    /** 306: deletes consume queues whose data is gone from the commit log. */
    cleanExpiredConsumeQueues: { request: null; reply: null };
    /** 316: deletes consume queues of topics that are not in this list. */
    cleanUnusedTopics: { request: { keep: string[] }; reply: null };
    /** 329: runs the commit-log cleaning now. */
    deleteExpiredCommitLog: { request: null; reply: null };
    /** How full the disks are, for 28. */
    diskUse: { request: null; reply: DiskUse };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** What the controller needs of ScheduleMessageService. */
export type SchedulePeerContract = {
  init: null;
  asks: TopicSubscriber & {
    /** delayOffset.json text (45) and delivered offset of each level (28). */
    delayOffsets: { request: null; reply: { text: string; levels: { level: number; delivered: number }[] } };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** What the controller needs of ReputMessageService. */
export type ReputPeerContract = {
  init: null;
  asks: TopicSubscriber & {
    /**
     * Removes the queues of topics that nobody appends to any more, and remembers it: records of these topics that lie in the log now belong to
     * no queue, also when queues are made again.
     */
    deleteTopics: { request: { topics: string[] }; reply: { position: number } };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** A subscriber that wants topics only (hold, transactions, timer). */
export type TopicSubscriberContract = {
  init: null;
  asks: TopicSubscriber;
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** What the controller needs of HAService. */
export type HaServicePeerContract = {
  init: null;
  asks: Pick<HaServiceContract["asks"], "slaves">;
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** What the controller needs of HAClient. */
export type HaClientPeerContract = {
  init: null;
  asks: Pick<HaClientContract["asks"], "master">;
  tells: Record<never, never>;
  signals: Record<never, never>;
};

/** Contract of the BrokerController actor. */
export type BrokerControllerContract = {
  init: BrokerControllerInit;
  asks: {
    /** Any control-plane request of a client or tool; null when nothing is to be answered (one-way). */
    request: {
      request: { command: RemotingCommand; channel: ClientChannel; remoteAddress: string };
      reply: RemotingCommand | null;
    };
    /** Makes the caller (a peer of this name) a subscriber and returns everything as it is now. */
    subscribe: {
      /** `configuration` asks for changes of the configuration; who asks for control state gets them anyway. */
      request: { name: string; control: boolean; configuration?: boolean };
      reply: ControlSnapshot;
    };
    /**
     * Creates a topic that a send, send-back or dead letter needs. `entry` is null when RocketMQ would refuse (code 17),
     * `remark` then says why. All subscribers know the topic when this answers.
     */
    ensureTopic: {
      request: {
        topic: string;
        defaultTopic: string;
        defaultTopicQueueNums: number;
        /** Unit flag for retry topics (send-back), 0 otherwise. */
        topicSysFlag: number;
        kind: EnsureTopicKind;
        remoteAddress: string;
      };
      reply: { entry: TopicEntry | null; version: number; remark: string | undefined };
    };
    /** Group config on a miss, auto-created as RocketMQ does; null when it does not exist and may not be created. */
    ensureGroup: { request: { group: string }; reply: { entry: GroupEntry | null } };
    /** Whether the group holds any unexpired queue lock (5.x: retry-topic sends of such a group go to the DLQ). */
    queueLockHeld: { request: { group: string }; reply: { held: boolean } };
    /** A live channel of a producer group (transaction check-back), or null. */
    availableProducerChannel: { request: { group: string }; reply: { channel: ClientChannel | null } };
    /** Sends a request to the connection of a producer's client id (326) and waits; null when there is none. Rejects when it stays silent. */
    callProducer: {
      request: { clientId: string; command: RemotingCommand; timeoutMs: number };
      reply: { answer: RemotingCommand | null };
    };
    /** Stored consumer offsets for in-process readers; −1 where there is none. */
    consumerOffsets: {
      request: { items: { group: string; topic: string; queueId: number }[] };
      reply: { offsets: number[] };
    };
    /** Registers with every name server now; resolves when all have answered or timed out. */
    register: { request: null; reply: { registered: number } };
    /** Unregisters (104) from every name server; the broker stops. */
    unregister: { request: null; reply: null };
  };
  tells: {
    /** A connection is gone. */
    channelClosed: ClientChannel;
    /** How failover stands. */
    failover: FailoverState;
    /** Batched commits that rode on pulls; state moves only forward in time, in the order told. */
    offsets: OffsetCommit[];
    /** A gateway answered a pull with a pending reset offset. */
    resetTaken: Omit<OffsetReset, "offset">;
    /** Traffic of about one second. */
    traffic: TrafficCounts;
  };
  signals: WakeSignal & {
    /** Sent once, when the first registration was accepted by any name server. */
    registered: { nameServer: string };
    /** On a slave: what a name server said of its master. */
    master: { address: string; haAddress: string };
    /** Text for the broker's log. */
    log: { level: "info" | "warn" | "error"; text: string };
  };
  peers: {
    "cold-read": ColdReadPeerContract;
    "housekeeping": HousekeepingPeerContract;
    "schedule": SchedulePeerContract;
    "flush-log": FlushCommitLogContract;
    "reput": ReputPeerContract;
    "hold": TopicSubscriberContract;
    "transactions": TopicSubscriberContract;
    "timer": TopicSubscriberContract;
    "ha-service": HaServicePeerContract;
    "ha-client": HaClientPeerContract;
    [gateway: `gateway-${number}`]: GatewayPeerContract;
  };
};

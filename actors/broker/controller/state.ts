/**
 * The state of the control plane: every table that BrokerController is the only owner of.
 *
 * Owns: topics, groups, offsets, producers, consumers, locks, slots, statistics and the configuration of one broker.
 * Reads: the clock and the gauges.
 * Never: tells, saves or registers anything; the `*_changes.ts` modules do, and every change goes through them.
 */
import type { DataVersion } from "../../../protocol/data_version.ts";
import type { Clock } from "../../../store/clock.ts";
import { BrokerStats } from "../../../store/broker_stats.ts";
import { ConsumerOffsets } from "../../../store/consumer_offsets.ts";
import { ConsumerTable } from "../../../store/consumer_table.ts";
import { bloomShape } from "../../../store/filter/bloom_filter.ts";
import { ConsumerFilters } from "../../../store/filter/consumer_filters.ts";
import { Gauges } from "../../../store/gauges.ts";
import { ProducerTable } from "../../../store/producer_table.ts";
import { QueueLocks } from "../../../store/queue_locks.ts";
import { QueueSlots } from "../../../store/queue_slots.ts";
import { ReadLag } from "../../../store/read_lag.ts";
import { RequestModes } from "../../../store/request_modes.ts";
import { StoreStats } from "../../../store/store_stats.ts";
import { SubscriptionGroups } from "../../../store/subscription_groups.ts";
import { SystemTopics } from "../../../store/topic_names.ts";
import { TopicTable } from "../../../store/topic_table.ts";
import { LeaseView } from "../../../store/memory/lease_region.ts";
import type { FailoverState } from "../failover/replicas_manager_contract.ts";
import type { BrokerConfiguration, BrokerValues } from "../broker_configuration.ts";
import type { BrokerControllerInit } from "../broker_controller_contract.ts";
import type { DayTotals } from "./runtime_info.ts";

/** Tables of one broker. */
export class ControllerState {
  readonly clock: Clock;
  readonly topics: TopicTable;
  readonly systemTopics = new SystemTopics();
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly producers = new ProducerTable();
  readonly consumers = new ConsumerTable();
  readonly filters: ConsumerFilters;
  readonly locks = new QueueLocks();
  readonly slots: QueueSlots;
  readonly requestModes = new RequestModes();
  /** Kept only while slow groups are to be disabled. */
  readonly readLag = new ReadLag();
  readonly stats: BrokerStats;
  readonly gauges: Gauges;
  readonly storeStats: StoreStats;
  readonly bootTimestamp: number;
  /** Lease of a master of a failover set. */
  readonly lease: LeaseView | undefined;
  /** How failover stands; undefined where roles are fixed. */
  failover: FailoverState | undefined;
  /** Bytes of memory of the machine, for "still in memory" rules. */
  readonly memoryBytes: number;
  /** Configuration as it is now; request 25 replaces it. */
  configuration: BrokerConfiguration;
  /** Whether this slave stands in for a master that is gone. */
  actsAsMaster = false;
  /** Totals at the last two midnights. */
  days: DayTotals = { putYesterday: 0, putToday: 0, getYesterday: 0, getToday: 0 };

  /**
   * @param init start values
   * @param clock time
   */
  constructor(init: BrokerControllerInit, clock: Clock) {
    const nowMs = clock.nowMs();
    const { maxErrorRateOfBloomFilter, expectConsumerNumUseFilter } = init.configuration.values;
    this.clock = clock;
    this.filters = new ConsumerFilters(bloomShape(maxErrorRateOfBloomFilter, expectConsumerNumUseFilter));
    this.configuration = init.configuration;
    const version: DataVersion = { stateVersion: 0, timestamp: nowMs, counter: 0 };
    this.topics = new TopicTable(version);
    this.groups = new SubscriptionGroups(version);
    this.offsets = new ConsumerOffsets(version);
    this.slots = new QueueSlots(init.queues);
    this.stats = new BrokerStats(init.configuration.values.brokerClusterName);
    this.gauges = new Gauges(init.gauges);
    this.storeStats = new StoreStats(this.gauges, nowMs);
    this.bootTimestamp = init.bootTimestamp;
    this.lease = init.lease === undefined ? undefined : new LeaseView(init.lease, clock);
    this.memoryBytes = init.memoryBytes;
  }

  /** Configuration values as they are now. */
  get values(): BrokerValues {
    return this.configuration.values;
  }

  /** Wall clock, milliseconds. */
  nowMs(): number {
    return this.clock.nowMs();
  }

  /** Address that clients reach this broker at. */
  get brokerAddress(): string {
    return `${this.values.brokerIP1}:${this.values.listenPort}`;
  }

  /** Address that slaves reach this broker at. */
  get haAddress(): string {
    return `${this.values.brokerIP2}:${this.values.haListenPort}`;
  }

  /** Smallest offset of a queue that is still there; 0 for a queue that does not exist. */
  minOffset(topic: string, queueId: number): number {
    const slot = this.slots.slotOf(topic, queueId);
    return slot === undefined ? 0 : this.slots.table.minOffset(slot);
  }

  /** Largest offset plus one that consumers may see; 0 for a queue that does not exist. */
  maxOffset(topic: string, queueId: number): number {
    const slot = this.slots.slotOf(topic, queueId);
    return slot === undefined ? 0 : this.slots.table.maxOffset(slot);
  }
}

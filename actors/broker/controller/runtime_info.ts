/**
 * What request 28 answers: the broker's key-value table of run-time figures.
 *
 * Owns: the keys and the text of each value.
 * Reads: gauges, rates, day totals, configuration.
 * Never: measures. What does not exist here (thread pools, mapped-file buffers) has the value of an idle one.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.prepareRuntimeInfo, store StoreStatsService.getRuntimeInfo,
 * DefaultMessageStore.getRuntimeInfo
 */
import { Gauge, type Gauges } from "../../../store/gauges.ts";
import { javaDouble, type StoreStats } from "../../../store/store_stats.ts";
import type { DiskUse } from "../broker_controller_contract.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import type { FailoverState } from "../failover/replicas_manager_contract.ts";
import { isWrittenLater } from "../write_mode.ts";

/** RocketMQ version that this broker speaks. */
export const BROKER_VERSION_TEXT = "V5_4_0";

/** Totals at the last two midnights. */
export interface DayTotals {
  readonly putYesterday: number;
  readonly putToday: number;
  readonly getYesterday: number;
  readonly getToday: number;
}

/** What the table is made of. */
export interface RuntimeInfoSources {
  readonly values: BrokerValues;
  readonly gauges: Gauges;
  /** How full the disks are; undefined when nobody can say. */
  readonly disk: DiskUse | undefined;
  readonly stats: StoreStats;
  readonly days: DayTotals;
  readonly bootTimestamp: number;
  readonly nowMs: number;
  /** Whether this slave stands in for a master that is gone. */
  readonly actsAsMaster: boolean;
  /** How failover stands; undefined where roles are fixed. */
  readonly failover: FailoverState | undefined;
  /** Delivered and largest offset of each delay level that has been used. */
  readonly delayLevels: readonly { level: number; delivered: number; max: number }[];
}

/** Buffers that RocketMQ reports when its transient pool is off: the largest int. */
const NO_BUFFER_LIMIT = "2147483647";

/** Builds the table. */
export function runtimeInfoOf(sources: RuntimeInfoSources): Map<string, string> {
  const table = new Map<string, string>();
  addPutAndGet(table, sources);
  addStore(table, sources);
  addDays(table, sources);
  addPools(table, sources);
  if (sources.failover !== undefined) addFailover(table, sources.failover);
  for (const { level, delivered, max } of sources.delayLevels) {
    table.set(`scheduleMessageOffset_${level}`, `${delivered},${max}`);
  }
  return table;
}

function addPutAndGet(table: Map<string, string>, { gauges, stats, bootTimestamp, nowMs }: RuntimeInfoSources): void {
  const puts = Math.max(1, gauges.get(Gauge.PutMessages));
  const bytes = gauges.get(Gauge.PutBytes);
  table.set("bootTimestamp", String(bootTimestamp));
  table.set("runtime", formatRuntime(nowMs - bootTimestamp));
  table.set("putMessageEntireTimeMax", String(gauges.get(Gauge.PutTimeMaxMs)));
  table.set("putMessageTimesTotal", String(puts));
  table.set("putMessageFailedTimes", String(gauges.get(Gauge.PutFailures)));
  table.set("putMessageSizeTotal", String(bytes));
  table.set("putMessageDistributeTime", stats.putDistributionText());
  table.set("putMessageAverageSize", javaDouble(bytes / puts));
  table.set("dispatchMaxBuffer", "0");
  table.set("getMessageEntireTimeMax", String(gauges.get(Gauge.GetTimeMaxMs)));
  table.set("putTps", stats.rates("put"));
  table.set("getFoundTps", stats.rates("found"));
  table.set("getMissTps", stats.rates("missed"));
  table.set("getTotalTps", stats.getTotalRates());
  table.set("getTransferredTps", stats.rates("transferred"));
  table.set("putLatency99", stats.putPercentileMs(0.99).toFixed(2));
  table.set("putLatency999", stats.putPercentileMs(0.999).toFixed(2));
}

function addStore(table: Map<string, string>, { gauges, values, disk }: RuntimeInfoSources): void {
  const logRatio = ratioText(disk?.logShare);
  const maxPosition = gauges.get(Gauge.LogMaxPosition);
  for (const path of values.storePathCommitLog.trim().split(",")) table.set(`commitLogDiskRatio_${path}`, logRatio);
  table.set("commitLogDiskRatio", logRatio);
  table.set("consumeQueueDiskRatio", ratioText(disk?.queueShare));
  table.set("commitLogMinOffset", String(gauges.get(Gauge.LogMinPosition)));
  table.set("commitLogMaxOffset", String(maxPosition));
  table.set("dispatchBehindBytes", String(Math.max(0, maxPosition - gauges.get(Gauge.LogDispatchedPosition))));
  table.set("pageCacheLockTimeMills", String(gauges.get(Gauge.AppendLockHeldMs)));
  table.set("earliestMessageTimeStamp", String(gauges.get(Gauge.EarliestStoreTimeMs)));
  table.set("startAcceptSendRequestTimeStamp", String(values.startAcceptSendRequestTimeStamp));
  addUnwritten(table, values, gauges.get(Gauge.LogAppendedPosition) - maxPosition);
  const unflushed = Math.max(0, maxPosition - gauges.get(Gauge.LogFlushedPosition));
  table.set("remainHowManyDataToFlush", readableBytes(unflushed));
  const total = readableBytes(disk?.totalBytes ?? 0);
  const free = readableBytes(disk?.freeBytes ?? 0);
  table.set("commitLogDirCapacity", `Total : ${total}, Free : ${free}.`);
  table.set("timerReadBehind", String(gauges.get(Gauge.TimerReadBehindSeconds)));
  table.set("timerOffsetBehind", String(gauges.get(Gauge.TimerOffsetBehind)));
  table.set("timerCongestNum", String(gauges.get(Gauge.TimerCongestion)));
  table.set("timerEnqueueTps", javaDouble(gauges.get(Gauge.TimerEnqueueMilliTps) / 1000));
  table.set("timerDequeueTps", javaDouble(gauges.get(Gauge.TimerDequeueMilliTps) / 1000));
}

/** What is in memory only, where messages are acknowledged before they are written. */
function addUnwritten(table: Map<string, string>, values: BrokerValues, unwrittenBytes: number): void {
  if (!isWrittenLater(values)) {
    table.set("remainTransientStoreBufferNumbs", NO_BUFFER_LIMIT);
    return;
  }
  const used = Math.ceil(Math.max(0, unwrittenBytes) / values.mappedFileSizeCommitLog);
  table.set("remainTransientStoreBufferNumbs", String(Math.max(0, values.transientStorePoolSize - used)));
  table.set("remainHowManyDataToCommit", readableBytes(Math.max(0, unwrittenBytes)));
}

function addDays(table: Map<string, string>, { gauges, days, values, actsAsMaster }: RuntimeInfoSources): void {
  table.set("brokerActive", String(values.brokerId === 0 || actsAsMaster));
  table.set("brokerVersionDesc", BROKER_VERSION_TEXT);
  table.set("msgPutTotalYesterdayMorning", String(days.putYesterday));
  table.set("msgPutTotalTodayMorning", String(days.putToday));
  table.set("msgPutTotalTodayNow", String(gauges.get(Gauge.PutMessagesOfUsers)));
  table.set("msgGetTotalYesterdayMorning", String(days.getYesterday));
  table.set("msgGetTotalTodayMorning", String(days.getToday));
  table.set("msgGetTotalTodayNow", String(gauges.get(Gauge.GetMessagesOfUsers)));
}

/** Keys of ours. */
function addFailover(table: Map<string, string>, { text, isEtcdReachable }: FailoverState): void {
  table.set("failoverState", text);
  table.set("failoverEtcd", isEtcdReachable ? "reachable" : "unreachable");
}

function addPools(table: Map<string, string>, { gauges, values }: RuntimeInfoSources): void {
  const pools = [
    ["send", gauges.get(Gauge.SendsWaiting), values.sendThreadPoolQueueCapacity, gauges.get(Gauge.SendHeadWaitMs)],
    ["pull", gauges.get(Gauge.PullsWaiting), values.pullThreadPoolQueueCapacity, gauges.get(Gauge.PullHeadWaitMs)],
    ["litePull", 0, values.litePullThreadPoolQueueCapacity, 0],
    ["query", 0, values.queryThreadPoolQueueCapacity, 0],
    ["ack", 0, values.ackThreadPoolQueueCapacity, 0],
  ] as const;
  for (const [name, size, capacity, headWaitMs] of pools) {
    table.set(`${name}ThreadPoolQueueSize`, String(size));
    table.set(`${name}ThreadPoolQueueCapacity`, String(capacity));
    table.set(`${name}ThreadPoolQueueHeadWaitTimeMills`, String(headWaitMs));
  }
  table.set("EndTransactionQueueSize", "0");
  table.set("EndTransactionThreadPoolQueueCapacity", String(values.endTransactionPoolQueueCapacity));
}

/** Run time as RocketMQ writes it. Source: apache/rocketmq store StoreStatsService.getFormatRuntime */
export function formatRuntime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400).toLocaleString("en-US");
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds ]`;
}

/** A size for people. Source: apache/rocketmq common MixAll.humanReadableByteCount */
export function readableBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let power = Math.min(6, Math.floor(Math.log(bytes) / Math.log(1024)));
  if (bytes < 1024 ** power) power--;
  return `${(bytes / 1024 ** power).toFixed(1)} ${"KMGTPE"[power - 1]}iB`;
}

/** A share in whole percent; RocketMQ's text where it cannot say. Source: apache/rocketmq common UtilAll.getDiskPartitionSpaceUsedPercent */
function ratioText(share: number | undefined): string {
  return share === undefined ? "-1.0" : javaDouble(Math.round(share * 100) / 100);
}

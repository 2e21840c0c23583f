import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BrokerStats } from "../../store/broker_stats.ts";
import {
  createGauges,
  distributionBucketOf,
  fineBucketOf,
  Gauge,
  GaugeBatch,
  Gauges,
  PUT_DISTRIBUTION_BUCKETS,
  PUT_FINE_BOUNDS_MS,
} from "../../store/gauges.ts";
import { StatsTable } from "../../store/stats_table.ts";
import { javaDouble, StoreStats } from "../../store/store_stats.ts";

Deno.test("an item's minute spans at most six intervals of ten seconds", () => {
  const table = new StatsTable();
  const row = table.make();
  table.sampleSeconds(0);
  assertEquals(table.item(row).minute(), { sum: 0, tps: 0, avgpt: 0 });
  for (let round = 1; round <= 10; round++) {
    table.add(row, 20, 10);
    table.sampleSeconds(round * 10_000);
  }
  assertEquals(table.item(row).minute(), { sum: 120, tps: 2, avgpt: 2 });
  assertEquals(table.item(row).value, 200);
});

Deno.test("an item's minute, hour and day are apart", () => {
  const table = new StatsTable();
  const row = table.make();
  table.add(row, 6, 3);
  table.sampleMinutes(600_000);
  const item = table.item(row);
  assertEquals(item.hour(), { sum: 6, tps: 0.01, avgpt: 2 });
  assertEquals(item.minute(), { sum: 0, tps: 0, avgpt: 0 });
  assertEquals(item.day(), { sum: 0, tps: 0, avgpt: 0 });
});

Deno.test("an item that comes later counts from the sample before it, in a row that was another's too", () => {
  const table = new StatsTable();
  const old = table.make();
  table.add(old, 1_000, 1_000);
  for (let round = 1; round <= 3; round++) table.sampleSeconds(round * 10_000);
  assertEquals(table.item(old).minute(), { sum: 1_000, tps: 1_000 / 30, avgpt: 1 });
  table.release(old);
  const row = table.make();
  assertEquals([row, table.size, table.item(row).value], [old, 1, 0]);
  assertEquals(table.item(row).minute(), { sum: 0, tps: 0, avgpt: 0 });
  table.add(row, 50, 10);
  table.sampleSeconds(40_000);
  assertEquals(table.item(row).minute(), { sum: 50, tps: 5, avgpt: 5 });
});

Deno.test("items of more rows than one piece of memory has are sampled, those that came between two samples too", () => {
  const table = new StatsTable();
  const rows: number[] = [];
  for (let round = 1; round <= 4; round++) {
    for (let i = 0; i < 700; i++) rows.push(table.make());
    for (const row of rows) table.add(row, row + 1, 1);
    table.sampleSeconds(round * 10_000);
  }
  for (const [index, row] of rows.entries()) {
    const rounds = 4 - Math.floor(index / 700);
    const sum = rounds * (row + 1);
    assertEquals(table.item(row).minute(), { sum, tps: (sum * 1000) / (rounds * 10_000), avgpt: row + 1 });
  }
});

Deno.test("BrokerStats counts puts and gets under RocketMQ's keys", () => {
  const stats = new BrokerStats("Cluster");
  stats.put({ topic: "T", queueId: 1, count: 10, times: 2, bytes: 100, latencyMs: 4 });
  stats.got({
    topic: "T",
    group: "g",
    queueId: 1,
    count: 5,
    times: 1,
    bytes: 50,
    latencyMs: 1,
    fromDiskCount: 2,
    fromDiskBytes: 20,
  });
  stats.sendBack("T", "g", 1);
  const values = [
    ["TOPIC_PUT_NUMS", "T", 10],
    ["TOPIC_PUT_SIZE", "T", 100],
    ["QUEUE_PUT_NUMS", "T@1", 10],
    ["TOPIC_PUT_LATENCY", "1@T", 4],
    ["BROKER_PUT_NUMS", "Cluster", 10],
    ["GROUP_GET_NUMS", "T@g", 5],
    ["QUEUE_GET_SIZE", "T@1@g", 50],
    ["GROUP_GET_LATENCY", "1@T@g", 1],
    ["GROUP_GET_FROM_DISK_NUMS", "T@g", 2],
    ["BROKER_GET_FROM_DISK_SIZE", "Cluster", 20],
    ["SNDBCK_PUT_NUMS", "T@g", 1],
  ] as const;
  for (const [name, key, value] of values) assertEquals(stats.get(name, key)?.value, value, name);
  assertEquals(stats.get("TOPIC_PUT_NUMS", "U"), undefined);
  assertEquals(stats.get("NO_SUCH_NAME", "T"), undefined);
});

Deno.test("BrokerStats.sample() makes rates of the last minute", () => {
  const stats = new BrokerStats("Cluster");
  stats.put({ topic: "T", queueId: 0, count: 30, times: 30, bytes: 1, latencyMs: 0 });
  stats.sample(10_000);
  assertEquals(stats.topicPutTps("T"), 3);
  assertEquals(stats.groupGetTps("g", "T"), 0);
});

Deno.test("BrokerStats.removeTopic() and removeGroup() forget only what is theirs", () => {
  const stats = new BrokerStats("Cluster");
  for (const topic of ["T", "TT"]) stats.put({ topic, queueId: 0, count: 1, times: 1, bytes: 1, latencyMs: 0 });
  const get = { queueId: 0, count: 1, times: 1, bytes: 1, latencyMs: 0, fromDiskCount: 0, fromDiskBytes: 0 };
  stats.got({ topic: "TT", group: "g", ...get });
  stats.got({ topic: "TT", group: "h", ...get });
  stats.removeTopic("T");
  stats.removeGroup("g");
  assertEquals([stats.get("TOPIC_PUT_NUMS", "T"), stats.get("GROUP_GET_NUMS", "TT@g")], [undefined, undefined]);
  assertEquals([stats.get("TOPIC_PUT_NUMS", "TT")?.value, stats.get("GROUP_GET_NUMS", "TT@h")?.value], [1, 1]);
  assertEquals(stats.get("BROKER_PUT_NUMS", "Cluster")?.value, 2);
  for (const topic of ["T", "TT"]) stats.put({ topic, queueId: 0, count: 2, times: 1, bytes: 1, latencyMs: 0 });
  assertEquals([stats.get("TOPIC_PUT_NUMS", "T")?.value, stats.get("QUEUE_PUT_NUMS", "TT@0")?.value], [2, 3]);
});

Deno.test("BrokerStats.put() counts what finds no room as dropped, and finds what was there", () => {
  const stats = new BrokerStats("Cluster");
  const put = (topic: string): void => stats.put({ topic, queueId: 0, count: 1, times: 1, bytes: 1, latencyMs: 0 });
  put("First");
  for (let index = 0; stats.droppedCount === 0; index++) put(`Topic${index}`);
  const dropped = stats.droppedCount;
  put("First");
  assertEquals([stats.droppedCount, stats.get("TOPIC_PUT_NUMS", "First")?.value], [dropped, 2]);
  put("Last");
  assertEquals([stats.droppedCount, stats.get("TOPIC_PUT_NUMS", "Last")], [dropped + 5, undefined]);
});

Deno.test("GaugeBatch.flush() adds what was counted once, and maxima stay", () => {
  const buffer = createGauges();
  const batch = new GaugeBatch(new Gauges(buffer));
  batch.put(10, 1000, 7, true);
  batch.put(1, 100, 0, false);
  batch.get(3, 12, true);
  batch.get(0, 1, true);
  batch.putFailed();
  batch.flush();
  batch.flush();
  const seen = new Gauges(buffer);
  assertEquals(
    [
      Gauge.PutMessages,
      Gauge.PutBytes,
      Gauge.PutMessagesOfUsers,
      Gauge.GetFound,
      Gauge.GetMissed,
      Gauge.GetMessages,
      Gauge.PutFailures,
    ]
      .map((gauge) => seen.get(gauge)),
    [11, 1100, 10, 1, 1, 3, 1],
  );
  assertEquals([seen.get(Gauge.PutTimeMaxMs), seen.get(Gauge.GetTimeMaxMs)], [7, 12]);
  assertEquals(seen.putDistribution().slice(0, 2), [1, 1]);
  seen.raise(Gauge.PutTimeMaxMs, 3);
  assertEquals(seen.get(Gauge.PutTimeMaxMs), 7);
});

Deno.test("distributionBucketOf() and fineBucketOf() put bounds where RocketMQ does", () => {
  const cases = [[0, 0], [1, 1], [9, 1], [10, 2], [49, 2], [50, 3], [999, 6], [1000, 7], [9_999, 11], [
    10_000,
    12,
  ]] as const;
  for (const [ms, bucket] of cases) assertEquals(distributionBucketOf(ms), bucket, `${ms} ms`);
  assertEquals(PUT_DISTRIBUTION_BUCKETS, 13);
  assertEquals([PUT_FINE_BOUNDS_MS.length, PUT_FINE_BOUNDS_MS.at(-1)], [75, 10_000]);
  assertEquals([fineBucketOf(0), fineBucketOf(1), fineBucketOf(2), fineBucketOf(20_000)], [0, 0, 1, 75]);
});

Deno.test("StoreStats.rates() are empty until there are samples for the span", () => {
  const gauges = new Gauges(createGauges());
  const stats = new StoreStats(gauges, 0);
  for (let second = 0; second <= 10; second++) {
    stats.sample(second * 1000);
    gauges.add(Gauge.PutMessages, 5);
  }
  assertEquals(stats.rates("put"), "5.0  ");
  assertEquals(stats.getTotalRates(), "0.0 0.0 0.0");
});

Deno.test("StoreStats shows the latencies of the last full minute", () => {
  const buffer = createGauges();
  const stats = new StoreStats(new Gauges(buffer), 0);
  const batch = new GaugeBatch(new Gauges(buffer));
  for (let i = 0; i < 99; i++) batch.put(1, 1, 0, true);
  batch.put(1, 1, 150, true);
  batch.flush();
  stats.sample(30_000);
  assertEquals(stats.putDistributionText().startsWith("[<=0ms]:0 "), true);
  stats.sample(60_000);
  assertEquals(stats.putDistributionText().startsWith("[<=0ms]:99 [0~10ms]:0 "), true);
  assertEquals(stats.putDistributionText().includes("[100~200ms]:1 "), true);
  assertAlmostEquals(stats.putPercentileMs(0.5), 50 / 99);
  stats.sample(120_000);
  assertEquals(stats.putPercentileMs(0.99), 0);
});

Deno.test("javaDouble() writes as Double.toString", () => {
  const cases = [[0, "0.0"], [5, "5.0"], [0.25, "0.25"], [1e7, "1.0E7"], [12_345_678, "1.2345678E7"], [
    0.0001,
    "1.0E-4",
  ]] as const;
  for (const [value, text] of cases) assertEquals(javaDouble(value), text);
});

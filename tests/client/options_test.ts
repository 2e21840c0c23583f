/** Options: Java's names, defaults and bounds; the client id. */
import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { consumerSettings } from "../../actors/client/consumer_options.ts";
import { ClientError } from "../../actors/client/errors.ts";
import { liteSettings } from "../../actors/client/lite_pull_options.ts";
import { addressList } from "../../actors/client/option_checks.ts";
import { resolveOptions } from "../../actors/client/options.ts";
import { producerSettings } from "../../actors/client/producer_options.ts";

Deno.test("resolveOptions() puts a random part into every client id", () => {
  const [one, two] = [resolveOptions({ clientIP: "10.0.0.1" }), resolveOptions({ clientIP: "10.0.0.1" })];
  assertMatch(one.clientId, /^10\.0\.0\.1@\d+#[0-9a-z]+$/);
  assertNotEquals(one.clientId, two.clientId);
  const named = resolveOptions({ clientIP: "10.0.0.1", instanceName: "orders", unitName: "u" });
  assertMatch(named.clientId, /^10\.0\.0\.1@orders#[0-9a-z]+@u$/);
  assertEquals(named.stableClientId, "10.0.0.1@orders@u");
  assertEquals(
    named.clientId,
    resolveOptions({ clientIP: "10.0.0.1", instanceName: "orders", unitName: "u" }).clientId,
  );
});

Deno.test("resolveOptions() has Java's defaults", () => {
  const options = resolveOptions({});
  assertEquals(
    [
      options.pollNameServerInterval,
      options.heartbeatBrokerInterval,
      options.persistConsumerOffsetInterval,
      options.mqClientApiTimeout,
      options.vipChannelEnabled,
    ],
    [30_000, 30_000, 5_000, 3_000, false],
  );
  assertEquals(addressList("x", "http://a:1/; b:2,c:3"), ["a:1", "b:2", "c:3"]);
});

Deno.test("consumerSettings() has Java's defaults and bounds", () => {
  const settings = consumerSettings({ consumerGroup: "G" });
  assertEquals(
    [
      settings.messageModel,
      settings.consumeFromWhere,
      settings.strategy.name,
      settings.pullBatchSize,
      settings.pullThresholdForQueue,
      settings.pullThresholdBytesForQueue,
      settings.pullThresholdForTopic,
      settings.consumeConcurrentlyMaxSpan,
      settings.consumeMessageBatchMaxSize,
      settings.maxReconsumeTimes,
      settings.consumeTimeoutMs,
      settings.suspendCurrentQueueTimeMillis,
    ],
    ["CLUSTERING", "CONSUME_FROM_LAST_OFFSET", "AVG", 32, 1_000, 100 << 20, -1, 2_000, 1, -1, 900_000, 1_000],
  );
  const bad = [
    { pullBatchSize: 0 },
    { pullBatchSize: 1_025 },
    { consumeMessageBatchMaxSize: 1_025 },
    { pullThresholdForQueue: 0 },
    { pullThresholdForTopic: 0 },
    { consumeConcurrentlyMaxSpan: 65_536 },
    { consumeTimestamp: "yesterday" },
    { consumerGroup: "DEFAULT_CONSUMER" },
    { consumerGroup: "" },
    { consumerGroup: "no spaces" },
    { consumerGroup: "g".repeat(256) },
  ];
  for (const options of bad) {
    assertThrows(
      () => consumerSettings({ consumerGroup: "G", ...options }),
      ClientError,
      undefined,
      JSON.stringify(options),
    );
  }
});

Deno.test("liteSettings() has Java's defaults", () => {
  const settings = liteSettings({ consumerGroup: "G" });
  assertEquals(
    [
      settings.consumer.pullBatchSize,
      settings.pollTimeoutMillis,
      settings.autoCommit,
      settings.autoCommitIntervalMillis,
      settings.pullThresholdForAll,
      settings.topicMetadataCheckIntervalMillis,
    ],
    [10, 5_000, true, 5_000, 10_000, 30_000],
  );
});

Deno.test("Values that TypeScript would refuse are named: what comes from a file or from JavaScript", () => {
  const listener = (): void => {};
  const cases: [() => unknown, string][] = [
    [() => resolveOptions({ namesrvAddr: "localhost" }), 'namesrvAddr: Cannot parse address "localhost"'],
    [() => resolveOptions({ namesrvAddr: 9876 as never }), "namesrvAddr: 9876 is no text"],
    [() => resolveOptions({ mqClientApiTimeout: "3000" as never }), 'mqClientApiTimeout: "3000" is no number'],
    [() => producerSettings({ sendMsgTimeout: "3s" as never }), 'sendMsgTimeout: "3s" is no number'],
    [() => producerSettings({ compressType: "GZIP" as never }), 'compressType: "GZIP" is not one of ZLIB, LZ4, ZSTD'],
    [() => producerSettings({ defaultTopicQueueNums: 0 }), "defaultTopicQueueNums: 0 is not in 1"],
    [() => consumerSettings({ consumerGroup: undefined as never }), "group undefined: it is no text"],
    [() => consumerSettings({ consumerGroup: "G", messageModel: "ALL" as never }), 'messageModel: "ALL" is not one of'],
    [() => consumerSettings({ consumerGroup: "G", consumeFromWhere: "FIRST" as never }), 'consumeFromWhere: "FIRST"'],
    [() => consumerSettings({ consumerGroup: "G", messageListener: {} as never }), "messageListener: [object Object]"],
    [
      () =>
        consumerSettings({ consumerGroup: "G", messageListener: listener, messageListenerOrderly: () => "SUCCESS" }),
      "a consumer has one listener",
    ],
    [() => liteSettings({ consumerGroup: "G", messageModel: "X" as never }), 'messageModel: "X"'],
  ];
  for (const [work, text] of cases) assertThrows(work, ClientError, text);
});

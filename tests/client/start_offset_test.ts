/** Where a group begins with a queue, row by row of Java's rule. */
import { assertEquals } from "@std/assert";
import type { ConsumeFromWhere } from "../../actors/client/consumer_options.ts";
import { parseTimestamp } from "../../actors/client/consumer_options.ts";
import { computeStartOffset } from "../../actors/client/start_offset.ts";
import { RemoteBrokerOffsetStore } from "../../actors/client/offset_store.ts";

const NOW_MS = 1_700_000_000_000;
const HALF_AN_HOUR_MS = 30 * 60_000;

async function start(topic: string, where: ConsumeFromWhere, stored?: number, timestampMs?: number): Promise<string> {
  const asked: string[] = [];
  const offsets = new RemoteBrokerOffsetStore({
    fetch: () => Promise.resolve(stored),
    commit: () => Promise.resolve(),
    failed: () => undefined,
  });
  const offset = await computeStartOffset(
    { topic, brokerName: "a", queueId: 0 },
    { where, timestampMs, nowMs: NOW_MS },
    {
      offsets,
      access: {
        boundOffset: (_queue, bound) => {
          asked.push(bound);
          return Promise.resolve(bound === "max" ? 99 : 5);
        },
        searchOffset: (_queue, timestamp) => {
          asked.push(`at ${timestamp - NOW_MS}`);
          return Promise.resolve(42);
        },
      },
    },
  );
  return `${offset} ${asked.join()}`.trim();
}

Deno.test("computeStartOffset() follows Java's table", async () => {
  const rows: readonly (readonly [string, ConsumeFromWhere, number | undefined, string])[] = [
    ["T", "CONSUME_FROM_LAST_OFFSET", 7, "7"],
    ["T", "CONSUME_FROM_FIRST_OFFSET", 7, "7"],
    ["T", "CONSUME_FROM_TIMESTAMP", 7, "7"],
    ["T", "CONSUME_FROM_LAST_OFFSET", 0, "0"],
    ["T", "CONSUME_FROM_LAST_OFFSET", undefined, "99 max"],
    ["T", "CONSUME_FROM_FIRST_OFFSET", undefined, "0"],
    ["T", "CONSUME_FROM_TIMESTAMP", undefined, `42 at ${-HALF_AN_HOUR_MS}`],
    ["%RETRY%G", "CONSUME_FROM_LAST_OFFSET", undefined, "0"],
    ["%RETRY%G", "CONSUME_FROM_FIRST_OFFSET", undefined, "0"],
    ["%RETRY%G", "CONSUME_FROM_TIMESTAMP", undefined, "99 max"],
  ];
  for (const [topic, where, stored, expected] of rows) {
    assertEquals(await start(topic, where, stored), expected, `${topic} ${where} ${stored}`);
  }
  assertEquals(await start("T", "CONSUME_FROM_TIMESTAMP", undefined, NOW_MS - 5), "42 at -5");
});

Deno.test("parseTimestamp() reads yyyyMMddHHmmss in local time", () => {
  assertEquals(parseTimestamp("20240102030405"), new Date(2024, 0, 2, 3, 4, 5).getTime());
  assertEquals(parseTimestamp(5), 5);
  assertEquals(parseTimestamp(undefined), undefined);
});

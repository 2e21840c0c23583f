/** The timer files that Apache's broker wrote: read as they are, and written again byte by byte. */
import { assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { decodeRecord, type StoredRecord } from "../../../protocol/record.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { readTimer } from "../../../store/timer/timer_message.ts";
import { TimerCounts } from "../../../store/timer/timer_metrics.ts";
import { decodeTimerCheckpoint, encodeTimerCheckpoint } from "../../../store/timer/timer_checkpoint.ts";
import { TimerStore, type TimerStoreOptions } from "../../../store/timer/timer_store.ts";
import { SLOT_BYTES, WHEEL_SLOTS } from "../../../store/timer/timer_wheel.ts";
import { assertSameBytes, copyGolden, GOLDEN_CONFIG, manifestMessages } from "../golden_store.ts";

const TIMERS = manifestMessages("store-timer").filter(({ topic }) => topic === "rmq_sys_wheel_timer");
const LOG = "timerlog/00000000000000000000";

function goldenDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  copyGolden("store-timer", disk, "/golden");
  disk.writeFile("/golden/timerwheel", gunzipSync(disk.readFile("/golden/timerwheel.gz")));
  return disk;
}

function recordAt(disk: MemoryDisk, position: number): StoredRecord {
  return decodeRecord(disk.readFile("/golden/commitlog/00000000000000000000").subarray(position));
}

function options(disk: MemoryDisk, root: string): TimerStoreOptions {
  return {
    disk,
    root,
    config: `${root}/config`,
    logFileBytes: 65520,
    precisionMs: 1000,
    rollWindowSlots: 172_800,
    commitLogEnd: GOLDEN_CONFIG["store-timer"].logEnd,
    queueOffsetAt: (position) => recordAt(disk, position).queueOffset,
    nowMs: 1_795_254_808_000,
  };
}

Deno.test("TimerStore opens Apache's timer files and finds what waits", () => {
  const disk = goldenDisk();
  const store = TimerStore.open(options(disk, "/golden"));
  assertEquals([store.queueOffset, store.log.end, store.readTimeMs], [6, 312, 1_795_254_844_000]);
  assertEquals(store.recovered, { unitsReplayed: 0, unitsCut: 0, slotsRefilled: 0 });
  const seen: [number, number[]][] = [];
  store.wheel.forEach(store.readTimeMs, (slot) => seen.push([slot.count, store.unitsOf(slot)]));
  assertEquals(seen, [[0, [208, 260]], [2, [104, 156]]]);
  assertEquals(store.log.read(156)?.magic, 3);
  assertEquals(store.log.read(260)?.magic, 5);
  assertEquals(store.counts.get("GoldTimer"), 2);
});

Deno.test("TimerStore writes log, wheel and checkpoint as Apache does", () => {
  const disk = goldenDisk();
  const store = TimerStore.open({ ...options(disk, "/ours"), nowMs: 1_795_254_802_600 });
  for (const { commitLogOffset, storeSize, storeTimestamp, queueOffset } of TIMERS) {
    const timer = readTimer(recordAt(disk, commitLogOffset))!;
    const request = {
      outMs: timer.outMs,
      recordPosition: commitLogOffset,
      recordBytes: storeSize,
      realTopic: timer.realTopic,
      isRecall: timer.recalls !== undefined,
    };
    store.enqueue([request], queueOffset + 1, storeTimestamp);
  }
  assertSameBytes(disk.readFile(`/ours/${LOG}`), disk.readFile(`/golden/${LOG}`), "timer log");
  const wheel = disk.readFile("/ours/timerwheel");
  assertEquals(wheel.length, WHEEL_SLOTS * SLOT_BYTES);
  assertSameBytes(wheel, disk.readFile("/golden/timerwheel"), "timer wheel");
  store.save(store.snapshot(), 1_795_254_807_136);
  const ours = disk.readFile("/ours/config/timercheck");
  assertEquals([ours.length, decodeTimerCheckpoint(ours).queueOffset], [4096, 6]);
});

Deno.test("timer checkpoint and metrics of Apache come back as they were", () => {
  const disk = goldenDisk();
  const bytes = disk.readFile("/golden/config/timercheck");
  const checkpoint = decodeTimerCheckpoint(bytes);
  assertEquals([checkpoint.logPosition, checkpoint.queueOffset, checkpoint.masterQueueOffset], [312, 6, 6]);
  assertSameBytes(encodeTimerCheckpoint(checkpoint), bytes.subarray(0, 56), "timer checkpoint");
  const text = new TextDecoder().decode(disk.readFile("/golden/config/timermetrics"));
  assertEquals(TimerCounts.decode(text).encode(), text);
});

import { assert, assertEquals } from "@std/assert";
import { decodeRecord } from "../../protocol/record.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { LogWriter, WriteOutcome } from "../../store/log_writer.ts";
import { LogStatus } from "../../store/memory/log_memory.ts";
import type { Appended } from "../../store/record_appender.ts";
import {
  appendRaw,
  fileBytesFrom,
  type LogBench,
  logBench,
  RING_BYTES,
  type TestRecord,
  testRecord,
} from "./log_bench.ts";

const FILE_BYTES = 2 ** 30;

/** Appends a record each to its queue, as one batch. */
function append(bench: LogBench, ...records: TestRecord[]): Appended[] {
  assert(bench.appender.begin());
  const placed = records.map((record) => {
    const appended = bench.records.append([testRecord(record)], record.queueId ?? 0, 77);
    assert(typeof appended !== "number");
    return appended;
  });
  bench.appender.end(77);
  bench.memory.check();
  return placed;
}

function writesOf(disk: FaultyDisk): { position: number; length: number }[] {
  return disk.operations.filter(({ kind }) => kind === "write").map(({ position, length }) => ({ position, length }));
}

Deno.test("LogWriter.write() writes nothing when nothing is appended", () => {
  const disk = new FaultyDisk();
  const { writer } = logBench({ disk, fileBytes: FILE_BYTES });
  assertEquals(writer.write(), WriteOutcome.Written);
  assertEquals(writesOf(disk), []);
});

Deno.test("LogWriter.write() hands several batches to the kernel in one write", () => {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES });
  append(bench, { bodyBytes: 100 });
  append(bench, { bodyBytes: 200 }, { bodyBytes: 300 });
  const [last] = append(bench, { bodyBytes: 10 });
  assertEquals(bench.writer.write(), WriteOutcome.Written);
  assertEquals(writesOf(disk), [{ position: 0, length: last!.end }]);
  assertEquals(bench.memory.written.load(), last!.end);
  assertEquals(bench.writer.counters, { writes: 1, bytes: last!.end });
  bench.memory.check();
});

Deno.test("LogWriter.write() of one thread writes what another appended", () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  const [one] = append(bench, { bodyBytes: 100 });
  const other = new LogWriter(bench.memory, bench.files, { restore: () => {} }, {
    nowMs: () => 0,
    slowWriteMs: 1,
    busyWriteMs: 1,
    onSlow: () => {},
  });
  assertEquals(other.write(), WriteOutcome.Written);
  assertEquals(bench.memory.written.load(), one!.end);
  assertEquals(bench.writer.write(), WriteOutcome.Written);
  assertEquals(bench.writer.counters.writes, 0);
});

Deno.test("LogWriter.write() goes across the ring's end in two writes and across a file's end in one for each file", () => {
  const disk = new FaultyDisk();
  const start = RING_BYTES - 5000;
  const ring = logBench({ disk, fileBytes: FILE_BYTES, start });
  appendRaw(ring, [8000], 7);
  assertEquals(ring.writer.write(), WriteOutcome.Written);
  assertEquals(writesOf(disk), [{ position: start, length: 5000 }, { position: RING_BYTES, length: 3000 }]);
  assertEquals(fileBytesFrom(ring, start, 8000), new Uint8Array(8000).fill(7));
  const files = new FaultyDisk();
  const two = logBench({ disk: files, fileBytes: 4096 });
  appendRaw(two, [4000, 1000], 7);
  assertEquals(two.writer.write(), WriteOutcome.Written);
  assertEquals(writesOf(files), [{ position: 0, length: 4096 }, { position: 0, length: 1000 }]);
  assertEquals(files.list("/log"), ["00000000000000000000", "00000000000000004096"]);
});

Deno.test("LogWriter.write() rings who waits for written", async () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  const { written, writtenBell } = bench.memory;
  const sleeping = writtenBell.sleepAsync(() => written.load() > 0, 100);
  append(bench, { bodyBytes: 1 });
  bench.writer.write();
  await sleeping;
  assertEquals(writtenBell.missed, 0);
  assertEquals(writtenBell.sleepers, 0);
});

for (const bytesWritten of [0, 1, 300, 5000]) {
  Deno.test(`LogWriter.write() takes everything back when the disk is full after ${bytesWritten} bytes`, () => {
    const disk = new FaultyDisk();
    const start = RING_BYTES - 1000;
    const bench = logBench({ disk, fileBytes: FILE_BYTES, start });
    const { memory, writer, queues, appender, reader } = bench;
    const [kept] = append(bench, { bodyBytes: 100, queueId: 0 });
    writer.write();
    append(bench, { bodyBytes: 500, queueId: 0 }, { bodyBytes: 500, queueId: 1 });
    append(bench, { bodyBytes: 4000, queueId: 1 });
    assertEquals([queues.nextOffset(0), queues.nextOffset(1)], [2, 2]);
    const epoch = memory.epoch;
    // The write goes across the ring's end; what got through before the failure counts for nothing.
    let budget = bytesWritten;
    disk.plan = ({ kind, length }) => {
      if (kind !== "write") return undefined;
      if (length <= budget) {
        budget -= length;
        return undefined;
      }
      return { code: "NO_SPACE", bytesWritten: budget };
    };
    assertEquals(writer.write(), WriteOutcome.Refused);
    assertEquals(memory.status, LogStatus.DiskFull);
    assertEquals(memory.epoch, epoch + 1);
    for (const cursor of [memory.written, memory.appended, memory.reserved, memory.ringFloor]) {
      assertEquals(cursor.load(), kept!.end);
    }
    assertEquals([queues.nextOffset(0), queues.nextOffset(1)], [1, 0]);
    memory.check();
    assertEquals(appender.begin(), false, "appends are refused");
    assertEquals([memory.appendLock.held, memory.writeLock.held, memory.busySince.load()], [false, false, 0]);
    const into = new Uint8Array(kept!.end - kept!.position);
    assertEquals(reader.copyFromRing(kept!.position, into.length, into, 0), false, "the ring counts as empty");
    assertEquals(reader.read(kept!.position, into.length, into, 0), into.length);
    assertEquals(decodeRecord(into).queueOffset, 0);
    // Space is back: the next record takes the place and the offset of the refused one.
    disk.plan = () => undefined;
    memory.setStatus(LogStatus.Open);
    const [next] = append(bench, { bodyBytes: 50, queueId: 1 });
    assertEquals(next!.position, kept!.end);
    assertEquals(next!.queueOffset, 0);
    assertEquals(writer.write(), WriteOutcome.Written);
    const again = fileBytesFrom(bench, next!.position, next!.end - next!.position);
    assertEquals(decodeRecord(again).physicalOffset, next!.position);
  });
}

Deno.test("LogWriter.write() restores offsets over a blank record, long topics and IPv6 hosts, not of half messages", () => {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: 4096 });
  const long = "L".repeat(200);
  append(
    bench,
    { bodyBytes: 3000, queueId: 1 },
    { bodyBytes: 2000, queueId: 2, topic: long, hostBytes: 20 },
    { bodyBytes: 10, queueId: 3, sysFlag: 0x4 },
    { bodyBytes: 10, queueId: 4, sysFlag: 0xc },
    { bodyBytes: 10, queueId: 5, sysFlag: 0x8 },
    { bodyBytes: 10, queueId: 1, hostBytes: 20 },
  );
  disk.plan = ({ kind }) => kind === "write" ? { code: "NO_SPACE" } : undefined;
  assertEquals(bench.writer.write(), WriteOutcome.Refused);
  assertEquals(bench.restored, ["TopicTest/1/0", `${long}/2/0`, "TopicTest/5/0", "TopicTest/1/1"]);
  assertEquals([1, 2, 5].map((slot) => bench.queues.nextOffset(slot)), [0, 0, 0]);
});

Deno.test("LogWriter.write() latches the log when the device fails, and never writes again", () => {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES });
  const { memory, writer, appender } = bench;
  const [kept] = append(bench, { bodyBytes: 100 });
  writer.write();
  append(bench, { bodyBytes: 100 });
  disk.plan = ({ kind }) => kind === "write" ? { code: "IO" } : undefined;
  assertEquals(writer.write(), WriteOutcome.Failed);
  assert(writer.lastError instanceof Error);
  assertEquals(memory.status, LogStatus.ReadOnly);
  assertEquals(memory.written.load(), kept!.end);
  assertEquals([memory.writeLock.held, memory.appendLock.held], [false, false]);
  assertEquals(appender.begin(), false);
  disk.plan = () => undefined;
  const before = writesOf(disk).length;
  assertEquals(writer.write(), WriteOutcome.Failed, "a device that failed once is not asked again");
  assertEquals(writesOf(disk).length, before);
  assertEquals(memory.written.load(), kept!.end, "nothing of it becomes visible");
  memory.check();
});

Deno.test("LogWriter.write() reports slow writes, and turns the log busy when one was slower than the limit", () => {
  let now = 1000;
  let elapsed = 0;
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES, nowMs: () => now });
  disk.plan = ({ kind }) => {
    if (kind === "write") {
      assertEquals(bench.memory.busySince.load(), now, "others see when the write began");
      now += elapsed;
    }
    return undefined;
  };
  const rows: [number, number, number][] = [
    [500, LogStatus.Open, 0],
    [501, LogStatus.Open, 1],
    [1000, LogStatus.Open, 2],
    [1001, LogStatus.Busy, 3],
  ];
  for (const [elapsedMs, status, reports] of rows) {
    elapsed = elapsedMs;
    append(bench, { bodyBytes: 1 });
    assertEquals(bench.writer.write(), WriteOutcome.Written);
    assertEquals([bench.memory.status, bench.slow.length], [status, reports], `${elapsedMs} ms`);
    assertEquals(bench.memory.busySince.load(), 0);
  }
  assertEquals(bench.appender.begin(), false);
});

Deno.test("LogWriter.write() reports a long wait for the write lock as such", () => {
  const times = [0, 501, 501, 501, 1000, 1500, 1500, 1500];
  const told: string[] = [];
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  const writer = new LogWriter(bench.memory, bench.files, { restore: () => {} }, {
    nowMs: () => times.shift()!,
    slowWriteMs: 500,
    busyWriteMs: 1000,
    onSlow: (elapsedMs, bytes, phase) => told.push(`${phase} ${elapsedMs} ${bytes}`),
  });
  for (let turn = 0; turn < 2; turn++) {
    append(bench, { bodyBytes: 1 });
    assertEquals(writer.write(), WriteOutcome.Written);
  }
  assertEquals([told, times], [["write lock 501 0"], []]);
});

Deno.test("LogWriter.write() that keeps what a full disk refuses takes nothing back, and writes it when there is room", () => {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES });
  const { memory, queues } = bench;
  const writer = new LogWriter(memory, bench.files, { restore: () => assert(false, "an offset was taken back") }, {
    nowMs: () => 0,
    slowWriteMs: 500,
    busyWriteMs: 1000,
    keepsRefused: true,
    onSlow: () => {},
  });
  const placed = append(bench, { bodyBytes: 500, queueId: 0 }, { bodyBytes: 500, queueId: 1 });
  const end = placed.at(-1)!.end;
  const epoch = memory.epoch;
  disk.plan = ({ kind }) => kind === "write" ? { code: "NO_SPACE", bytesWritten: 300 } : undefined;
  assertEquals(writer.write(), WriteOutcome.Kept);
  assertEquals([memory.written.load(), memory.appended.load(), memory.epoch], [0, end, epoch]);
  assertEquals([queues.nextOffset(0), queues.nextOffset(1), memory.status], [1, 1, LogStatus.DiskFull]);
  assertEquals(bench.appender.begin(), false, "nothing more is taken meanwhile");
  memory.check();
  disk.plan = () => undefined;
  assertEquals(writer.write(), WriteOutcome.Written);
  assertEquals(memory.written.load(), end);
  assertEquals(fileBytesFrom(bench, 0, end), memory.ring.slice(0, end));
});

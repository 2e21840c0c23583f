import { assert, assertEquals, assertThrows } from "@std/assert";
import { LogSync, LogSyncError } from "../../store/log_sync.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { LogStatus } from "../../store/memory/log_memory.ts";
import { appendRaw, type LogBench, logBench } from "./log_bench.ts";

const FILE_BYTES = 2 ** 20;

function written(bytes: number): { bench: LogBench; disk: FaultyDisk; sync: LogSync } {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES });
  appendRaw(bench, [bytes], 1);
  bench.writer.write();
  disk.operations.length = 0;
  return { bench, disk, sync: new LogSync(bench.memory, bench.files, []) };
}

const syncsOf = (disk: FaultyDisk): number => disk.operations.filter(({ kind }) => kind === "sync").length;

Deno.test("LogSync.sync() brings what is written to the device, once", () => {
  const { bench, disk, sync } = written(1000);
  assertEquals(sync.behindBytes, 1000);
  assertEquals(sync.sync(), 1000);
  assertEquals([bench.memory.flushed.load(), sync.behindBytes, sync.sync(), syncsOf(disk)], [1000, 0, 0, 1]);
  bench.memory.check();
});

Deno.test("LogSync.trySync() does nothing while another thread syncs", () => {
  const { bench, disk, sync } = written(1000);
  bench.memory.syncLock.acquire();
  assertEquals(sync.trySync(), undefined);
  assertEquals([bench.memory.flushed.load(), syncsOf(disk)], [0, 0]);
  bench.memory.syncLock.release();
  assertEquals([sync.trySync(), syncsOf(disk)], [1000, 1]);
});

Deno.test("LogSync latches the log when a sync fails, and no thread syncs again", () => {
  const { bench, disk, sync } = written(1000);
  disk.plan = ({ kind }) => kind === "sync" ? { code: "IO" } as const : undefined;
  assertThrows(() => sync.trySync(), LogSyncError, "Cannot sync the commit log from 0 to 1000");
  assertEquals([bench.memory.status, bench.memory.syncLock.held], [LogStatus.ReadOnly, false]);
  disk.plan = () => undefined;
  const another = new LogSync(bench.memory, bench.files, []);
  assertEquals([sync.sync(), sync.trySync(), another.sync(), another.trySync()], [0, 0, 0, 0]);
  assertEquals(bench.memory.flushed.load(), 0);
  assert(syncsOf(disk) <= 1);
});

Deno.test("LogSync passes over what an empty log that began above 0 never had", () => {
  const { bench, sync } = written(1000);
  bench.memory.logStart.store(1000);
  assertEquals(sync.sync(), 0);
  assertEquals(bench.memory.flushed.load(), 1000);
});

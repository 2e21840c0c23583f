import { assert, assertEquals } from "@std/assert";
import { decodeRecord, decodeRecords } from "../../protocol/record.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { PlaceRefusal } from "../../store/log_appender.ts";
import { APPEND_BYTES_MAX, fileBytesFrom, logBench, testRecord } from "./log_bench.ts";

const FILE_BYTES = 2 ** 30;

Deno.test("RecordAppender.append() fills in queue offset, position and store time", () => {
  for (const hostBytes of [8, 20]) {
    const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES, start: 2 ** 33 });
    bench.queues.setNextOffset(2, 2 ** 32 + 5);
    assert(bench.appender.begin());
    const placed = bench.records.append([testRecord({ bodyBytes: 9, queueId: 2, hostBytes })], 2, 1_700_000_000_123);
    bench.appender.end(1_700_000_000_123);
    assert(typeof placed !== "number");
    bench.writer.write();
    const record = decodeRecord(fileBytesFrom(bench, placed.position, placed.end - placed.position));
    assertEquals(placed.position, 2 ** 33);
    assertEquals(record.queueOffset, 2 ** 32 + 5);
    assertEquals(record.physicalOffset, placed.position);
    assertEquals(record.storeTimestamp, 1_700_000_000_123);
    assertEquals(record.queueId, 2);
    assertEquals(bench.queues.nextOffset(2), 2 ** 32 + 6);
  }
});

Deno.test("RecordAppender.append() lays a batch behind each other in one file, with offsets without a gap", () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: 4096 });
  const batch = (): Uint8Array[] => [1, 2, 3].map((bodyBytes) => testRecord({ bodyBytes: bodyBytes * 300 }));
  assert(bench.appender.begin());
  const one = bench.records.append(batch(), 0, 1);
  const two = bench.records.append(batch(), 0, 1);
  bench.appender.end(1);
  assert(typeof one !== "number");
  assert(typeof two !== "number");
  bench.writer.write();
  assertEquals(two.position, 4096, "the second batch does not fit behind the first");
  assertEquals([one.queueOffset, two.queueOffset], [0, 3]);
  const records = decodeRecords(fileBytesFrom(bench, two.position, two.end - two.position));
  assertEquals(records.map(({ queueOffset }) => queueOffset), [3, 4, 5]);
  let position = two.position;
  for (const record of records) {
    assertEquals(record.physicalOffset, position);
    position += record.totalSize;
  }
});

Deno.test("RecordAppender.append() changes no offset when there is no place", () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  bench.queues.setNextOffset(0, 4);
  assert(bench.appender.begin());
  assertEquals(bench.records.append([testRecord({ bodyBytes: APPEND_BYTES_MAX })], 0, 1), PlaceRefusal.TooLarge);
  assertEquals(bench.queues.nextOffset(0), 4);
  let placed = bench.records.append([testRecord({ bodyBytes: 8000 })], 0, 1);
  while (typeof placed !== "number") placed = bench.records.append([testRecord({ bodyBytes: 8000 })], 0, 1);
  assertEquals(placed, PlaceRefusal.NoRoom);
  bench.appender.end(1);
  bench.writer.write();
  assertEquals(bench.queues.nextOffset(0), 4 + Math.floor(bench.memory.written.load() / 8000));
});

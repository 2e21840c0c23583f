import { assertEquals } from "@std/assert";
import { UnitWindows, WINDOW_UNITS, WINDOWS_MAX } from "../../actors/broker/gateway/unit_windows.ts";
import { encodeUnit, UNIT_BYTES, unitPosition } from "../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { createQueueChunk, QueueTable } from "../../store/queue_table.ts";

const FILE_UNITS = 1000;

/** A queue whose unit n speaks of position n, and the reads that its files got. */
function bench(): {
  readonly table: QueueTable;
  readonly windows: UnitWindows;
  readonly queue: (queueId: number, units: number) => ConsumeQueueReader;
  readonly read: (source: ConsumeQueueReader, offset: number, count: number) => number[];
  readonly reads: () => number;
} {
  const disk = new FaultyDisk();
  const table = new QueueTable([createQueueChunk()]);
  const queue = (queueId: number, units: number): ConsumeQueueReader => {
    const bytes = new Uint8Array(FILE_UNITS * UNIT_BYTES);
    const view = new DataView(bytes.buffer);
    for (let unit = 0; unit < units; unit++) encodeUnit(view, unit * UNIT_BYTES, unit, 1, 0);
    disk.makeDirectory(`/q/T/${queueId}`);
    disk.writeFile(`/q/T/${queueId}/${"0".repeat(20)}`, bytes);
    table.resetSlot(queueId, { next: units, max: units, min: 0 });
    return new ConsumeQueueReader({
      root: "/q",
      topic: "T",
      queueId,
      fileBytes: FILE_UNITS * UNIT_BYTES,
      handles: new HandleCache({ disk, mode: "read", handlesMax: 4 }),
      tail: { table, slot: () => queueId },
    });
  };
  const into = new Uint8Array(2 * WINDOW_UNITS * UNIT_BYTES);
  const windows = new UnitWindows();
  const read = (source: ConsumeQueueReader, offset: number, count: number): number[] => {
    const got = windows.read(source, offset, count, into);
    const view = new DataView(into.buffer);
    return Array.from({ length: got }, (_, unit) => unitPosition(view, unit * UNIT_BYTES));
  };
  const reads = (): number => disk.operations.filter(({ kind }) => kind === "read").length;
  return { table, windows, queue, read, reads };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("UnitWindows reads once for many pulls that follow each other", () => {
  const { queue, read, reads } = bench();
  const source = queue(0, 900);
  const before = reads();
  for (let at = 0; at < WINDOW_UNITS; at += 32) assertEquals(read(source, at, 32), range(at, at + 32));
  assertEquals(reads() - before, 1);
  assertEquals(read(source, WINDOW_UNITS - 8, 32), range(WINDOW_UNITS - 8, WINDOW_UNITS + 24));
  assertEquals(read(source, 3, 32), range(3, 35));
  assertEquals(reads() - before, 3);
  assertEquals(read(source, 100, WINDOW_UNITS + 1), range(100, 101 + WINDOW_UNITS));
});

Deno.test("UnitWindows ends where the queue does, and sees what comes behind it", () => {
  const { queue, read, table } = bench();
  const source = queue(0, 40);
  assertEquals(read(source, 32, 32), range(32, 40));
  assertEquals(read(source, 40, 32), []);
  table.putUnit(0, 40, 40, 1, 0, 0);
  table.setMaxOffset(0, 41);
  assertEquals(read(source, 40, 32), [40]);
  assertEquals(read(source, 33, 8), range(33, 41));
});

Deno.test("UnitWindows keeps a bounded number of windows, and none of a queue that it is to forget", () => {
  const { queue, read, reads, windows } = bench();
  const sources = range(0, WINDOWS_MAX + 1).map((queueId) => queue(queueId, 100));
  for (const source of sources) assertEquals(read(source, 0, 10), range(0, 10));
  const before = reads();
  for (const source of sources.slice(-WINDOWS_MAX + 1)) read(source, 10, 10);
  assertEquals(reads() - before, 0);
  windows.forget(sources.at(-1)!);
  assertEquals(read(sources.at(-1)!, 20, 10), range(20, 30));
  assertEquals(reads() - before, 1);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeUnit, isBlankUnit, UNIT_BYTES } from "../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import { type DispatchCounters, type DispatchQueue, UnitBufferPool } from "../../store/dispatch_queue.ts";
import { DiskError } from "../../store/file/disk.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { type QueueRemoval, removeQueueFiles } from "../../store/retention_files.ts";
import { createQueueChunk, QueueTable, TAIL_UNITS } from "../../store/queue_table.ts";
import { withActors } from "../helpers/with_actors.ts";
import { startThreads } from "./memory/threads.ts";
import { sharedUnitsReader, UNIT_RECORD_BYTES } from "./shared_units.ts";

const ROOT = "/s/consumequeue";
const FILE_BYTES = 40 * UNIT_BYTES;
const RECORD_BYTES = 100;
const SLOT = 3;

/** What a test works with. */
interface Bench {
  readonly disk: FaultyDisk;
  readonly table: QueueTable;
  readonly files: DispatchFiles;
  readonly pool: UnitBufferPool;
  readonly counters: DispatchCounters;
  /** The queue at the end of its files, with the tail. */
  readonly open: () => DispatchQueue;
  /** One batch of units, shown to readers. */
  readonly put: (queue: DispatchQueue, from: number, count: number) => void;
  /** Offsets of the units that a reader finds, −1 for a blank one. */
  readonly read: (offset: number, count: number) => number[];
  /** Units in the first file. */
  readonly fileUnits: () => number;
}

/** A queue with a tail, what it counts, and a reader of it. */
function bench(): Bench {
  const disk = new FaultyDisk();
  const table = new QueueTable([createQueueChunk()]);
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 4 });
  const files = new DispatchFiles({ root: ROOT, fileBytes: FILE_BYTES, handles });
  const pool = new UnitBufferPool();
  const counters = { units: 0, repeated: 0, blankUnits: 0 };
  const open = (): DispatchQueue => {
    const queue = files.openQueue("Topic", 1);
    queue.share(table, SLOT, pool);
    return queue;
  };
  const reader = new ConsumeQueueReader({
    root: ROOT,
    topic: "Topic",
    queueId: 1,
    fileBytes: FILE_BYTES,
    handles: new HandleCache({ disk, mode: "read", handlesMax: 4 }),
    tail: { table, slot: () => SLOT },
  });
  const put = (queue: DispatchQueue, from: number, count: number): void => {
    for (let offset = from; offset < from + count; offset++) {
      assert(queue.add(offset * RECORD_BYTES, RECORD_BYTES, 0, offset, offset, pool, counters));
    }
    queue.write(pool);
    table.setMaxOffset(SLOT, queue.nextOffset);
  };
  const read = (offset: number, count: number): number[] => {
    const bytes = new Uint8Array((count + 1) * UNIT_BYTES);
    const got = reader.readUnits(offset, count, bytes, UNIT_BYTES);
    const view = new DataView(bytes.buffer);
    return Array.from({ length: got }, (_, unit) => {
      const at = (unit + 1) * UNIT_BYTES;
      return isBlankUnit(view, at) ? -1 : decodeUnit(view, at).position / RECORD_BYTES;
    });
  };
  const fileUnits = (): number => {
    const path = `${ROOT}/Topic/1/${"0".repeat(20)}`;
    if (!disk.exists(path)) return 0;
    const view = new DataView(disk.readFile(path).buffer);
    let units = 0;
    while (units < FILE_BYTES / UNIT_BYTES && view.getInt32(units * UNIT_BYTES + 8) > 0) units++;
    return units;
  };
  return { disk, table, files, pool, counters, open, put, read, fileUnits };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("a few units are shared and read without a file, and the one too many brings them all into it", () => {
  const { open, put, read, fileUnits, table } = bench();
  const queue = open();
  for (let offset = 0; offset < TAIL_UNITS; offset++) put(queue, offset, 1);
  assertEquals(fileUnits(), 0);
  assertEquals(read(0, 32), range(0, TAIL_UNITS));
  assertEquals(read(5, 2), [5, 6]);
  put(queue, TAIL_UNITS, 1);
  const written = TAIL_UNITS + 1;
  assertEquals([fileUnits(), table.writtenOffset(SLOT)], [written, written]);
  put(queue, written, 3);
  assertEquals(fileUnits(), written);
  assertEquals(read(0, 32), range(0, written + 3));
  assertEquals(read(written + 2, 32), [written + 2]);
  assertEquals(read(written + 3, 32), []);
});

Deno.test("a batch that is larger than a tail goes to the files with what is in the tail, over the end of a file", () => {
  const { open, put, read, fileUnits } = bench();
  const queue = open();
  put(queue, 0, 35);
  put(queue, 35, 3);
  assertEquals(fileUnits(), 35);
  put(queue, 38, 20);
  assertEquals(fileUnits(), 40);
  assertEquals(read(0, 64), range(0, 58));
  put(queue, 58, 6);
  assertEquals(read(30, 64), range(30, 64));
});

Deno.test("settle() writes what is shared and says from where on the files are dirty", () => {
  const { open, put, pool, read, fileUnits } = bench();
  const queue = open();
  const written = TAIL_UNITS + 1;
  put(queue, 0, written);
  queue.isDirty = false;
  put(queue, written, 2);
  assertEquals(queue.isDirty, false);
  queue.settle(pool);
  assertEquals([queue.isDirty, queue.dirtyFrom / UNIT_BYTES, fileUnits()], [true, written, written + 2]);
  assertEquals(read(0, 64), range(0, written + 2));
  put(queue, written + 2, 1);
  assertEquals(read(written + 1, 64), [written + 1, written + 2]);
});

Deno.test("units stay shared and readable while the disk refuses them", () => {
  const { disk, open, put, pool, read, counters, table } = bench();
  const queue = open();
  const shared = TAIL_UNITS - 1;
  put(queue, 0, shared);
  disk.plan = ({ kind }) => kind === "write" ? { code: "NO_SPACE" } : undefined;
  assertThrows(() => queue.settle(pool), DiskError);
  assertEquals(read(0, 64), range(0, shared));
  for (const offset of [shared, shared + 1]) {
    queue.add(offset * RECORD_BYTES, RECORD_BYTES, 0, 0, offset, pool, counters);
  }
  assertThrows(() => queue.write(pool), DiskError);
  assertEquals([read(0, 64), table.writtenOffset(SLOT)], [range(0, shared), 0]);
  disk.plan = () => undefined;
  queue.write(pool);
  table.setMaxOffset(SLOT, queue.nextOffset);
  assertEquals([read(0, 64), table.writtenOffset(SLOT)], [range(0, shared + 2), shared + 2]);
});

Deno.test("a thread that starts again writes the tail it finds, and goes on behind it", () => {
  const { open, put, files, table, read, fileUnits } = bench();
  put(open(), 0, 5);
  files.settleTail("Topic", 1, table, SLOT);
  assertEquals([fileUnits(), table.writtenOffset(SLOT)], [5, 5]);
  const queue = open();
  assertEquals(queue.nextOffset, 5);
  put(queue, 5, 2);
  assertEquals(read(0, 64), range(0, 7));
  files.settleTail("Topic", 2, table, SLOT + 1);
  assertEquals(fileUnits(), 5);
});

Deno.test("a queue without a slot writes at once, and one that loses its slot writes what it shared", () => {
  const { open, put, table, pool, fileUnits } = bench();
  const queue = open();
  put(queue, 0, 3);
  assertEquals(fileUnits(), 0);
  queue.share(table, -1, pool);
  assertEquals(fileUnits(), 3);
  put(queue, 3, 1);
  assertEquals(fileUnits(), 4);
  queue.share(table, SLOT + 1, pool);
  assertEquals(table.writtenOffset(SLOT + 1), 4);
});

Deno.test("a gap is bridged in the files behind the tail", () => {
  const { open, put, read, fileUnits, table } = bench();
  const queue = open();
  put(queue, 0, 2);
  put(queue, 5, 2);
  assertEquals([fileUnits(), table.writtenOffset(SLOT)], [5, 5]);
  assertEquals(read(0, 64), [0, 1, -1, -1, -1, 5, 6]);
});

Deno.test("a queue that begins at the start of a later file shares from there on", () => {
  const { open, put, read, table } = bench();
  const queue = open();
  put(queue, 80, 2);
  assertEquals(table.writtenOffset(SLOT), 80);
  assertEquals(read(80, 64), [80, 81]);
});

Deno.test("retention leaves the last file on the disk while the units of the next one are shared only", () => {
  const { disk, open, put, pool, table } = bench();
  const queue = open();
  put(queue, 0, 38);
  put(queue, 38, 4);
  const clean = (): QueueRemoval =>
    removeQueueFiles({
      root: ROOT,
      topic: "Topic",
      queueId: 1,
      fileBytes: FILE_BYTES,
      handles: new HandleCache({ disk, mode: "write", handlesMax: 4 }),
      tail: { table, slot: () => SLOT },
      minOffset: 0,
      maxOffset: queue.nextOffset,
    }, 41 * RECORD_BYTES);
  assertEquals(clean(), { minOffset: 41, files: 0 });
  queue.settle(pool);
  assertEquals(clean(), { minOffset: 41, files: 1 });
});

Deno.test(
  "a reader on another thread sees each unit whole and in its place, however the tail moves",
  () =>
    withActors(async (keep) => {
      const root = await Deno.makeTempDir();
      const [thread] = await startThreads(keep, "shares");
      const chunk = createQueueChunk();
      const table = new QueueTable([chunk]);
      const reader = sharedUnitsReader(root, table);
      const units = 200_000;
      const bytes = new Uint8Array(32 * UNIT_BYTES);
      const view = new DataView(bytes.buffer);
      const wrong: number[] = [];
      let fromTail = 0;
      try {
        const done = thread!.ask("shareUnits", { root, chunk, count: units }, { timeoutMs: 120_000 });
        const endMs = performance.now() + 120_000;
        for (let max = 0; max < units;) {
          assert(performance.now() < endMs, `the writer came to ${max} of ${units} units`);
          max = table.maxOffset(0);
          const first = Math.max(0, max - 1 - fromTail % 24);
          if (table.writtenOffset(0) < max) fromTail++;
          const got = reader.readUnits(first, max - first, bytes, 0);
          if (got !== max - first) wrong.push(first);
          for (let unit = 0; unit < got; unit++) {
            const { position, size, tagsCode } = decodeUnit(view, unit * UNIT_BYTES);
            const offset = first + unit;
            const isRight = position === offset * UNIT_RECORD_BYTES && size === UNIT_RECORD_BYTES &&
              tagsCode === offset * 2 ** 32 + (~offset >>> 0);
            if (!isRight) wrong.push(offset);
          }
        }
        await done;
      } finally {
        await Deno.remove(root, { recursive: true });
      }
      assertEquals(wrong, []);
      assert(fromTail > 1000, `only ${fromTail} reads may have met a tail`);
    }),
);

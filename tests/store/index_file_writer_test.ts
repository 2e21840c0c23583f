/** One index file: which writes bring its slots to the disk, and that the disk has what was put. */
import { assert, assertEquals } from "@std/assert";
import type { DiskFile } from "../../store/file/disk.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { entryAt, INDEX_SHAPE, indexFileBytes, slotAt } from "../../store/index_file.ts";
import { IndexFileWriter, slotMemory, SLOTS_EVERY_MS } from "../../store/index_file_writer.ts";
import { Random } from "../helpers/random.ts";

const SHAPE = INDEX_SHAPE;

/** First bytes of the slots that each write since the last look brought, with their number. */
interface Bench {
  readonly writer: IndexFileWriter;
  takeSlotWrites(): [slot: number, slots: number][];
  slotOnDisk(slot: number): number;
}

function bench(): Bench {
  const disk = new MemoryDisk();
  const file = disk.open("/index", "create");
  file.truncate(indexFileBytes(SHAPE));
  let writes: [number, number][] = [];
  const watched: DiskFile = {
    read: (into, start, length, position) => file.read(into, start, length, position),
    write: (from, start, length, position) => {
      if (position >= slotAt(0) && position < entryAt(SHAPE, 0)) writes.push([(position - slotAt(0)) / 4, length / 4]);
      return file.write(from, start, length, position);
    },
    syncData: () => file.syncData(),
    truncate: (bytes) => file.truncate(bytes),
    bytes: () => file.bytes(),
    close: () => file.close(),
  };
  return {
    writer: new IndexFileWriter("/index", watched, SHAPE, slotMemory(SHAPE)),
    takeSlotWrites: () => {
      const taken = writes;
      writes = [];
      return taken;
    },
    slotOnDisk: (slot) => {
      const bytes = new Uint8Array(4);
      file.read(bytes, 0, 4, slotAt(slot));
      return new DataView(bytes.buffer).getInt32(0);
    },
  };
}

Deno.test("IndexFileWriter.write() brings neighbours and one slot that is used again and again to the disk by one write each", () => {
  const { writer, takeSlotWrites, slotOnDisk } = bench();
  for (let i = 0; i < 20; i++) {
    writer.put(70_000 - 3 * i, i * 100, 1000 + i);
    writer.put(1_000_000, i * 100, 1000 + i);
  }
  writer.write();
  assertEquals(takeSlotWrites(), [[70_000 - 57, 58], [1_000_000, 1]]);
  assertEquals([slotOnDisk(70_000), slotOnDisk(69_997), slotOnDisk(69_999), slotOnDisk(1_000_000)], [1, 3, 0, 40]);
});

Deno.test("IndexFileWriter.write() takes the slots between those that changed as they were", () => {
  const { writer, takeSlotWrites, slotOnDisk } = bench();
  writer.put(501, 0, 1000);
  writer.write();
  writer.put(500, 100, 1000);
  writer.put(502, 200, 1000);
  writer.write();
  assertEquals(takeSlotWrites(), [[501, 1], [500, 3]]);
  assertEquals([500, 501, 502].map(slotOnDisk), [2, 1, 3]);
});

Deno.test("IndexFileWriter.write() writes slots that are far from each other, or of two chunks, apart", () => {
  const { writer, takeSlotWrites } = bench();
  for (const slot of [100, 355, 356, 4095, 4096]) writer.put(slot, 0, 1000);
  writer.write();
  assertEquals(takeSlotWrites(), [[100, 256], [356, 1], [4095, 1], [4096, 1]]);
});

Deno.test("IndexFileWriter.idle() writes many dirty slots now and then, and says when some are kept back", () => {
  const { writer, takeSlotWrites, slotOnDisk } = bench();
  const putMany = (): void => {
    for (let i = 0; i < 100; i++) writer.put(i * 10_000, i * 100, 1000);
    writer.write();
  };
  writer.put(5, 0, 1000);
  writer.write();
  assertEquals([writer.idle(1000), takeSlotWrites().length], [false, 1]);
  putMany();
  assertEquals([takeSlotWrites().length, writer.idle(1000), takeSlotWrites().length, slotOnDisk(990_000)], [
    0,
    false,
    100,
    101,
  ]);
  putMany();
  assertEquals([writer.idle(1000 + SLOTS_EVERY_MS - 1), takeSlotWrites().length, slotOnDisk(990_000)], [true, 0, 101]);
  assertEquals([writer.idle(1000 + SLOTS_EVERY_MS), takeSlotWrites().length, slotOnDisk(990_000)], [false, 100, 201]);
  putMany();
  writer.writeAll();
  assertEquals([writer.idle(2001), slotOnDisk(990_000)], [false, 301]);
});

Deno.test("IndexFileWriter: the disk has the last entry of every slot after each write, few or many at a time", () => {
  const random = new Random(7);
  const { writer, slotOnDisk } = bench();
  const last = new Map<number, number>();
  let entry = writer.header.count;
  for (let batch = 0; batch < 200; batch++) {
    const count = 1 + random.below(80);
    const base = random.below(SHAPE.slots - 400);
    for (let i = 0; i < count; i++) {
      const slot = base + random.below(400);
      last.set(slot, entry++);
      writer.put(slot + SHAPE.slots * random.below(2), batch, 1000 + batch);
    }
    writer.writeAll();
  }
  assert(last.size > 1000);
  for (const [slot, entry] of last) assertEquals(slotOnDisk(slot), entry, `slot ${slot}`);
});

Deno.test("IndexFileWriter.isFull counts keys that have no entry yet, and a file that was read back goes on where it ended", () => {
  const shape = { slots: 8192, entries: 301 };
  const disk = new MemoryDisk();
  const file = disk.open("/index", "create");
  file.truncate(indexFileBytes(shape));
  const first = new IndexFileWriter("/index", file, shape, slotMemory(shape));
  for (let key = 1; key <= 299; key++) first.put(key % 3, key, 1000);
  assertEquals(first.isFull, false);
  first.close();
  const again = new IndexFileWriter("/index", disk.open("/index", "write"), shape, slotMemory(shape));
  assertEquals([again.header.count, again.header.usedSlots, again.isFull], [300, 3, false]);
  again.put(2, 300, 1000);
  assertEquals(again.isFull, true);
  again.close();
  const view = new DataView(disk.readFile("/index").buffer);
  // Each entry names the one before it in its slot.
  assertEquals([view.getInt32(slotAt(2)), view.getInt32(entryAt(shape, 300) + 16)], [300, 299]);
});

Deno.test("IndexFileWriter: a new file has nothing of the slots that its memory held before", () => {
  const shape = { slots: 8192, entries: 301 };
  const disk = new MemoryDisk();
  const slots = slotMemory(shape);
  for (const path of ["/first", "/second"]) {
    const file = disk.open(path, "create");
    file.truncate(indexFileBytes(shape));
    const writer = new IndexFileWriter(path, file, shape, slots);
    for (const key of path === "/first" ? [1, 2, 3] : [3, 2, 1]) writer.put(key, key, 1000);
    writer.close();
    assertEquals(writer.header.usedSlots, 3);
    const view = new DataView(disk.readFile(path).buffer);
    for (const entry of [1, 2, 3]) assertEquals(view.getInt32(entryAt(shape, entry) + 16), 0);
  }
});

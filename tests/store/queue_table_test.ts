import { assertEquals, assertThrows } from "@std/assert";
import { RegionMismatchError } from "../../store/memory/region.ts";
import {
  createQueueChunk,
  QUEUE_CHUNKS_MAX,
  QUEUE_SLOTS_PER_CHUNK,
  QueueTable,
  QueueTableError,
} from "../../store/queue_table.ts";

Deno.test("QueueTable gives each slot three offsets of its own, in every chunk", () => {
  const chunks = [createQueueChunk(), createQueueChunk()];
  const table = new QueueTable(chunks);
  const slots = [0, 1, QUEUE_SLOTS_PER_CHUNK - 1, QUEUE_SLOTS_PER_CHUNK, 2 * QUEUE_SLOTS_PER_CHUNK - 1];
  slots.forEach((slot, i) => {
    table.setNextOffset(slot, 2 ** 40 + i);
    table.setMaxOffset(slot, 2 ** 41 + i);
    table.setMinOffset(slot, 2 ** 42 + i);
  });
  const other = new QueueTable(chunks);
  slots.forEach((slot, i) => {
    assertEquals(other.nextOffset(slot), 2 ** 40 + i);
    assertEquals(other.maxOffset(slot), 2 ** 41 + i);
    assertEquals(other.minOffset(slot), 2 ** 42 + i);
  });
  assertEquals([other.nextOffset(2), other.maxOffset(2), other.minOffset(2)], [0, 0, 0]);
});

Deno.test("QueueTable.nextOffset() holds whole numbers around 2^32", () => {
  const table = new QueueTable([createQueueChunk()]);
  for (const offset of [0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 50]) {
    table.setNextOffset(7, offset);
    assertEquals(table.nextOffset(7), offset);
  }
});

Deno.test("QueueTable refuses a slot whose chunk is not attached", () => {
  const table = new QueueTable([createQueueChunk()]);
  const error = assertThrows(() => table.nextOffset(QUEUE_SLOTS_PER_CHUNK), QueueTableError, "the table has 4096");
  assertEquals(error.code, "QUEUE_TABLE");
  assertThrows(() => table.setNextOffset(QUEUE_SLOTS_PER_CHUNK, 1), QueueTableError);
  assertThrows(() => table.maxOffset(QUEUE_SLOTS_PER_CHUNK), QueueTableError);
  assertThrows(() => table.setMinOffset(QUEUE_SLOTS_PER_CHUNK, 1), QueueTableError);
});

Deno.test("QueueTable.attachNew() adds what is missing, and the table is bounded", () => {
  const chunk = createQueueChunk();
  const table = new QueueTable([chunk]);
  table.setMaxOffset(1, 5);
  table.attachNew([chunk, createQueueChunk(), createQueueChunk()]);
  assertEquals(table.capacity, 3 * QUEUE_SLOTS_PER_CHUNK);
  assertEquals(table.maxOffset(1), 5);
  table.attachNew([chunk]);
  assertEquals(table.chunks.length, 3);
  const full = new QueueTable(new Array(QUEUE_CHUNKS_MAX).fill(chunk));
  assertThrows(() => full.attach(chunk), QueueTableError, "full with 128 chunks");
  assertThrows(() => new QueueTable([new SharedArrayBuffer(4096)]), RegionMismatchError);
});

Deno.test("QueueTable.resetSlot() sets all three offsets", () => {
  const table = new QueueTable([createQueueChunk()]);
  table.resetSlot(3, { next: 30, max: 20, min: 10 });
  assertEquals([table.nextOffset(3), table.maxOffset(3), table.minOffset(3)], [30, 20, 10]);
});

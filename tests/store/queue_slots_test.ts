import { assertEquals, assertThrows } from "@std/assert";
import { QueueSlots } from "../../store/queue_slots.ts";
import { QUEUE_CHUNKS_MAX, QUEUE_SLOTS_PER_CHUNK, QueueTableError } from "../../store/queue_table.ts";

const FOUND = { topic: "T", queueId: 1, minOffset: 2, maxOffset: 5, nextOffset: 6 };

Deno.test("QueueSlots.allocate() starts queues at what recovery found, others at 0", () => {
  const slots = new QueueSlots([FOUND]);
  const [first, second] = slots.allocate("T", 2);
  assertEquals([slots.table.nextOffset(first!), slots.table.maxOffset(first!)], [0, 0]);
  assertEquals([slots.table.nextOffset(second!), slots.table.maxOffset(second!), slots.table.minOffset(second!)], [
    6,
    5,
    2,
  ]);
  assertEquals(slots.recoveredQueueNums("T"), 2);
});

Deno.test("QueueSlots.allocate() keeps slots when a topic shrinks and adds when it grows", () => {
  const slots = new QueueSlots();
  const two = [...slots.allocate("T", 2)];
  assertEquals(slots.allocate("T", 1), two);
  assertEquals(slots.allocate("T", 3).slice(0, 2), two);
  assertEquals(slots.slotOf("T", 2), 2);
});

Deno.test("QueueSlots.release() forgets recovery, and slots come back only after reclaim()", () => {
  const slots = new QueueSlots([FOUND]);
  const released = [...slots.allocate("T", 2)];
  assertEquals(slots.release("T"), released);
  assertEquals(slots.slotsOf("T"), []);
  const others = slots.allocate("U", 1);
  assertEquals(released.includes(others[0]!), false);
  slots.table.setNextOffset(released[1]!, 99);
  slots.reclaim(released);
  const again = slots.allocate("T", 2);
  assertEquals([...again].sort(), [...released].sort());
  assertEquals(again.map((slot) => slots.table.nextOffset(slot)), [0, 0]);
});

Deno.test("QueueSlots.allocate() adds chunks as it needs them", () => {
  const slots = new QueueSlots();
  slots.allocate("T", QUEUE_SLOTS_PER_CHUNK);
  assertEquals(slots.chunks.length, 1);
  slots.allocate("U", 1);
  assertEquals(slots.chunks.length, 2);
});

Deno.test("QueueSlots.allocate() refuses what the table cannot hold and leaves the topic as it was", () => {
  const slots = new QueueSlots();
  slots.allocate("T", 1);
  const all = QUEUE_CHUNKS_MAX * QUEUE_SLOTS_PER_CHUNK;
  assertThrows(() => slots.allocate("T", all + 1), QueueTableError);
  assertEquals([slots.slotsOf("T").length, slots.chunks.length], [1, 1]);
});

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createLogMemory, LogMemory, LogStatus, WAITERS_MAX } from "../../../store/memory/log_memory.ts";
import { RegionMismatchError } from "../../../store/memory/region.ts";

function memoryAt(position: number): LogMemory {
  const memory = new LogMemory(createLogMemory({ ringBytes: 16384, appendBytesMax: 4096 }));
  memory.reset({ logStart: 0, logEnd: position, flushed: position, dispatched: position, storeTimestamp: 7 });
  return memory;
}

Deno.test("createLogMemory() wants pages, and four times the largest append", () => {
  assertThrows(() => createLogMemory({ ringBytes: 16383, appendBytesMax: 1 }), RangeError, "no multiple of 4096");
  assertThrows(() => createLogMemory({ ringBytes: 16384, appendBytesMax: 4097 }), RangeError, "four times");
  const buffers = createLogMemory({ ringBytes: 16384, appendBytesMax: 4000 });
  assertEquals(buffers.ring.byteLength, 16384 + 4096, "the margin is the largest append in whole pages");
});

Deno.test("LogMemory refuses another ring and another region", () => {
  const buffers = createLogMemory({ ringBytes: 16384, appendBytesMax: 4096 });
  assertThrows(() => new LogMemory({ ...buffers, ringBytes: 8192 }), RangeError, "descriptor says 16384");
  assertThrows(() => new LogMemory({ ...buffers, control: new SharedArrayBuffer(8192) }), RegionMismatchError);
});

Deno.test("LogMemory.reset() sets every cursor and makes readers go to the files", () => {
  const memory = memoryAt(1_000_000);
  const { reserved, appended, written, flushed, dispatched, replicated, ringFloor, storeTimestamp } = memory;
  for (const cursor of [reserved, appended, written, flushed, dispatched, replicated, ringFloor]) {
    assertEquals(cursor.load(), 1_000_000);
  }
  assertEquals(storeTimestamp.load(), 7);
  memory.check();
});

Deno.test("LogMemory gives each word a place of its own", () => {
  const buffers = createLogMemory({ ringBytes: 16384, appendBytesMax: 4096 });
  const memory = new LogMemory(buffers);
  const cursors = ["reserved", "appended", "written", "flushed", "dispatched", "replicated", "logStart"] as const;
  const more = ["storeTimestamp", "preparedFile", "busySince", "ringFloor"] as const;
  [...cursors, ...more].forEach((name, i) => memory[name].store(i + 1));
  memory.setStatus(LogStatus.Busy);
  assertEquals(memory.appendLock.tryAcquire(), true);
  const other = new LogMemory(buffers);
  [...cursors, ...more].forEach((name, i) => assertEquals(other[name].load(), i + 1, name));
  assertEquals(other.status, LogStatus.Busy);
  assertEquals(other.appendLock.held, true);
  assertEquals(other.writeLock.held, false);
  assertEquals([other.writtenBell.missed, other.flushBell.missed, other.prepareBell.missed], [0, 0, 0]);
});

Deno.test("LogMemory.waiterBell() knows its bells", () => {
  const memory = memoryAt(0);
  memory.waiterBell(0);
  memory.waiterBell(WAITERS_MAX - 1);
  assertThrows(() => memory.waiterBell(WAITERS_MAX), RangeError);
  assertThrows(() => memory.waiterBell(-1), RangeError);
});

Deno.test("LogMemory.setStatus() never leaves read-only", () => {
  const memory = memoryAt(0);
  memory.setStatus(LogStatus.DiskFull);
  memory.setStatus(LogStatus.Open);
  assertEquals(memory.status, LogStatus.Open);
  memory.setStatus(LogStatus.ReadOnly);
  memory.setStatus(LogStatus.Open);
  assertEquals(memory.status, LogStatus.ReadOnly);
});

Deno.test("LogMemory.setStatus() opens nothing that is closing, and a device that fails then still counts", () => {
  const memory = memoryAt(0);
  memory.setStatus(LogStatus.Busy);
  memory.setStatus(LogStatus.Closing);
  for (const status of [LogStatus.Open, LogStatus.DiskFull, LogStatus.Busy]) {
    memory.setStatus(status);
    assertEquals(memory.status, LogStatus.Closing);
  }
  memory.setStatus(LogStatus.ReadOnly);
  assertEquals(memory.status, LogStatus.ReadOnly);
});

Deno.test("LogMemory.raiseEpoch() is seen by everybody", () => {
  const buffers = createLogMemory({ ringBytes: 16384, appendBytesMax: 4096 });
  const [one, other] = [new LogMemory(buffers), new LogMemory(buffers)];
  const before = other.epoch;
  assertEquals(one.raiseEpoch(), before + 1);
  assertNotEquals(other.epoch, before);
});

for (
  const [name, change, message] of [
    ["flushed passes written", (m) => m.flushed.store(101), "flushed is 101, written is 100"],
    ["dispatched passes written", (m) => m.dispatched.store(101), "dispatched is 101, written is 100"],
    ["replicated passes written", (m) => m.replicated.store(101), "replicated is 101, written is 100"],
    ["written passes appended", (m) => m.written.store(101), "written is 101, appended is 100"],
    ["appended passes reserved", (m) => m.appended.store(101), "appended is 101, reserved is 100"],
    ["reserved passes written + capacity", (m) => m.reserved.store(100 + 16385), "reserved is 16485"],
  ] as [string, (memory: LogMemory) => void, string][]
) {
  Deno.test(`LogMemory.check() fails when ${name}`, () => {
    const memory = memoryAt(100);
    memory.check();
    change(memory);
    assertThrows(() => memory.check(), Error, message);
  });
}

Deno.test("LogMemory.check() holds when reserved is the whole capacity ahead", () => {
  const memory = memoryAt(100);
  memory.reserved.store(100 + 16384);
  memory.appended.store(100 + 16384);
  memory.check();
});

import { assert, assertEquals } from "@std/assert";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { BLANK_MAGIC, BLANK_RECORD_BYTES, LogAppender, PlaceRefusal } from "../../store/log_appender.ts";
import { WriteOutcome } from "../../store/log_writer.ts";
import { LogStatus } from "../../store/memory/log_memory.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { APPEND_BYTES_MAX, appendRaw, fileBytesFrom, type LogBench, logBench, RING_BYTES } from "./log_bench.ts";

const FILE_BYTES = 10_000;

function bench(start = 0, fileBytes = FILE_BYTES): LogBench {
  return logBench({ disk: new MemoryDisk(), fileBytes, start });
}

/** A blank record as a file must hold it. */
function blank(bytes: number): Uint8Array {
  const record = new Uint8Array(bytes);
  const view = new DataView(record.buffer);
  view.setInt32(0, bytes);
  view.setInt32(4, BLANK_MAGIC);
  return record;
}

Deno.test("LogAppender.end() publishes a whole batch, and nothing is visible before", () => {
  const { memory, appender } = bench();
  assert(appender.begin());
  assert(memory.appendLock.held);
  for (let i = 0; i < 3; i++) {
    assertEquals(appender.place(100), i * 100);
    assert(memory.reserved.load() >= (i + 1) * 100, "reserved is stored before the first byte of a record");
    appender.advance(100);
    assertEquals(memory.appended.load(), 0);
  }
  appender.end(1234);
  assertEquals(memory.appended.load(), 300);
  assertEquals(memory.storeTimestamp.load(), 1234);
  assertEquals(memory.appendLock.held, false);
  memory.check();
});

Deno.test("LogAppender.abandon() gives the lock back and publishes nothing", () => {
  const { memory, appender } = bench();
  assert(appender.begin());
  appender.place(100);
  appender.advance(100);
  appender.abandon();
  appender.abandon();
  assertEquals(memory.appended.load(), 0);
  assertEquals(memory.appendLock.held, false);
  assert(appender.begin());
  assertEquals(appender.place(50), 0, "the place is free again");
  appender.abandon();
  memory.check();
});

for (const status of ["ReadOnly", "DiskFull", "Busy", "Closing"] as const) {
  Deno.test(`LogAppender.begin() takes nothing when the log is ${status}`, () => {
    const { memory, appender } = bench();
    memory.setStatus(LogStatus[status]);
    assertEquals(appender.begin(), false);
    assertEquals(memory.appendLock.held, false);
  });
}

Deno.test("LogAppender.begin() looks at the status again under the lock", () => {
  const { memory, appender } = bench();
  const lock = memory.appendLock;
  const tryAcquire = lock.tryAcquire.bind(lock);
  // The disk fills up while this thread takes the lock.
  lock.tryAcquire = (): boolean => {
    memory.setStatus(LogStatus.DiskFull);
    return tryAcquire();
  };
  assertEquals(appender.begin(), false);
  assertEquals(lock.held, false);
});

Deno.test("LogAppender.place() says NoRoom when the ring is full, and takes again when something was written", () => {
  const b = bench(0, 2 ** 40);
  const { appender, memory, writer } = b;
  assert(appender.begin());
  for (let i = 0; i < 8; i++) {
    assert(appender.place(8192) >= 0);
    appender.advance(8192);
  }
  assertEquals(appender.place(1), PlaceRefusal.NoRoom);
  appender.end(1);
  memory.check();
  assertEquals(memory.reserved.load(), RING_BYTES);
  memory.written.store(100);
  assert(appender.begin());
  assertEquals(appender.place(101), PlaceRefusal.NoRoom);
  assertEquals(appender.place(100), 0);
  appender.advance(100);
  assertEquals(appender.place(1), PlaceRefusal.NoRoom);
  memory.written.store(200);
  assertEquals(appender.place(100), 100, "what is written during a batch makes room in it");
  appender.advance(100);
  appender.end(2);
  memory.check();
  assertEquals(writer.counters.writes, 0);
});

Deno.test("LogAppender.place() says TooLarge for what no file or no margin can hold", () => {
  const { appender } = bench(0, 2 ** 40);
  assert(appender.begin());
  assertEquals(appender.place(APPEND_BYTES_MAX + 1), PlaceRefusal.TooLarge);
  assertEquals(appender.place(APPEND_BYTES_MAX), 0);
  appender.abandon();
  const small = bench(0, 4096).appender;
  assert(small.begin());
  assertEquals(small.place(4096 - BLANK_RECORD_BYTES + 1), PlaceRefusal.TooLarge);
  assertEquals(small.place(4096 - BLANK_RECORD_BYTES), 0);
  small.abandon();
});

Deno.test("LogAppender.place() leaves 8 bytes behind a record that just fits, and blanks them next", () => {
  const b = bench(0, 4096);
  assertEquals(appendRaw(b, [4000, 88], 7), [0, 4000]);
  assertEquals(appendRaw(b, [1], 8), [4096]);
  assertEquals(b.writer.write(), WriteOutcome.Written);
  assertEquals(fileBytesFrom(b, 4088, 8), blank(8));
  assertEquals(fileBytesFrom(b, 4096, 2), Uint8Array.of(8, 0));
});

Deno.test("LogAppender.place() makes a blank record when one byte is missing", () => {
  const b = bench(0, 4096);
  assertEquals(appendRaw(b, [4000, 89], 7), [0, 4096]);
  b.writer.write();
  assertEquals(fileBytesFrom(b, 4000, 96), blank(96));
});

for (let overhang = 0; overhang <= 12; overhang++) {
  Deno.test(`LogAppender.place() lays a blank record across the ring's end, ${overhang} bytes before it`, () => {
    // The blank begins `overhang` bytes before the ring's end and is 300 bytes long.
    const start = RING_BYTES - overhang - 1000;
    const fileBytes = RING_BYTES - overhang + 300;
    const b = bench(start, fileBytes);
    b.memory.ring.fill(0xab);
    assertEquals(appendRaw(b, [1000], 7), [start]);
    assertEquals(appendRaw(b, [300], 9), [fileBytes]);
    assertEquals(b.writer.write(), WriteOutcome.Written);
    assertEquals(fileBytesFrom(b, start, 1000), new Uint8Array(1000).fill(7));
    assertEquals(fileBytesFrom(b, start + 1000, 300), blank(300));
    assertEquals(fileBytesFrom(b, fileBytes, 301), Uint8Array.from({ length: 301 }, (_, i) => i < 300 ? 9 : 0));
  });
}

Deno.test("LogAppender writes the largest gap with zeros, never old ring bytes", () => {
  // The gap is as long as the largest record and seven bytes, and lies across the ring's end.
  const gap = APPEND_BYTES_MAX + 7;
  for (const before of [1, 7, 8, 100, APPEND_BYTES_MAX - 1, APPEND_BYTES_MAX, gap]) {
    const start = RING_BYTES - before - 100;
    const fileBytes = start + 100 + gap;
    const b = bench(start, fileBytes);
    assertEquals(appendRaw(b, [100], 1), [start]);
    assertEquals(appendRaw(b, [APPEND_BYTES_MAX], 2), [fileBytes]);
    b.writer.write();
    assertEquals(fileBytesFrom(b, start + 100, gap), blank(gap), `${before} bytes of the gap before the ring's end`);
    assertEquals(fileBytesFrom(b, fileBytes, 8), new Uint8Array(8).fill(2));
  }
});

for (const seed of [1, 2, 3]) {
  Deno.test(`LogAppender and LogWriter give the files exactly what was appended, lap after lap (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const fileBytes = random.between(20_000, 60_000);
    const b = bench(0, fileBytes);
    const { appender, memory, writer } = b;
    const expected = new Uint8Array(12 * RING_BYTES);
    let end = 0;
    let value = 0;
    while (end < expected.length - 4 * APPEND_BYTES_MAX) {
      assert(appender.begin());
      for (let left = random.between(1, 12); left > 0; left--) {
        const bytes = random.between(1, random.next() < 0.1 ? APPEND_BYTES_MAX : 700);
        const index = appender.place(bytes);
        if (index === PlaceRefusal.NoRoom) break;
        const position = appender.position;
        if (position > end) expected.set(blank(position - end), end);
        value = (value + 1) & 0x7f;
        memory.ring.fill(value, index, index + bytes);
        expected.fill(value, position, position + bytes);
        appender.advance(bytes);
        end = position + bytes;
      }
      appender.end(1);
      memory.check();
      if (random.next() < 0.7) assertEquals(writer.write(), WriteOutcome.Written);
      memory.check();
    }
    assertEquals(writer.write(), WriteOutcome.Written);
    assertEquals(memory.written.load(), end);
    assertEquals(fileBytesFrom(b, 0, end), expected.subarray(0, end));
    b.files.check();
  });
}

Deno.test("LogAppender of another thread goes on where the first one ended", () => {
  const b = bench(0, 4096);
  const other = new LogAppender(b.memory, { fileBytes: 4096 });
  appendRaw(b, [4000], 1);
  assert(other.begin());
  assertEquals(other.place(100), 4096);
  assertEquals(other.position, 4096);
  other.advance(100);
  other.end(1);
  assertEquals(appendRaw(b, [10], 1), [4196]);
});

Deno.test("LogAppender takes its own cursors for those of the log while nobody else appends, and only then", () => {
  const b = bench(0, 1024 * 1024);
  const other = new LogAppender(b.memory, { fileBytes: 1024 * 1024 });
  const append = (appender: LogAppender, bytes: number, storeTimestampMs: number): number => {
    assert(appender.begin());
    assert(appender.place(bytes) >= 0);
    const { position } = appender;
    appender.advance(bytes);
    appender.end(storeTimestampMs);
    b.memory.check();
    return position;
  };
  assertEquals([append(b.appender, 100, 1), append(b.appender, 100, 1)], [0, 100]);
  assertEquals([append(other, 50, 2), b.memory.storeTimestamp.load()], [200, 2]);
  assertEquals([append(b.appender, 10, 1), b.memory.storeTimestamp.load()], [250, 1]);
  // What was reserved is not taken for reserved again when it was lowered meanwhile, as on a full disk.
  b.memory.appendLock.acquire();
  b.memory.takeAppend(0);
  b.memory.reserved.store(b.memory.appended.load());
  b.memory.appendLock.release();
  assertEquals(append(b.appender, 10, 1), 260);
});

Deno.test("LogAppender.begin() tells of a long wait for the append lock, and of no other", () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: 1024 * 1024 });
  const told: number[] = [];
  let nowMs = 0;
  let waitMs = 0;
  let isHeldByOther = false;
  const appender = new LogAppender(bench.memory, {
    fileBytes: 1024 * 1024,
    lockWatch: {
      nowMs: () => {
        if (!isHeldByOther) return nowMs += waitMs;
        // Whoever held it gives it back while this thread begins to wait.
        isHeldByOther = false;
        bench.memory.appendLock.release();
        return nowMs;
      },
      slowMs: 500,
      onSlow: (elapsedMs) => told.push(elapsedMs),
    },
  });
  for (const each of [500, 501]) {
    waitMs = each;
    isHeldByOther = true;
    bench.memory.appendLock.acquire();
    assert(appender.begin());
    appender.abandon();
  }
  assert(appender.begin(), "a free lock is not watched");
  appender.abandon();
  assertEquals(told, [501]);
});

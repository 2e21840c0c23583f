import { assert, assertEquals } from "@std/assert";
import { LogAppender } from "../../store/log_appender.ts";
import { LogReader } from "../../store/log_reader.ts";
import { LogMemory } from "../../store/memory/log_memory.ts";
import { tornCopies } from "../torture/torn_copies.ts";
import {
  copyGuardedByAppended,
  isPattern,
  noFiles,
  PATTERN_BYTES,
  putPattern,
  ringWords,
  TINY_RING_BYTES,
  tinyLog,
} from "./memory/patterns.ts";

const FILE_BYTES = PATTERN_BYTES * 2 ** 30;

/** Appends whole records and counts them as written. */
function append(memory: LogMemory, count: number): void {
  const appender = new LogAppender(memory, { fileBytes: FILE_BYTES });
  for (let i = 0; i < count; i++) {
    assert(appender.begin());
    const index = appender.place(PATTERN_BYTES);
    assert(index >= 0);
    putPattern(ringWords(memory), index, appender.position);
    appender.advance(PATTERN_BYTES);
    appender.end(0);
    memory.written.store(memory.appended.load());
  }
}

function isRecord(bytes: Uint8Array, position: number): boolean {
  return isPattern(new Int32Array(bytes.buffer), 0, position);
}

/** Runs of two threads until both have met. */
const SEEDS_MAX = 20;

Deno.test("LogReader.copyFromRing() gives every record that the ring still holds, across its end too", () => {
  const memory = new LogMemory(tinyLog());
  const reader = new LogReader(memory, noFiles());
  const into = new Uint8Array(PATTERN_BYTES);
  for (let round = 0; round < 30; round++) {
    append(memory, 149);
    const end = memory.written.load();
    for (let position = 0; position < end; position += PATTERN_BYTES) {
      const copied = reader.copyFromRing(position, PATTERN_BYTES, into, 0);
      assertEquals(copied, position >= memory.reserved.load() - TINY_RING_BYTES, `position ${position} of ${end}`);
      if (copied) assert(isRecord(into, position), `position ${position} of ${end}`);
    }
  }
  assertEquals(reader.counters.voidCopies, 0);
});

Deno.test("LogReader.copyFromRing() copies several records at once into the middle of a buffer", () => {
  const memory = new LogMemory(tinyLog());
  append(memory, 2200);
  const reader = new LogReader(memory, noFiles());
  const first = 1900 * PATTERN_BYTES;
  const into = new Uint8Array(8 + 10 * PATTERN_BYTES + 8);
  assert(reader.copyFromRing(first, 10 * PATTERN_BYTES, into, 8));
  for (let i = 0; i < 10; i++) {
    assert(isPattern(new Int32Array(into.buffer), 8 + i * PATTERN_BYTES, first + i * PATTERN_BYTES));
  }
  assertEquals([...into.subarray(0, 8), ...into.subarray(-8)].every((byte) => byte === 0), true);
});

Deno.test("LogReader.copyFromRing() is void when an appender has reserved over it, though nothing is appended yet", () => {
  const memory = new LogMemory(tinyLog());
  append(memory, Math.floor(TINY_RING_BYTES / PATTERN_BYTES) + 1);
  const reader = new LogReader(memory, noFiles());
  const into = new Uint8Array(PATTERN_BYTES);
  const appender = new LogAppender(memory, { fileBytes: FILE_BYTES });
  assert(appender.begin());
  const index = appender.place(PATTERN_BYTES);
  // Half of the new record is written, and it lies over the oldest one.
  const oldest = Math.floor((appender.position - TINY_RING_BYTES) / PATTERN_BYTES + 1) * PATTERN_BYTES;
  memory.ring.fill(0xee, index, index + PATTERN_BYTES);
  assertEquals(copyGuardedByAppended(memory, oldest, into), true, "the wrong check accepts");
  assertEquals(isRecord(into, oldest), false, "what is torn");
  assertEquals(reader.copyFromRing(oldest, PATTERN_BYTES, into, 0), false);
  appender.abandon();
});

Deno.test("LogReader.copyFromRing() is void when the epoch changed, and gives nothing from below the floor", () => {
  const memory = new LogMemory(tinyLog());
  append(memory, 10);
  const reader = new LogReader(memory, noFiles());
  const into = new Uint8Array(PATTERN_BYTES);
  const ring = memory.ring;
  // The epoch rises while the copy is under way: the copy itself is what raises it.
  const proxy = { subarray: (from: number, to: number): Uint8Array => (memory.raiseEpoch(), ring.subarray(from, to)) };
  Object.defineProperty(memory, "ring", { value: proxy });
  assertEquals(reader.copyFromRing(0, PATTERN_BYTES, into, 0), false);
  assertEquals(reader.counters.voidCopies, 1);
  Object.defineProperty(memory, "ring", { value: ring });
  assert(reader.copyFromRing(0, PATTERN_BYTES, into, 0));
  memory.ringFloor.store(PATTERN_BYTES);
  assertEquals(reader.copyFromRing(0, PATTERN_BYTES, into, 0), false);
  assert(reader.copyFromRing(PATTERN_BYTES, PATTERN_BYTES, into, 0));
});

Deno.test("LogReader accepts no torn copy of 1,000,000 records through a tiny ring between two threads", async () => {
  let accepted = 0;
  let voided = 0;
  // On a busy machine the two may hardly run at the same time: then they run again.
  for (let seed = 1; seed <= SEEDS_MAX && (seed === 1 || accepted <= 1000 || voided === 0); seed++) {
    const totals = await tornCopies({ records: 1_000_000, seed, guard: "reserved" });
    console.log(`copies: ${totals.accepted} accepted, ${totals.voided} void, ${totals.torn} torn`);
    assertEquals(totals.torn, 0);
    accepted += totals.accepted;
    voided += totals.voided;
  }
  assert(accepted > 1000, `${accepted} copies were accepted`);
  assert(voided > 0, "no copy met an appender");
});

Deno.test("LogReader would accept torn copies if it looked at appended instead of reserved", async () => {
  let torn = 0;
  for (let seed = 1; seed <= SEEDS_MAX && torn === 0; seed++) {
    const totals = await tornCopies({ records: 300_000, seed, guard: "appended" });
    console.log(`copies: ${totals.accepted} accepted, ${totals.voided} void, ${totals.torn} torn`);
    torn += totals.torn;
  }
  assert(torn > 0, "the race was not met: the other test proves nothing");
});

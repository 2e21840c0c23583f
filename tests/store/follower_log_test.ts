import { assert, assertEquals, assertThrows } from "@std/assert";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { StoreError } from "../../store/errors.ts";
import { FollowerLog } from "../../store/follower_log.ts";
import { WriteOutcome } from "../../store/log_writer.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { fileBytesFrom, type LogBench, logBench, RING_BYTES, testRecord } from "./log_bench.ts";

const FILE_BYTES = 20_000;

function follower(bench: LogBench): FollowerLog {
  return new FollowerLog(bench.memory, bench.writer, { fileBytes: FILE_BYTES });
}

/** A master's log of some files, and where its records end. */
function masterLog(seed: number, files: number): { bytes: Uint8Array; ends: Set<number> } {
  const random = new SeededRandom(seed);
  const master = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  const ends = new Set([0]);
  while (master.memory.appended.load() < files * FILE_BYTES) {
    assert(master.appender.begin());
    const placed = master.records.append([testRecord({ bodyBytes: random.between(1, 3000) })], 0, 1);
    assert(typeof placed !== "number");
    master.appender.end(1);
    assertEquals(master.writer.write(), WriteOutcome.Written);
    ends.add(placed.position).add(placed.end);
  }
  const end = master.memory.written.load();
  return { bytes: fileBytesFrom(master, 0, end), ends };
}

Deno.test("FollowerLog.take() has the master's bytes and ends behind a record, however they come", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { bytes, ends } = masterLog(seed, 6);
    assert(bytes.length > RING_BYTES, "the ring is passed");
    const random = new SeededRandom(seed);
    const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
    const log = follower(bench);
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, random.between(1, random.between(0, 4) === 0 ? 30 : 9000));
      assertEquals(log.take(bytes.subarray(at, at + count)), WriteOutcome.Written);
      at += count;
      assertEquals(log.received, at);
      assert(ends.has(log.end), `${log.end} is no end of a record`);
      bench.memory.check();
    }
    assertEquals(log.end, bytes.length);
    assertEquals(fileBytesFrom(bench, 0, bytes.length), bytes);
  }
});

Deno.test("FollowerLog.dropRest() forgets what is no whole record", () => {
  const { bytes } = masterLog(7, 1);
  const log = follower(logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES }));
  log.take(bytes.subarray(0, 5000));
  assert(log.received > log.end);
  log.dropRest();
  assertEquals(log.received, log.end);
  assertEquals(log.take(bytes.subarray(log.end)), WriteOutcome.Written);
  assertEquals(log.end, bytes.length);
});

Deno.test("FollowerLog.startAt() begins an empty log at a file, and nowhere else", () => {
  const bench = logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES });
  const log = follower(bench);
  assertThrows(() => log.startAt(1234), StoreError, "Cannot begin the log at 1234");
  log.startAt(3 * FILE_BYTES);
  const { logStart, written, reserved } = bench.memory;
  assertEquals([logStart, written, reserved].map((cursor) => cursor.load()), Array(3).fill(3 * FILE_BYTES));
  assertThrows(() => log.startAt(4 * FILE_BYTES), StoreError);
});

Deno.test("FollowerLog.take() refuses what is no record", () => {
  const { bytes } = masterLog(9, 1);
  const log = follower(logBench({ disk: new MemoryDisk(), fileBytes: FILE_BYTES }));
  const spoilt = bytes.slice();
  spoilt[4]! ^= 1;
  assertThrows(() => log.take(spoilt), StoreError, "no record at position 0");
  assertEquals(log.end, 0);
});

Deno.test("FollowerLog.take() keeps nothing that a full disk refuses", () => {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes: FILE_BYTES });
  const { bytes } = masterLog(11, 1);
  const log = follower(bench);
  log.take(bytes.subarray(0, 8000));
  const end = log.end;
  disk.plan = ({ kind }) => kind === "write" ? { code: "NO_SPACE" } : undefined;
  assertEquals(log.take(bytes.subarray(log.received)), WriteOutcome.Refused);
  assertEquals([log.end, log.received], [end, end]);
  bench.memory.check();
});

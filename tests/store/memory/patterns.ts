/**
 * Records that tell whether a copy of them is torn, one thread that appends them and one that copies them.
 *
 * Every word of a record follows from the record's own position, so a copy that mixes two laps of the ring shows at once.
 *
 * Owns: the pattern and both loops. Reads: the log's shared memory. Never: touches a file: what is appended counts as written.
 *
 * @module
 */

import { SeededRandom } from "../../torture/seeded_random.ts";
import { LogAppender } from "../../../store/log_appender.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { createLogMemory, type LogMemory, type LogMemoryBuffers } from "../../../store/memory/log_memory.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { SegmentSet } from "../../../store/file/segment_set.ts";

/** Bytes of one record; they do not divide the ring, so that records lie across its end. */
export const PATTERN_BYTES = 136;

/** Bytes of the tiny ring: four of the steps in which an appender reserves. */
export const TINY_RING_BYTES = 256 * 1024;

/** Records of one batch at most: a tenth of the ring is being written and not yet appended. */
const BATCH_RECORDS_MAX = 160;

/** Longer than every test's log, so that no blank record is needed. */
const FILE_BYTES = PATTERN_BYTES * 2 ** 40;

/** What a thread that copies found. */
export interface CopyTotals {
  /** Copies that were said to hold. */
  readonly accepted: number;
  /** Copies that were said to be void. */
  readonly voided: number;
  /** Accepted copies that mix two laps. */
  readonly torn: number;
}

/** Shared memory of a log with a tiny ring. */
export function tinyLog(): LogMemoryBuffers {
  return createLogMemory({ ringBytes: TINY_RING_BYTES, appendBytesMax: 4096 });
}

/** Word `i` of the record at a position. */
function patternWord(position: number, i: number): number {
  return (Math.imul((position / PATTERN_BYTES) | 0, 0x9e3779b1) + Math.imul(i, 0x85ebca6b)) | 0;
}

/** Writes the record of a position; `at` is a multiple of 4. */
export function putPattern(words: Int32Array, at: number, position: number): void {
  const first = at / 4;
  for (let i = 0; i < PATTERN_BYTES / 4; i++) words[first + i] = patternWord(position, i);
}

/** Whether the bytes are the record of a position, whole; `at` is a multiple of 4. */
export function isPattern(words: Int32Array, at: number, position: number): boolean {
  const first = at / 4;
  for (let i = 0; i < PATTERN_BYTES / 4; i++) if (words[first + i] !== patternWord(position, i)) return false;
  return true;
}

/** Ring and margin as words. */
export function ringWords(memory: LogMemory): Int32Array {
  return new Int32Array(memory.ring.buffer);
}

/** Appends `count` records, in batches whose size is left to chance. */
export function appendPatterns(memory: LogMemory, count: number, seed: number): void {
  const random = new SeededRandom(seed);
  const appender = new LogAppender(memory, { fileBytes: FILE_BYTES });
  const words = ringWords(memory);
  for (let done = 0; done < count;) {
    if (!appender.begin()) throw new Error("Log takes nothing");
    for (let left = Math.min(1 + random.between(0, BATCH_RECORDS_MAX), count - done); left > 0; left--) {
      const index = appender.place(PATTERN_BYTES);
      if (index < 0) break;
      putPattern(words, index, appender.position);
      appender.advance(PATTERN_BYTES);
      done++;
    }
    appender.end(0);
    memory.written.store(memory.appended.load());
  }
}

/** Copies the oldest records of the ring, which are in the most danger, until the appending thread is done. */
export function copyPatterns(
  memory: LogMemory,
  guard: "reserved" | "appended",
  seed: number,
  done: Int32Array,
  going: () => boolean,
): CopyTotals {
  const random = new SeededRandom(seed);
  const reader = new LogReader(memory, noFiles());
  const bytes = new Uint8Array(PATTERN_BYTES);
  const words = new Int32Array(bytes.buffer);
  const copy = guard === "reserved"
    ? (position: number): boolean => reader.copyFromRing(position, PATTERN_BYTES, bytes, 0)
    : (position: number): boolean => copyGuardedByAppended(memory, position, bytes);
  let accepted = 0;
  let voided = 0;
  let torn = 0;
  while (Atomics.load(done, 0) === 0 && going()) {
    const written = memory.written.load();
    const oldest = Math.max(0, Math.ceil((memory[guard].load() - memory.ringBytes) / PATTERN_BYTES));
    const position = (oldest + random.between(0, 6)) * PATTERN_BYTES;
    if (position + PATTERN_BYTES > written) continue;
    if (!copy(position)) {
      voided++;
      continue;
    }
    accepted++;
    if (!isPattern(words, 0, position)) torn++;
  }
  return { accepted, voided, torn };
}

/** The wrong check: `appended` says nothing about bytes that are being written now. */
export function copyGuardedByAppended(memory: LogMemory, position: number, into: Uint8Array): boolean {
  if (position < memory.appended.load() - memory.ringBytes) return false;
  let copied = 0;
  while (copied < into.length) {
    const index = (position + copied) % memory.ringBytes;
    const piece = Math.min(into.length - copied, memory.ringBytes - index);
    into.set(memory.ring.subarray(index, index + piece), copied);
    copied += piece;
  }
  return position >= memory.appended.load() - memory.ringBytes;
}

/** A log without a file. */
export function noFiles(): SegmentSet {
  const handles = new HandleCache({ disk: new MemoryDisk(), mode: "write", handlesMax: 2 });
  return SegmentSet.open({ directory: "/none", fileBytes: 4096, handles });
}

import { assert, assertEquals } from "@std/assert";
import { AHEAD_BYTES, AHEAD_WRITE_BYTES_MAX } from "../../store/blocks_ahead.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { WriteOutcome } from "../../store/log_writer.ts";
import { LogStatus } from "../../store/memory/log_memory.ts";
import { APPEND_BYTES_MAX, appendRaw, fileBytesFrom, type LogBench, logBench, RING_BYTES } from "./log_bench.ts";

const FILE_BYTES = 2 ** 20;
const FILLER = 7;

/** A log whose writer takes blocks ahead, and the writes that reach its disk. */
function benchAt(
  start: number,
  fileBytes = FILE_BYTES,
): { disk: FaultyDisk; bench: LogBench; writes: () => number[][] } {
  const disk = new FaultyDisk();
  const bench = logBench({ disk, fileBytes, start, takesBlocksAhead: true });
  const writes = (): number[][] =>
    disk.operations.filter(({ kind }) => kind === "write").map(({ position, length }) => [position, length]);
  return { disk, bench, writes };
}

/** Appends records of these sizes and writes them. */
function append(bench: LogBench, ...sizes: number[]): void {
  assertEquals(appendRaw(bench, sizes, FILLER).filter((position) => position < 0), []);
  assertEquals(bench.writer.write(), WriteOutcome.Written);
  bench.memory.check();
}

Deno.test("a write takes blocks up to the end of a page, and those that follow take none until they are used up", () => {
  const { bench, writes } = benchAt(0);
  append(bench, 5000);
  const end = Math.ceil((5000 + AHEAD_BYTES) / 4096) * 4096;
  assertEquals(writes(), [[0, 5000], [5000, end - 5000]]);
  assertEquals(bench.memory.zeroed.load(), end);
  let at = 5000;
  for (; at + APPEND_BYTES_MAX <= end; at += APPEND_BYTES_MAX) append(bench, APPEND_BYTES_MAX);
  assertEquals(writes().filter(([, length]) => length! > APPEND_BYTES_MAX).length, 1);
  append(bench, APPEND_BYTES_MAX);
  assertEquals(writes().at(-1), [
    at + APPEND_BYTES_MAX,
    Math.ceil((at + APPEND_BYTES_MAX + AHEAD_BYTES) / 4096) * 4096 - at - APPEND_BYTES_MAX,
  ]);
  assertEquals(fileBytesFrom(bench, 0, at), new Uint8Array(at).fill(FILLER));
});

Deno.test("zeros end with the file, and the next file gets its own", () => {
  const start = FILE_BYTES - 10_000;
  const { disk, bench, writes } = benchAt(start);
  append(bench, 4000);
  assertEquals(writes(), [[start, 4000], [start + 4000, 6000]]);
  assertEquals(disk.list("/log").length, 1, "no file is made for blocks");
  append(bench, 8000);
  assertEquals(bench.memory.written.load(), FILE_BYTES + 8000);
  const end = Math.ceil((8000 + AHEAD_BYTES) / 4096) * 4096;
  assertEquals(writes().slice(2), [[start + 4000, 6000], [0, 8000], [8000, end - 8000]]);
});

Deno.test("a large write takes no blocks", () => {
  const { bench, writes } = benchAt(0);
  const sizes = new Array<number>(AHEAD_WRITE_BYTES_MAX / APPEND_BYTES_MAX).fill(APPEND_BYTES_MAX);
  assert(RING_BYTES >= AHEAD_WRITE_BYTES_MAX);
  append(bench, ...sizes);
  append(bench, ...sizes);
  assertEquals(
    bench.memory.zeroed.load(),
    Math.ceil((AHEAD_WRITE_BYTES_MAX + AHEAD_BYTES) / 4096) * 4096,
    "just small enough",
  );
  const known = writes().length;
  bench.memory.zeroed.store(0);
  append(bench, ...sizes.slice(1), APPEND_BYTES_MAX - 4, 4);
  assertEquals(writes().length, known + 2);
});

Deno.test("a disk that has no room for zeros has taken the records, and is not asked again for a while", () => {
  const { disk, bench, writes } = benchAt(0);
  disk.plan = ({ kind, length }) => kind === "write" && length > APPEND_BYTES_MAX ? { code: "NO_SPACE" } : undefined;
  append(bench, 1000);
  assertEquals([bench.memory.status, bench.memory.written.load()], [LogStatus.Open, 1000]);
  const known = writes().length;
  append(bench, 1000);
  append(bench, 1000);
  assertEquals(writes().length, known + 2);
});

Deno.test("a device that fails while zeros are written fails the write", () => {
  const { disk, bench } = benchAt(0);
  disk.plan = ({ kind, length }) => kind === "write" && length > APPEND_BYTES_MAX ? { code: "IO" } : undefined;
  appendRaw(bench, [1000], FILLER);
  assertEquals(bench.writer.write(), WriteOutcome.Failed);
  assertEquals([bench.memory.status, bench.memory.written.load()], [LogStatus.ReadOnly, 0]);
});

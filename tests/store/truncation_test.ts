/** Cutting a log whose tail is not the master's, and a start that leaves a tail alone that may be cut yet. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isAborted } from "../../store/abort_file.ts";
import { DelayOffsets } from "../../store/delay_offsets.ts";
import { SCHEDULE_TOPIC } from "../../store/dispatch_files.ts";
import { EpochFile, EpochTable } from "../../store/epoch_table.ts";
import { StoreError } from "../../store/errors.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { readTextFile, writeTextFile } from "../../store/file/json_file.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { redispatch } from "../../store/recovery_dispatch.ts";
import { storePaths } from "../../store/store_paths.ts";
import { assertSameBytes, assertSameIndex, filesBelow } from "./golden_store.ts";
import {
  abort,
  buildStore,
  type BuiltStore,
  encodeBuilt,
  FIRST_TIME_MS,
  LOG_FILE_BYTES,
  recoveryOptions,
  sealPositions,
  SHAPE,
} from "./store_builder.ts";

const COUNT = 40;

/** The log and everything derived are as if only the first `count` records had ever been there. */
function assertAsFresh(disk: Disk, store: BuiltStore, count: number, what: string): void {
  const fresh = buildStore(disk, "/fresh", { count });
  for (const kind of ["consumeQueue", "commitLog"] as const) {
    const names = filesBelow(disk, fresh.paths[kind]);
    const found = filesBelow(disk, store.paths[kind]);
    assert(names.every((name) => found.includes(name)), `${what}: ${found}`);
    for (const name of found) {
      const bytes = disk.readFile(`${store.paths[kind]}/${name}`);
      // What was cut whole may be there as an empty file.
      const wanted = names.includes(name)
        ? disk.readFile(`${fresh.paths[kind]}/${name}`)
        : new Uint8Array(bytes.length);
      // The blank record that ends a file is there when the next file begins.
      const isEnd = kind === "commitLog" && name === names.at(-1);
      const end = isEnd ? fresh.logEnd - Number(name) : bytes.length;
      assertSameBytes(bytes.subarray(0, end), wanted.subarray(0, end), `${what}: ${name}`);
    }
  }
  const indexes = disk.list(fresh.paths.index);
  for (const [at, name] of disk.list(store.paths.index).entries()) {
    const bytes = disk.readFile(`${store.paths.index}/${name}`);
    assertSameIndex(bytes, disk.readFile(`${fresh.paths.index}/${indexes[at]}`), SHAPE, `${what}: index ${at}`);
  }
  disk.removeTree("/fresh");
}

function cutAt(disk: Disk, store: BuiltStore, truncateTo: number): RecoveryResult {
  return recoverStore({ ...recoveryOptions(disk, store.paths), truncateTo });
}

for (const isClean of [true, false]) {
  Deno.test(`recoverStore() with truncateTo ends log, queues, index and epochs there, after ${isClean ? "a clean exit" : "a crash"}`, () => {
    for (let kept = 1; kept <= COUNT; kept += 3) {
      for (const [flushed, derived] of [[COUNT, COUNT], [COUNT, 2], [2, 2], [0, 0]] as const) {
        const disk = new MemoryDisk();
        const store = buildStore(disk, "/s", { count: COUNT });
        const position = (count: number): number => store.records[count]?.position ?? store.logEnd;
        if (flushed > 0) sealPositions(disk, store, position(flushed), position(derived));
        if (!isClean) abort(disk, store);
        const epochs = EpochFile.open(disk, store.paths.epochs);
        epochs.replace(new EpochTable([{ epoch: 1, start: 0 }, { epoch: 2, start: position(10) }]));
        const what = `${kept} records kept, ${flushed} flushed, ${derived} derived`;
        const result = cutAt(disk, store, position(kept));
        assertEquals(result.logEnd, position(kept), what);
        assertAsFresh(disk, store, kept, what);
        assert(isAborted(disk, store.paths.abort), what);
        const { table } = EpochFile.open(disk, store.paths.epochs);
        assertEquals(table.entries.map(({ epoch }) => epoch), kept > 10 ? [1, 2] : [1], what);
      }
    }
  });
}

Deno.test("recoverStore() with truncateTo below the first position leaves an empty store", () => {
  const disk = new MemoryDisk();
  const store = buildStore(disk, "/s", { count: 10, logStart: 4 * LOG_FILE_BYTES });
  sealPositions(disk, store, store.logEnd, store.logEnd);
  const result = cutAt(disk, store, LOG_FILE_BYTES);
  assertEquals([result.row, result.logEnd, result.queues.length], ["no-log", 0, 0]);
  assertEquals(disk.list(store.paths.commitLog), []);
});

Deno.test("recoverStore() refuses to cut a log where it does not reach", () => {
  const disk = new MemoryDisk();
  const store = buildStore(disk, "/s", { count: COUNT });
  for (const position of [-1, 0.5, 100 * LOG_FILE_BYTES]) {
    const error = assertThrows(() => cutAt(disk, store, position), StoreError);
    assertEquals(error.code, "POSITION_RANGE");
  }
  assertEquals(recoverStore(recoveryOptions(disk, store.paths)).logEnd, store.logEnd);
});

Deno.test("recoverStore() with truncateTo lets no offset of a delay level point behind the end of its queue", () => {
  const build = (): { disk: MemoryDisk; positions: number[] } => {
    const disk = new MemoryDisk();
    const paths = storePaths("/s");
    const handles = new HandleCache({ disk, mode: "write" });
    disk.makeDirectory("/s");
    const log = SegmentSet.open({ directory: paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
    const positions: number[] = [];
    let position = 0;
    for (let queueOffset = 0; queueOffset < 10; queueOffset++) {
      const place = { queueId: 2, queueOffset, position, storeTimestampMs: FIRST_TIME_MS, key: "K" };
      const bytes = encodeBuilt({ topic: SCHEDULE_TOPIC, ...place }, 10);
      log.write(bytes, 0, bytes.length, position);
      positions.push(position);
      position += bytes.length;
    }
    const part = { log, from: 0, to: position, ranges: new Map(), onProgress: () => {} };
    redispatch(recoveryOptions(disk, paths), handles, part);
    handles.close();
    disk.makeDirectory(paths.config);
    const offsets = new DelayOffsets();
    for (const [level, offset] of [[1, 5], [3, 8]] as const) offsets.set(level, offset, FIRST_TIME_MS);
    writeTextFile(disk, `${paths.config}/delayOffset.json`, offsets.encode());
    return { disk, positions };
  };
  for (const [kept, level3] of [[9, 8], [8, 8], [4, 4], [1, 1]] as const) {
    const { disk, positions } = build();
    const paths = storePaths("/s");
    recoverStore({ ...recoveryOptions(disk, paths), truncateTo: positions[kept]! });
    const read = readTextFile(disk, `${paths.config}/delayOffset.json`, DelayOffsets.decode);
    // Level 1 has no queue at all.
    assertEquals([...read!.value.entries()], [[1, 0], [3, level3]], `${kept} kept`);
  }
});

/** A follower's store: the log is there, queues and index only up to a record. */
function undispatched(disk: Disk, dispatched: number): BuiltStore {
  const store = buildStore(disk, "/s", { count: COUNT, isDispatched: false });
  const handles = new HandleCache({ disk, mode: "write" });
  redispatch(recoveryOptions(disk, store.paths), handles, {
    log: SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles }),
    from: 0,
    to: endOf(store, dispatched),
    ranges: new Map(),
    onProgress: () => {},
  });
  handles.close();
  return store;
}

function endOf({ records }: BuiltStore, count: number): number {
  const last = records[count - 1];
  return last === undefined ? 0 : last.position + last.size;
}

Deno.test("recoverStore() with leavesTail dispatches only what queues reach, however it was left", () => {
  for (const dispatched of [0, 1, 13, COUNT]) {
    for (const [isSealed, isClean] of [[true, true], [true, false], [false, true], [false, false]] as const) {
      const disk = new MemoryDisk();
      const store = undispatched(disk, dispatched);
      const end = endOf(store, dispatched);
      if (isSealed) sealPositions(disk, store, store.logEnd, Math.min(end, endOf(store, 5)));
      if (!isClean) abort(disk, store);
      const what = `${dispatched} dispatched, ${isSealed ? "sealed" : "foreign"}, ${isClean ? "clean" : "abrupt"}`;
      const result = recoverStore({ ...recoveryOptions(disk, store.paths), leavesTail: true });
      assertEquals([result.logEnd, result.dispatchedPosition], [store.logEnd, end], what);
      const units = result.queues.reduce((sum, { maxOffset, minOffset }) => sum + maxOffset - minOffset, 0);
      assertEquals(units, dispatched, what);
      const all = recoverStore(recoveryOptions(disk, store.paths));
      assertEquals([all.dispatchedPosition, all.logEnd], [store.logEnd, store.logEnd], what);
      assertAsFresh(disk, store, COUNT, what);
    }
  }
});

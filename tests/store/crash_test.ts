import { assert, assertEquals } from "@std/assert";
import { CheckpointFile } from "../../store/checkpoint.ts";
import { syncDerived } from "../../store/derived_sync.ts";
import { Dispatcher } from "../../store/dispatch.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import { DurablePositionFile } from "../../store/durable_position.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { IndexFileSet } from "../../store/index_file_set.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { storePaths } from "../../store/store_paths.ts";
import { assertSameBytes, assertSameIndex, filesBelow } from "./golden_store.ts";
import {
  encodeBuilt,
  FIRST_TIME_MS,
  LOG_FILE_BYTES,
  QUEUE_FILE_BYTES,
  recoveryOptions,
  SHAPE,
} from "./store_builder.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";

const MAGIC_BLANK = 0xcbd43194 | 0;

/** Numbers that follow from a seed. */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A broker's write side, in one thread: appends, dispatches, syncs, at random. */
class SmallBroker {
  readonly paths = storePaths("/s");
  readonly handles: HandleCache;
  readonly log: SegmentSet;
  readonly dispatcher: Dispatcher;
  readonly durable: DurablePositionFile;
  readonly checkpoint: CheckpointFile;
  flushed: number;
  end: number;

  constructor(
    readonly disk: FaultyDisk,
    readonly records: Uint8Array[],
    readonly queueEnds: number[],
    recovered: RecoveryResult,
  ) {
    this.handles = new HandleCache({ disk, mode: "write", handlesMax: 4 });
    this.log = SegmentSet.open({ directory: this.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles: this.handles });
    this.durable = new DurablePositionFile(disk, this.paths.durablePosition);
    this.checkpoint = CheckpointFile.open(disk, this.paths.checkpoint);
    this.flushed = this.end = recovered.logEnd;
    this.dispatcher = new Dispatcher({
      files: new DispatchFiles({ root: this.paths.consumeQueue, fileBytes: QUEUE_FILE_BYTES, handles: this.handles }),
      index: new IndexFileSet({ disk, directory: this.paths.index, shape: SHAPE, nowMs: () => FIRST_TIME_MS }),
      marks: { opened: () => {}, began: () => {}, mark: () => {} },
      logFileBytes: LOG_FILE_BYTES,
      delayLevels: [1000],
      position: recovered.dispatchedPosition,
    });
  }

  append(bodyBytes: number): void {
    const queueId = this.records.length % 3;
    const record = (): Uint8Array =>
      encodeBuilt({
        topic: "TopicA",
        queueId,
        queueOffset: this.queueEnds[queueId]!,
        position: this.end,
        storeTimestampMs: FIRST_TIME_MS + this.records.length,
        key: `K${this.records.length}`,
      }, bodyBytes);
    let bytes = record();
    const left = LOG_FILE_BYTES - this.end % LOG_FILE_BYTES;
    if (bytes.length + 8 > left) {
      const blank = new DataView(new ArrayBuffer(8));
      blank.setInt32(0, left);
      blank.setInt32(4, MAGIC_BLANK);
      this.log.write(new Uint8Array(blank.buffer), 0, 8, this.end);
      this.end += left;
      bytes = record();
    }
    this.log.write(bytes, 0, bytes.length, this.end);
    this.end += bytes.length;
    this.records.push(bytes);
    this.queueEnds[queueId]! += 1;
  }

  dispatch(): void {
    while (this.dispatcher.position < this.end) {
      const bytes = new Uint8Array(this.end - this.dispatcher.position);
      this.log.read(bytes, 0, bytes.length, this.dispatcher.position);
      this.dispatcher.dispatch(bytes, 0, bytes.length, this.dispatcher.position);
    }
  }

  flushLog(): void {
    this.log.syncRange(this.flushed, this.end);
    this.flushed = this.end;
    this.durable.writeFlushed(this.end, this.log.first, (at, into, length) => this.log.read(into, 0, length, at));
  }

  flushDerived(): void {
    const dirty = this.dispatcher.takeDirty();
    syncDerived(this.disk, dirty);
    this.checkpoint.advanceDerived(this.durable, dirty.position, { logicsMsgTimestampMs: dirty.storeTimestampMs });
  }
}

/** Position of the end of each record. */
function recordEnds(records: readonly Uint8Array[]): number[] {
  return records.map((bytes) => Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(28)) + bytes.length);
}

function assertDerived(disk: FaultyDisk, what: string): void {
  const paths = storePaths("/s");
  const fresh = new MemoryDisk();
  fresh.makeDirectory(paths.commitLog);
  for (const name of disk.list(paths.commitLog)) {
    fresh.writeFile(`${paths.commitLog}/${name}`, disk.readFile(`${paths.commitLog}/${name}`));
  }
  recoverStore(recoveryOptions(fresh, paths));
  for (const name of filesBelow(fresh, paths.consumeQueue)) {
    assertSameBytes(
      disk.readFile(`${paths.consumeQueue}/${name}`),
      fresh.readFile(`${paths.consumeQueue}/${name}`),
      `${what}: ${name}`,
    );
  }
  const indexes = disk.list(paths.index);
  for (const [at, name] of fresh.list(paths.index).entries()) {
    const bytes = disk.readFile(`${paths.index}/${indexes[at]}`);
    assertSameIndex(bytes, fresh.readFile(`${paths.index}/${name}`), SHAPE, `${what}: index ${at}`);
  }
}

for (const kind of ["the machine", "the process"] as const) {
  Deno.test(`recoverStore() loses nothing that was flushed when ${kind} stops at any moment`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = random(seed);
      const disk = new FaultyDisk();
      const records: Uint8Array[] = [];
      const queueEnds = [0, 0, 0];
      disk.makeDirectory("/s");
      for (let life = 0; life < 4; life++) {
        const what = `seed ${seed}, life ${life}`;
        const recovered = recoverStore(recoveryOptions(disk, storePaths("/s")));
        const kept = recordEnds(records).filter((end) => end <= recovered.logEnd).length;
        records.length = kept;
        queueEnds.forEach((_, queueId) =>
          queueEnds[queueId] = records.filter((_, index) => index % 3 === queueId).length
        );
        for (const { queueId, maxOffset } of recovered.queues) assertEquals(maxOffset, queueEnds[queueId], what);
        assertEquals(recovered.unitsLost, 0, what);
        if (records.length > 0) assertDerived(disk, what);
        const broker = new SmallBroker(disk, records, queueEnds, recovered);
        for (let step = 0; step < 40; step++) {
          const dice = next();
          if (dice < 0.6) broker.append(Math.floor(next() * 300));
          else if (dice < 0.8) broker.dispatch();
          else if (dice < 0.9) broker.flushLog();
          else if (broker.end === broker.flushed || dice < 0.95) broker.flushDerived();
        }
        const { flushed } = broker;
        if (kind === "the machine") {
          const namesKept = Math.floor(next() * (disk.filesMade + 1));
          disk.crash({ namesKept, keepsSector: () => next() < 0.5 });
        }
        const after = recoverStore(recoveryOptions(disk, storePaths("/s")));
        assert(after.logEnd >= flushed, `${what}: log ends at ${after.logEnd}, flushed was ${flushed}`);
        if (kind === "the process") assertEquals(after.logEnd, broker.end, what);
        const log = new Uint8Array(LOG_FILE_BYTES);
        const handles = new HandleCache({ disk, mode: "read" });
        const files = SegmentSet.open({ directory: broker.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
        for (const [index, end] of recordEnds(records).entries()) {
          if (end > after.logEnd) break;
          const bytes = records[index]!;
          files.read(log, 0, bytes.length, end - bytes.length);
          assertSameBytes(log.subarray(0, bytes.length), bytes, `${what}: record ${index}`);
        }
        handles.close();
      }
    }
  });
}

/**
 * The write side of a broker in one thread, made of the real parts: ring, appender, writer, flush, dispatch, checkpoint, retention, deletion of topics,
 * truncation. Only the actors around them are left out, so that thousands of crashes take seconds.
 */
import { assert, assertEquals } from "@std/assert";
import { encodeRecord } from "../../protocol/record.ts";
import { CheckpointFile } from "../../store/checkpoint.ts";
import { DeletedTopics } from "../../store/deleted_topics.ts";
import { syncDerived } from "../../store/derived_sync.ts";
import { Dispatcher, type DispatchMarks } from "../../store/dispatch.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import { EpochFile } from "../../store/epoch_table.ts";
import { DurablePositionFile } from "../../store/durable_position.ts";
import type { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { SmoothRemoval } from "../../store/file/smooth_removal.ts";
import { IndexFileSet } from "../../store/index_file_set.ts";
import { LogAppender } from "../../store/log_appender.ts";
import { LogWriter, WriteOutcome, type WriteOutcomeValue } from "../../store/log_writer.ts";
import { createLogMemory, LogMemory, LogStatus } from "../../store/memory/log_memory.ts";
import { QueueSlots } from "../../store/queue_slots.ts";
import { RecordAppender } from "../../store/record_appender.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { removeIndexFiles, removeQueueFiles } from "../../store/retention_files.ts";
import { storePaths } from "../../store/store_paths.ts";
import { truncateLog } from "../../store/truncation.ts";
import { assertSameBytes, assertSameIndex, filesBelow } from "./golden_store.ts";
import { FIRST_TIME_MS, LOG_FILE_BYTES, QUEUE_FILE_BYTES, recoveryOptions, SHAPE } from "./store_builder.ts";

/** Where the model keeps its store. */
export const MODEL_PATHS = storePaths("/s");

/** Queues of a topic of the model. */
const QUEUES = 2;

/** With the pool, more than this is not left in memory. */
const POOL_BYTES = 4 * 1024;

/** A record that was written, in the order of the log. */
export interface WrittenRecord {
  readonly topic: string;
  readonly position: number;
  readonly end: number;
  /** Life that wrote it. */
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** What outlives a crash in the mind of the test: everything that was promised to anybody. */
export class ModelTruth {
  /** Records of the log, those that a crash took away left out. */
  readonly records: WrittenRecord[] = [];
  /** Ends of the records that were acknowledged. */
  acked = 0;
  /** Position up to which the device was said to hold the log. */
  flushed = 0;
  /** First position of the log. */
  logMin = 0;
  /** Topics whose deletion was acknowledged, with the position before which no record of theirs may be in a queue. */
  readonly deleted = new Map<string, number>();
  /** A truncation that was asked for and not finished: the log may end there or be as it was. */
  truncatingTo: number | undefined;
  /** Runs through all lives, so that no two records are equal. */
  sequence = 0;
  /** Number of the life, which is an epoch of the log. */
  epoch = 0;
}

/** One life of the broker. */
export class ModelBroker {
  readonly memory: LogMemory;
  readonly recovered: RecoveryResult;
  readonly #disk: FaultyDisk;
  readonly #truth: ModelTruth;
  readonly #isSync: boolean;
  readonly #isPooled: boolean;
  readonly #handles: HandleCache;
  readonly #log: SegmentSet;
  readonly #slots: QueueSlots;
  readonly #appender: LogAppender;
  readonly #placer: RecordAppender;
  readonly #writer: LogWriter;
  readonly #durable: DurablePositionFile;
  readonly #checkpoint: CheckpointFile;
  readonly #deleted: DeletedTopics;
  readonly #dispatcher: Dispatcher;

  constructor(
    disk: FaultyDisk,
    truth: ModelTruth,
    options: { readonly isSync: boolean; readonly isPooled?: boolean },
  ) {
    this.#disk = disk;
    this.#truth = truth;
    this.#isSync = options.isSync;
    this.#isPooled = options.isPooled ?? false;
    this.recovered = recoverStore(recoveryOptions(disk, MODEL_PATHS));
    const { logMin, logEnd, dispatchedPosition } = this.recovered;
    const epochs = EpochFile.open(disk, MODEL_PATHS.epochs);
    epochs.replace(epochs.table.asMaster(++truth.epoch, { first: logMin, end: logEnd }));
    this.memory = new LogMemory(createLogMemory({ ringBytes: 16 * 1024, appendBytesMax: 4 * 1024 }));
    this.memory.reset({
      logStart: logMin,
      logEnd,
      flushed: logEnd,
      dispatched: dispatchedPosition,
      storeTimestamp: FIRST_TIME_MS,
    });
    this.#handles = new HandleCache({ disk, mode: "write", handlesMax: 6 });
    this.#log = SegmentSet.open({
      directory: MODEL_PATHS.commitLog,
      fileBytes: LOG_FILE_BYTES,
      handles: this.#handles,
    });
    this.#slots = new QueueSlots(this.recovered.queues);
    this.#appender = new LogAppender(this.memory, { fileBytes: LOG_FILE_BYTES });
    this.#placer = new RecordAppender(this.memory, this.#appender, this.#slots.table);
    this.#writer = new LogWriter(this.memory, this.#log, {
      restore: (topic, queueId, queueOffset) => {
        const slot = this.#slots.slotOf(new TextDecoder().decode(topic), queueId)!;
        this.#slots.table.setNextOffset(slot, Math.min(queueOffset, this.#slots.table.nextOffset(slot)));
      },
    }, { nowMs: () => 0, slowWriteMs: 1000, busyWriteMs: 1000, onSlow: () => {}, takesBlocksAhead: options.isSync });
    this.#durable = new DurablePositionFile(disk, MODEL_PATHS.durablePosition);
    this.#checkpoint = CheckpointFile.open(disk, MODEL_PATHS.checkpoint);
    this.#deleted = DeletedTopics.open(disk, MODEL_PATHS.deletedTopics);
    this.#dispatcher = new Dispatcher({
      files: new DispatchFiles({
        root: MODEL_PATHS.consumeQueue,
        fileBytes: QUEUE_FILE_BYTES,
        handles: this.#handles,
        deletedBelow: (topic) => this.#deleted.below(topic),
      }),
      index: new IndexFileSet({ disk, directory: MODEL_PATHS.index, shape: SHAPE, nowMs: () => FIRST_TIME_MS }),
      marks: this.#marks(),
      logFileBytes: LOG_FILE_BYTES,
      delayLevels: [1000],
      position: dispatchedPosition,
    });
  }

  #marks(): DispatchMarks {
    const queues: { readonly topic: string; readonly queueId: number }[] = [];
    const slotOf = (queue: number): number | undefined =>
      this.#slots.slotOf(queues[queue]!.topic, queues[queue]!.queueId);
    return {
      opened: (queue, topic, queueId) => {
        queues[queue] = { topic, queueId };
        this.#dispatcher.share(queue, this.#slots.table, slotOf(queue) ?? -1);
      },
      began: (queue, minOffset) => this.#slots.table.setMinOffset(slotOf(queue)!, minOffset),
      mark: (queue, maxOffset) => {
        const slot = slotOf(queue);
        if (slot !== undefined) this.#slots.table.setMaxOffset(slot, maxOffset);
      },
    };
  }

  /** Appends messages and writes them by one write, as a gateway's turn does. */
  send(topic: string, count: number, bodyBytes: number): WriteOutcomeValue {
    const slots = this.#slots.allocate(topic, QUEUES);
    const placed: WrittenRecord[] = [];
    assert(this.#appender.begin(), `the log is closed: ${this.#writer.lastError}`);
    for (let index = 0; index < count; index++) {
      const sequence = this.#truth.sequence++;
      const record = recordOf(topic, sequence, bodyBytes);
      const appended = this.#placer.append([record], slots[sequence % QUEUES]!, FIRST_TIME_MS + sequence);
      assert(typeof appended === "object", `placing failed with ${appended}`);
      const { epoch } = this.#truth;
      placed.push({ topic, position: appended.position, end: appended.end, epoch, bytes: record });
    }
    this.#appender.end(FIRST_TIME_MS + this.#truth.sequence);
    // What is on its way may be on the device after a crash, whatever the write says.
    this.#truth.records.push(...placed);
    if (this.#isPooled) {
      this.#truth.acked = placed.at(-1)!.end;
      return this.memory.appended.load() - this.memory.written.load() > POOL_BYTES
        ? this.commit()
        : WriteOutcome.Written;
    }
    const outcome = this.#writer.write();
    if (outcome === WriteOutcome.Refused) this.#truth.records.splice(-placed.length);
    if (outcome !== WriteOutcome.Written) return outcome;
    if (!this.#isSync) this.#truth.acked = placed.at(-1)!.end;
    return outcome;
  }

  /** What CommitRealTimeService does: writes what was acknowledged in memory. */
  commit(): WriteOutcomeValue {
    return this.#writer.write();
  }

  /** Gathered sends are acknowledged behind one sync. */
  flush(): void {
    const from = this.memory.flushed.load();
    const to = this.memory.written.load();
    this.#log.syncRange(from, to);
    this.memory.flushed.store(to);
    this.#truth.flushed = to;
    if (this.#isSync) this.#truth.acked = to;
    this.#durable.writeFlushed(to, this.#log.first, (at, into, length) => this.#log.read(into, 0, length, at));
  }

  prepareFile(): void {
    // The first file is made by the first write.
    if (this.#log.count > 0) this.#log.prepareNext(this.memory.written.load());
  }

  dispatch(): void {
    const end = this.memory.written.load();
    while (this.#dispatcher.position < end) {
      const bytes = new Uint8Array(end - this.#dispatcher.position);
      this.#log.read(bytes, 0, bytes.length, this.#dispatcher.position);
      this.#dispatcher.dispatch(bytes, 0, bytes.length, this.#dispatcher.position);
    }
    this.memory.dispatched.store(this.#dispatcher.position);
  }

  /** What FlushConsumeQueueService does: derived files, then the promise, and only of what the log holds on the device. */
  checkpoint(): void {
    const dirty = this.#dispatcher.takeDirty();
    syncDerived(this.#disk, dirty);
    if (this.memory.flushed.load() < dirty.position) return;
    const change = { logicsMsgTimestampMs: dirty.storeTimestampMs, physicMsgTimestampMs: dirty.storeTimestampMs };
    this.#checkpoint.advanceDerived(this.#durable, dirty.position, change);
  }

  deleteTopic(topic: string): void {
    this.commit();
    const position = this.memory.appended.load();
    this.#log.syncRange(this.memory.flushed.load(), position);
    this.#deleted.add([topic], position);
    this.#dispatcher.forgetTopic(topic);
    this.#disk.removeTree(`${MODEL_PATHS.consumeQueue}/${topic}`);
    if (this.#disk.exists(MODEL_PATHS.consumeQueue)) this.#disk.syncDirectory(MODEL_PATHS.consumeQueue);
    this.#slots.reclaim(this.#slots.release(topic));
    this.#truth.deleted.set(topic, position);
  }

  /** Removes the first file of the log as retention does, then what hangs on it. */
  expire(): void {
    const first = this.#log.segments[0];
    const end = Math.min(this.memory.flushed.load(), this.memory.dispatched.load());
    if (first === undefined || first.start + LOG_FILE_BYTES > this.#log.startOf(end)) return;
    const logMin = first.start + LOG_FILE_BYTES;
    this.memory.logStart.store(logMin);
    // From the first step on the file may be gone.
    this.#truth.logMin = logMin;
    const removal = new SmoothRemoval(this.#disk, first.path);
    this.#log.removeBefore(logMin, 1);
    while (removal.step(1000));
    for (const topic of this.#topicsOnDisk()) {
      for (let queueId = 0; queueId < QUEUES; queueId++) {
        const slot = this.#slots.slotOf(topic, queueId);
        if (slot === undefined || !this.#disk.exists(`${MODEL_PATHS.consumeQueue}/${topic}/${queueId}`)) continue;
        const queue = {
          root: MODEL_PATHS.consumeQueue,
          fileBytes: QUEUE_FILE_BYTES,
          handles: this.#handles,
          topic,
          queueId,
          tail: { table: this.#slots.table, slot: () => slot },
        };
        const maxOffset = this.#slots.table.maxOffset(slot);
        removeQueueFiles({ ...queue, minOffset: this.#slots.table.minOffset(slot), maxOffset }, logMin);
      }
    }
    removeIndexFiles(this.#disk, MODEL_PATHS.index, SHAPE, logMin);
  }

  /** Cuts the log in its last part, as a repair or a follower does; the broker starts anew afterwards. */
  truncate(): void {
    const from = Math.max(this.memory.logStart.load(), this.#log.startOf(this.memory.written.load()));
    const kept = this.#truth.records.filter(({ position }) => position >= from);
    const cut = kept[Math.floor(kept.length / 2)]?.position;
    if (cut === undefined) return;
    this.#truth.truncatingTo = cut;
    truncateLog({ ...recoveryOptions(this.#disk, MODEL_PATHS), handles: this.#handles }, cut);
    dropBehind(this.#truth, cut);
    this.#truth.truncatingTo = undefined;
  }

  close(): void {
    this.#handles.close();
  }

  get isOpen(): boolean {
    return this.memory.status === LogStatus.Open;
  }

  #topicsOnDisk(): string[] {
    return this.#disk.exists(MODEL_PATHS.consumeQueue) ? this.#disk.list(MODEL_PATHS.consumeQueue) : [];
  }
}

/** What lies behind a position was never promised, or is taken back on purpose. */
function dropBehind(truth: ModelTruth, position: number): void {
  while (truth.records.length > 0 && truth.records.at(-1)!.end > position) truth.records.pop();
  truth.acked = Math.min(truth.acked, position);
  truth.flushed = Math.min(truth.flushed, position);
}

/** Recovers a crashed disk and compares it with what was promised. What was lost as allowed is taken out of the truth. */
export function assertPromises(disk: FaultyDisk, truth: ModelTruth, what: string): RecoveryResult {
  const result = recoverStore(recoveryOptions(disk, MODEL_PATHS));
  const { logEnd } = result;
  if (truth.truncatingTo !== undefined && logEnd < truth.flushed) dropBehind(truth, truth.truncatingTo);
  truth.truncatingTo = undefined;
  assert(logEnd >= truth.flushed, `${what}: the log ends at ${logEnd}, the device held ${truth.flushed}`);
  assert(result.logMin <= truth.logMin, `${what}: the log begins at ${result.logMin}, promised from ${truth.logMin}`);
  truth.logMin = result.logMin;
  const lost = truth.records.filter(({ end }) => end > logEnd);
  const kept = truth.records.filter(({ end }) => end <= logEnd);
  assert(lost.every(({ position }) => position >= (kept.at(-1)?.end ?? 0)), `${what}: a hole in the log`);
  assertLog(disk, kept.filter(({ position }) => position >= result.logMin), result, what);
  assertEpochs(disk, kept.filter(({ position }) => position >= result.logMin), what);
  truth.records.length = 0;
  truth.records.push(...kept);
  truth.acked = Math.min(truth.acked, logEnd);
  for (const [topic, position] of truth.deleted) if (position > logEnd) truth.deleted.set(topic, logEnd);
  return result;
}

/** The epochs say of each record which life wrote it. */
function assertEpochs(disk: FaultyDisk, kept: readonly WrittenRecord[], what: string): void {
  const { table } = EpochFile.open(disk, MODEL_PATHS.epochs);
  for (const { position, epoch } of kept) {
    assertEquals(table.at(position)?.epoch, epoch, `${what}: epoch of the record at ${position}`);
  }
}

/** The log holds the records, byte for byte, and nothing else. */
function assertLog(disk: FaultyDisk, kept: readonly WrittenRecord[], result: RecoveryResult, what: string): void {
  const handles = new HandleCache({ disk, mode: "read", handlesMax: 4 });
  const files = SegmentSet.open({ directory: MODEL_PATHS.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  const bytes = new Uint8Array(LOG_FILE_BYTES);
  let end = result.logMin;
  for (const record of kept) {
    const isNext = record.position === end || record.position === files.startOf(end) + LOG_FILE_BYTES;
    assert(isNext, `${what}: a record at ${record.position} follows one that ends at ${end}`);
    files.read(bytes, 0, record.bytes.length, record.position);
    assertSameBytes(bytes.subarray(0, record.bytes.length), record.bytes, `${what}: record at ${record.position}`);
    end = record.end;
  }
  const isEnd = result.logEnd === end || result.logEnd === files.startOf(end) + LOG_FILE_BYTES;
  assert(isEnd, `${what}: the log ends at ${result.logEnd}, its last record at ${end}`);
  handles.close();
}

/** Queues and indexes are those that the log alone gives. */
export function assertDerivedAsRebuilt(disk: FaultyDisk, truth: ModelTruth, found: RecoveryResult, what: string): void {
  const fresh = new MemoryDisk();
  fresh.makeDirectory(MODEL_PATHS.commitLog);
  for (const name of disk.list(MODEL_PATHS.commitLog)) {
    fresh.writeFile(`${MODEL_PATHS.commitLog}/${name}`, disk.readFile(`${MODEL_PATHS.commitLog}/${name}`));
  }
  for (const path of [MODEL_PATHS.deletedTopics, `${MODEL_PATHS.deletedTopics}.bak`]) {
    if (disk.exists(path)) fresh.writeFile(path, disk.readFile(path));
  }
  const rebuilt = recoverStore(recoveryOptions(fresh, MODEL_PATHS));
  const bounds = ({ queues }: RecoveryResult): string[] =>
    queues.filter(({ minOffset, maxOffset }) => maxOffset > minOffset)
      .map(({ topic, queueId, minOffset, maxOffset }) => `${topic}/${queueId} ${minOffset} ${maxOffset}`).sort();
  assertEquals(bounds(found), bounds(rebuilt), what);
  for (const { topic, queueId, minOffset, maxOffset } of rebuilt.queues) {
    const below = Math.max(truth.deleted.get(topic) ?? 0, found.logMin);
    const count = truth.records.filter((record) =>
      record.topic === topic && record.position >= below && queueIdOf(record.bytes) === queueId
    ).length;
    assertEquals(maxOffset - minOffset, count, `${what}: messages of ${topic}/${queueId}`);
  }
  if (found.logMin > 0) return;
  for (const name of filesBelow(fresh, MODEL_PATHS.consumeQueue)) {
    const actual = disk.readFile(`${MODEL_PATHS.consumeQueue}/${name}`);
    assertSameBytes(actual, fresh.readFile(`${MODEL_PATHS.consumeQueue}/${name}`), `${what}: ${name}`);
  }
  const indexes = disk.exists(MODEL_PATHS.index) ? disk.list(MODEL_PATHS.index) : [];
  const rebuiltIndexes = fresh.exists(MODEL_PATHS.index) ? fresh.list(MODEL_PATHS.index) : [];
  for (const [at, name] of rebuiltIndexes.entries()) {
    const actual = disk.readFile(`${MODEL_PATHS.index}/${indexes[at]}`);
    assertSameIndex(actual, fresh.readFile(`${MODEL_PATHS.index}/${name}`), SHAPE, `${what}: index ${at}`);
  }
}

function queueIdOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(12);
}

function recordOf(topic: string, sequence: number, bodyBytes: number): Uint8Array {
  return encodeRecord({
    queueId: sequence % QUEUES,
    flag: sequence,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    bornTimestamp: FIRST_TIME_MS,
    bornHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 1]),
    storeTimestamp: 0,
    storeHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 2]),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Uint8Array.from({ length: bodyBytes }, (_, index) => (index + sequence) & 0xff),
    topic,
    properties: `UNIQ_KEY\u0001U${sequence}\u0002KEYS\u0001K${sequence % 7}\u0002TAGS\u0001T\u0002`,
  });
}

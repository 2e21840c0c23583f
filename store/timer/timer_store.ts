/**
 * Wheel, timer log, checkpoint and counts of one store, and how they are brought into step after a stop of any kind.
 *
 * Owns: what is written when. A unit is in the log before its slot names it; the checkpoint is written when log and wheel are on the device.
 * Reads: the files. Never: appends to the commit log; what is due it only names.
 *
 * Recovery takes the log from the checkpoint on: a unit that its slot does not name yet is added to the slot. A slot that names a unit which is not in the log is emptied
 * and filled again. Units of records that the commit log lost are cut off, and the timer queue is read again from there. What was written since the checkpoint is written
 * again, because a sync of it may have failed.
 *
 * Source: apache/rocketmq store/timer/TimerMessageStore.java recover, doEnqueue, dequeue
 */
import { nextDataVersion } from "../../protocol/data_version.ts";
import { javaStringHash } from "../../protocol/java_hash.ts";
import type { Disk, DiskFile } from "../file/disk.ts";
import { HandleCache } from "../file/handle_cache.ts";
import { readTextFile, writeTextFile, writeTextFileLater } from "../file/json_file.ts";
import { SegmentSet } from "../file/segment_set.ts";
import {
  decodeTimerCheckpoint,
  encodeTimerCheckpoint,
  NO_TIMER_CHECKPOINT,
  TIMER_CHECKPOINT_FILE_BYTES,
  type TimerCheckpoint,
} from "./timer_checkpoint.ts";
import { TIMER_UNIT_BYTES, TimerLog, TimerMagic, type TimerUnit } from "./timer_log.ts";
import type { StoredTimer } from "./timer_message.ts";
import { TimerCounts } from "./timer_metrics.ts";
import { HALF_TURN_SLOTS, NO_POSITION, TimerWheel, WHEEL_SLOTS, type WheelSlot } from "./timer_wheel.ts";

/** Slots that stay free between the end of the wheel and its start. Source: apache/rocketmq store/timer/TimerMessageStore.java TIMER_BLANK_SLOTS */
const BLANK_SLOTS = 60;

/** Files of the timer log kept open. */
const HANDLES_MAX = 4;

/** How a timer store is opened. */
export interface TimerStoreOptions {
  readonly disk: Disk;
  /** Root directory of the store. */
  readonly root: string;
  /** Directory of the configuration files. */
  readonly config: string;
  /** Bytes of a file of the timer log. */
  readonly logFileBytes: number;
  /** Milliseconds of a slot. */
  readonly precisionMs: number;
  /** Slots that a message is ahead at most; what is further away is rolled. */
  readonly rollWindowSlots: number;
  /** End of the commit log. */
  readonly commitLogEnd: number;
  /** Queue offset of the timer message at a position of the commit log; undefined when there is none. */
  readonly queueOffsetAt: (position: number, bytes: number) => number | undefined;
  readonly nowMs: number;
}

/** A message for the wheel. */
export interface WheelRequest {
  /** Slot in which it is due, milliseconds since 1970. */
  readonly outMs: number;
  readonly recordPosition: number;
  readonly recordBytes: number;
  readonly realTopic: string;
  /** Whether it recalls another message. */
  readonly isRecall: boolean;
}

/** What the wheel has to know of a message. */
export function wheelRequest({ record, outMs, realTopic, recalls }: StoredTimer): WheelRequest {
  return {
    outMs,
    recordPosition: record.physicalOffset,
    recordBytes: record.totalSize,
    realTopic,
    isRecall: recalls !== undefined,
  };
}

/** What a checkpoint is made of. */
export type TimerSnapshot = Pick<TimerCheckpoint, "readTimeMs" | "logPosition" | "queueOffset">;

/** Paths of the timer files. Source: apache/rocketmq store/timer/TimerMessageStore.java, broker BrokerPathConfigHelper */
export function timerPaths(root: string, config: string): Record<"wheel" | "log" | "checkpoint" | "metrics", string> {
  return {
    wheel: TimerWheel.pathIn(root),
    log: `${root}/timerlog`,
    checkpoint: `${config}/timercheck`,
    metrics: `${config}/timermetrics`,
  };
}

/** Whether a store has timer files. */
export function hasTimerFiles(disk: Disk, root: string, config: string): boolean {
  const { wheel, log, checkpoint } = timerPaths(root, config);
  return disk.exists(wheel) || disk.exists(log) || disk.exists(checkpoint);
}

/** Slots that a message is ahead at most. Source: apache/rocketmq store/timer/TimerMessageStore.java timerRollWindowSlots */
export function rollWindow(configuredSlots: number): number {
  const most = HALF_TURN_SLOTS - BLANK_SLOTS;
  return configuredSlots > most || configuredSlots < 2 ? most : configuredSlots;
}

/** The timer files of one store. One thread. */
export class TimerStore {
  readonly wheel: TimerWheel;
  readonly log: TimerLog;
  readonly counts: TimerCounts;
  /** What recovery did. */
  readonly recovered: { unitsReplayed: number; unitsCut: number; slotsRefilled: number };
  /** Messages below this queue offset that were due before {@link replayReadMs} are delivered, though they are read again. */
  readonly replayBelow: number;
  /** See {@link replayBelow}. */
  readonly replayReadMs: number;
  readonly #options: TimerStoreOptions;
  readonly #handles: HandleCache;
  readonly #checkpointFile: DiskFile;
  readonly #checkpointPath: string;
  readonly #metricsPath: string;
  readonly #logDirectory: string;
  #syncedFiles = 0;
  #checkpoint: TimerCheckpoint;
  #readTimeMs: number;
  #queueOffset: number;
  #writeTimeMs = 0;

  private constructor(options: TimerStoreOptions) {
    const { disk, root, config, precisionMs } = options;
    const paths = timerPaths(root, config);
    this.#options = options;
    this.#checkpointPath = paths.checkpoint;
    this.#metricsPath = paths.metrics;
    disk.makeDirectory(config);
    this.#checkpointFile = disk.open(paths.checkpoint, "create");
    if (this.#checkpointFile.bytes() < TIMER_CHECKPOINT_FILE_BYTES) {
      this.#checkpointFile.truncate(TIMER_CHECKPOINT_FILE_BYTES);
      this.#checkpointFile.syncData();
      disk.syncDirectory(config);
    }
    const bytes = new Uint8Array(TIMER_CHECKPOINT_FILE_BYTES);
    this.#checkpointFile.read(bytes, 0, bytes.length, 0);
    this.#checkpoint = { ...NO_TIMER_CHECKPOINT, ...decodeTimerCheckpoint(bytes) };
    this.wheel = TimerWheel.open(disk, paths.wheel, precisionMs);
    this.#handles = new HandleCache({ disk, mode: "write", handlesMax: HANDLES_MAX });
    const files = SegmentSet.open({
      directory: paths.log,
      fileBytes: options.logFileBytes,
      handles: this.#handles,
      removeEmpty: true,
      syncNames: false,
    });
    if (this.wheel.isNew) disk.syncDirectory(root);
    this.#logDirectory = paths.log;
    this.counts = readTextFile(disk, paths.metrics, (text) => TimerCounts.decode(text))?.value ?? new TimerCounts();
    this.#readTimeMs = Math.max(this.#checkpoint.readTimeMs, this.#earliestReadMs(options.nowMs));
    // On a store that followed a master, only the master's offset says what was delivered.
    this.replayBelow = Math.max(this.#checkpoint.queueOffset, this.#checkpoint.masterQueueOffset);
    this.replayReadMs = this.#checkpoint.readTimeMs;
    this.log = new TimerLog(files, files.first);
    const { queueOffset, recovered } = this.#recover();
    this.#queueOffset = queueOffset;
    this.recovered = recovered;
  }

  /**
   * Opens the timer files, which are made when they are not there, and brings them into step.
   *
   * @throws {DiskError} when the disk refuses
   * @throws {StoreError} when a file is not what it must be
   */
  static open(options: TimerStoreOptions): TimerStore {
    return new TimerStore(options);
  }

  /** Slots before this time are delivered, milliseconds since 1970. */
  get readTimeMs(): number {
    return this.#readTimeMs;
  }

  /** Next message of the timer queue. */
  get queueOffset(): number {
    return this.#queueOffset;
  }

  /** What the file of the checkpoint says. */
  get checkpoint(): TimerCheckpoint {
    return this.#checkpoint;
  }

  /** The slot of now, milliseconds since 1970. It only rises: messages for slots before it are late. */
  writeTime(nowMs: number): number {
    const { precisionMs } = this.#options;
    this.#writeTimeMs = Math.max(this.#writeTimeMs, Math.floor(nowMs / precisionMs) * precisionMs);
    return this.#writeTimeMs;
  }

  /**
   * Puts messages into the wheel and moves the queue offset behind them.
   *
   * @param requests in the order of the timer queue, none of them late
   * @param queueOffset behind the last of them, and behind those that needed no place in the wheel
   * @throws {DiskError} when the log refuses: then nothing happened; or the wheel: then its slots are kept for the next {@link TimerWheel.flush}
   */
  enqueue(requests: readonly WheelRequest[], queueOffset: number, nowMs: number): void {
    if (requests.length > 0) {
      const positions = this.log.plan(requests.length);
      const slots = new Map<number, WheelSlot>();
      this.log.append(requests.map((request, index) => this.#place(request, positions[index]!, slots, nowMs)));
      for (const slot of slots.values()) this.wheel.put(slot);
      for (const { realTopic, isRecall } of requests) this.counts.add(realTopic, isRecall ? -1 : 1, nowMs);
    }
    this.#queueOffset = queueOffset;
    this.wheel.flush();
  }

  /** Slots before this time are delivered now. */
  moveReadTime(timeMs: number): void {
    this.#readTimeMs = Math.max(this.#readTimeMs, timeMs);
  }

  /** Positions of the units of a slot behind one of them, the first first. */
  unitsOf(slot: WheelSlot, behind: number = NO_POSITION): number[] {
    const positions: number[] = [];
    for (let at = slot.last; at !== NO_POSITION && at > behind;) {
      const unit = this.log.read(at);
      if (unit === undefined) break;
      positions.push(at);
      // A chain that does not go backwards is damaged: what follows belongs to nobody.
      if (unit.previous >= at) break;
      at = unit.previous;
    }
    return positions.reverse();
  }

  /** Messages that wait, less recalls. Reads the slots ahead. */
  waiting(): number {
    let count = 0;
    this.wheel.forEach(this.#readTimeMs, (slot) => count += slot.count);
    return count;
  }

  /** What a checkpoint would say now. */
  snapshot(): TimerSnapshot {
    return { readTimeMs: this.#readTimeMs, logPosition: this.log.end, queueOffset: this.#queueOffset };
  }

  /**
   * Brings log and wheel onto the device, then writes a checkpoint.
   *
   * @param snapshot taken when or before now
   * @throws {DiskError} when the disk refuses
   */
  save(snapshot: TimerSnapshot, nowMs: number): void {
    this.wheel.flush();
    this.log.sync();
    this.#syncLogNames();
    this.wheel.sync();
    if (this.#move(snapshot, nowMs)) this.#checkpointFile.syncData();
    if (!this.counts.dirty) return;
    writeTextFile(this.#options.disk, this.#metricsPath, this.counts.encode());
    this.counts.markSaved();
  }

  /**
   * As {@link save}, but the thread goes on while the device works. Two of these must not overlap.
   *
   * @throws {DiskError} as a rejection, when the disk refuses
   */
  async saveLater(snapshot: TimerSnapshot, nowMs: number): Promise<void> {
    const { disk } = this.#options;
    this.wheel.flush();
    await this.log.syncLater(disk);
    this.#syncLogNames();
    await this.wheel.syncLater();
    if (this.#move(snapshot, nowMs)) await disk.syncLater(this.#checkpointPath);
    if (!this.counts.dirty) return;
    const text = this.counts.encode();
    this.counts.markSaved();
    await writeTextFileLater(disk, this.#metricsPath, text);
  }

  #syncLogNames(): void {
    if (this.log.fileCount !== this.#syncedFiles) this.#options.disk.syncDirectory(this.#logDirectory);
    this.#syncedFiles = this.log.fileCount;
  }

  /** Writes the checkpoint when it says something new. */
  #move(snapshot: TimerSnapshot, nowMs: number): boolean {
    const before = this.#checkpoint;
    const isMoved = before.readTimeMs !== snapshot.readTimeMs || before.queueOffset !== snapshot.queueOffset ||
      before.logPosition !== snapshot.logPosition;
    if (!isMoved) return false;
    this.#checkpoint = {
      ...snapshot,
      masterQueueOffset: snapshot.queueOffset,
      version: nextDataVersion(before.version, nowMs),
    };
    const bytes = encodeTimerCheckpoint(this.#checkpoint);
    this.#checkpointFile.write(bytes, 0, bytes.length, 0);
    return true;
  }

  /** Closes the files. */
  close(): void {
    this.wheel.close();
    this.#handles.close();
    this.#checkpointFile.close();
  }

  #place(request: WheelRequest, position: number, slots: Map<number, WheelSlot>, nowMs: number): TimerUnit {
    const { precisionMs, rollWindowSlots } = this.#options;
    const enqueueMs = this.writeTime(nowMs);
    // A clock that was set back may bring messages for slots that were read already.
    let timeMs = Math.max(request.outMs, this.#readTimeMs, enqueueMs);
    timeMs -= timeMs % precisionMs;
    let magic: number = request.isRecall ? TimerMagic.Default | TimerMagic.Delete : TimerMagic.Default;
    const beyondMs = timeMs - enqueueMs - rollWindowSlots * precisionMs;
    if (beyondMs >= 0) {
      magic |= TimerMagic.Roll;
      const isShort = beyondMs < Math.floor(rollWindowSlots / 3) * precisionMs;
      timeMs = enqueueMs + (isShort ? Math.floor(rollWindowSlots / 2) : rollWindowSlots) * precisionMs;
    }
    const slot = slots.get(timeMs) ?? this.wheel.get(timeMs);
    slots.set(timeMs, grown(slot, timeMs, position, request.isRecall));
    return {
      previous: slot?.last ?? NO_POSITION,
      magic,
      enqueueMs,
      delayMs: timeMs - enqueueMs,
      recordPosition: request.recordPosition,
      recordBytes: request.recordBytes,
      topicHash: javaStringHash(request.realTopic),
    };
  }

  /** A broker that was away for longer than the wheel reaches cannot tell old slots from new ones. */
  #earliestReadMs(nowMs: number): number {
    const { precisionMs, rollWindowSlots } = this.#options;
    const now = Math.floor(nowMs / precisionMs) * precisionMs;
    return Math.max(0, now - (WHEEL_SLOTS - rollWindowSlots - BLANK_SLOTS) * precisionMs);
  }

  #recover(): { queueOffset: number; recovered: TimerStore["recovered"] } {
    const before = this.#checkpoint;
    const tail = this.#scanTail(this.#scanStart(before.logPosition));
    // A log that ends before the checkpoint lost units: what they stood for is read again from the timer queue.
    const isShort = tail.end < before.logPosition;
    const { end, last, unitsCut } = isShort ? this.#scanTail(this.log.first) : tail;
    this.log.truncate(end);
    this.log.rewriteFrom(this.#scanStart(before.logPosition));
    const { slots, minFirst } = this.#emptyLostSlots(end);
    const replayFrom = this.wheel.isNew ? this.log.first : Math.min(this.#scanStart(before.logPosition), minFirst);
    let unitsReplayed = 0;
    this.log.scan(replayFrom, (position, unit) => {
      if (position < end && this.#replay(position, unit)) unitsReplayed++;
    });
    this.wheel.flush();
    const lastOffset = last === undefined
      ? undefined
      : this.#options.queueOffsetAt(last.recordPosition, last.recordBytes);
    const behind = lastOffset === undefined ? 0 : lastOffset + 1;
    return {
      queueOffset: isShort ? behind : Math.max(before.queueOffset, behind),
      recovered: { unitsReplayed, unitsCut, slotsRefilled: slots },
    };
  }

  /** Where the first unit at or before a position begins. */
  #scanStart(position: number): number {
    const inFile = position % this.#options.logFileBytes;
    return Math.max(this.log.first, position - inFile % TIMER_UNIT_BYTES);
  }

  /** Finds the end of the log: behind the last unit of which the commit log has the record. */
  #scanTail(from: number): { end: number; last: TimerUnit | undefined; unitsCut: number } {
    let end: number | undefined;
    let last: TimerUnit | undefined;
    let unitsCut = 0;
    const scanned = this.log.scan(from, (position, unit) => {
      const isLost = unit.recordPosition + unit.recordBytes > this.#options.commitLogEnd;
      if (isLost) end ??= position;
      if (end === undefined) last = unit;
      else unitsCut++;
    });
    return { end: end ?? scanned, last, unitsCut };
  }

  /** Empties the slots that name a unit behind the end. */
  #emptyLostSlots(end: number): { slots: number; minFirst: number } {
    const lost: WheelSlot[] = [];
    this.wheel.forEach(this.#readTimeMs, (slot) => {
      if (slot.last >= end) lost.push(slot);
    });
    let minFirst = Infinity;
    for (const slot of lost) {
      minFirst = Math.min(minFirst, slot.first);
      this.wheel.put({ ...slot, first: NO_POSITION, last: NO_POSITION, count: 0 });
    }
    return { slots: lost.length, minFirst };
  }

  /** Adds a unit to its slot when that does not have it; the slot is written again in any case, see {@link TimerLog.rewriteFrom}. @returns whether it was added */
  #replay(position: number, unit: TimerUnit): boolean {
    const timeMs = unit.enqueueMs + unit.delayMs;
    if (timeMs < this.#readTimeMs) return false;
    const slot = this.wheel.get(timeMs);
    if (slot !== undefined && slot.last >= position) {
      this.wheel.put(slot);
      return false;
    }
    this.wheel.put(grown(slot, timeMs, position, (unit.magic & TimerMagic.Delete) !== 0));
    return true;
  }
}

function grown(slot: WheelSlot | undefined, timeMs: number, position: number, isRecall: boolean): WheelSlot {
  return {
    timeMs,
    first: slot?.first ?? position,
    last: position,
    count: (slot?.count ?? 0) + (isRecall ? -1 : 1),
    magic: slot?.magic ?? 0,
  };
}

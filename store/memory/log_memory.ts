/**
 * The shared memory in front of the commit log: the ring of bytes, the cursors over it, its locks and its bells.
 *
 * Cursors, in the order that always holds (`check()` looks at it, lower cursor first):
 *
 * ```
 *   flushed ≤ written ≤ appended ≤ reserved ≤ written + capacity        dispatched ≤ written        replicated ≤ written
 *
 *   file:   ───────────────────────────────┤ written
 *   ring:                        ├─────────┼─────────┤ appended ┄┄┄┄┤ reserved
 *                          reserved − capacity
 * ```
 *
 * The ring is followed by a margin as long as the largest record. A record that starts before the end of the ring is written on into the
 * margin and its overhang copied to the ring's start, so each record can be read at its start as one contiguous piece.
 *
 * This module owns the layout. It never looks at records.
 */
import { attachRegion, createRegion, raiseEpoch, readEpoch, WORD_STRIDE_BYTES } from "./region.ts";
import { Cursor } from "./cursor.ts";
import { Doorbell } from "./doorbell.ts";
import { SharedLock } from "./lock.ts";

const MAGIC = 0x524c4f47;
const LAYOUT_VERSION = 4;

/** Gateways, and other threads with a bell of their own, that one log serves at most. */
export const WAITERS_MAX = 16;

/** Capacity of the ring when nothing asks for more: 16 MiB. */
export const LOG_RING_BYTES = 16 * 1024 * 1024;

/** The ring is at least so many times the largest append. */
const APPENDS_OF_RING = 4;

/** How long a thread parks for the append or write lock before the holder counts as lost. Milliseconds of own parks. */
export const LOCK_PATIENCE_MS = 5000;

/** The same for the sync lock, whose holder waits for the device. */
const SYNC_PATIENCE_MS = 120_000;

const at = (word: number): number => (1 + word) * WORD_STRIDE_BYTES;
const RESERVED = at(0);
const APPENDED = at(1);
const WRITTEN = at(2);
const FLUSHED = at(3);
const DISPATCHED = at(4);
const REPLICATED = at(5);
const APPEND_LOCK = at(6);
const WRITE_LOCK = at(7);
const WRITTEN_BELL = at(8);
const FLUSH_BELL = at(9);
const STATUS = at(10);
const STORE_TIMESTAMP = at(11);
const PREPARED_FILE = at(12);
const LOG_START = at(13);
const PREPARE_BELL = at(14);
const BUSY_SINCE = at(15);
const RING_FLOOR = at(16);
const PARKED = at(17);
const SYNC_LOCK = at(18);
const SYNC_ASKS = at(19);
const APPENDER = at(20);
const ZEROED = at(21);
const FIRST_WAITER_BELL = 22;
const CONTROL_BYTES = at(FIRST_WAITER_BELL + WAITERS_MAX);

/** What the log can do now; one word that every thread reads before it appends. */
export const LogStatus = {
  /** Appends are taken. */
  Open: 0,
  /** A write or a sync failed for good: nothing is taken any more and the process is about to end. */
  ReadOnly: 1,
  /** The disk is full: appends are refused until a probe succeeds. */
  DiskFull: 2,
  /** The last write was slow: appends are refused as busy until a probe write is quick. */
  Busy: 3,
  /** The broker is stopping: appends are refused. */
  Closing: 4,
  /** The disk is filled above its warning level: appends are refused until there is room again. */
  DiskReserved: 5,
} as const;

/** One of {@link LogStatus}. */
export type LogStatusValue = (typeof LogStatus)[keyof typeof LogStatus];

/** The two buffers of a log's shared memory; plain data that crosses threads. */
export interface LogMemoryBuffers {
  /** Descriptor, cursors, locks and bells. */
  readonly control: SharedArrayBuffer;
  /** The ring and its margin. */
  readonly ring: SharedArrayBuffer;
  /** Bytes of the ring without its margin. */
  readonly ringBytes: number;
}

/**
 * Capacity of a ring for appends of a size.
 *
 * @param appendBytesMax bytes of the largest single append
 * @returns {@link LOG_RING_BYTES}, or as much as such appends need, in whole pages
 */
export function ringBytesFor(appendBytesMax: number): number {
  return Math.max(LOG_RING_BYTES, Math.ceil(APPENDS_OF_RING * appendBytesMax / 4096) * 4096);
}

/**
 * Creates the shared memory of one commit log.
 *
 * @param options bytes of the ring, and bytes of the largest single append (a record or a whole batch)
 * @throws {RangeError} when the ring is not at least four times the largest append
 */
export function createLogMemory(options: { ringBytes: number; appendBytesMax: number }): LogMemoryBuffers {
  const { ringBytes, appendBytesMax } = options;
  if (ringBytes % 4096 !== 0) throw new RangeError(`Cannot create log ring: ${ringBytes} bytes is no multiple of 4096`);
  if (ringBytes < APPENDS_OF_RING * appendBytesMax) {
    throw new RangeError(
      `Cannot create log ring: ${ringBytes} bytes is less than four times the largest append, ${appendBytesMax}`,
    );
  }
  const control = createRegion({ magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: ringBytes }, CONTROL_BYTES);
  const margin = Math.ceil(appendBytesMax / 4096) * 4096;
  return { control, ring: new SharedArrayBuffer(ringBytes + margin), ringBytes };
}

/** One thread's view of a log's shared memory. */
export class LogMemory {
  /** What it is a view of; plain data that crosses threads. */
  readonly buffers: LogMemoryBuffers;
  /** Ring and margin as bytes. */
  readonly ring: Uint8Array;
  /** Ring and margin for integers. */
  readonly ringView: DataView;
  /** Bytes of the ring without its margin. */
  readonly ringBytes: number;
  /** Bytes up to here may be torn; stored before the first byte of a record. Advanced by who holds the append lock. */
  readonly reserved: Cursor;
  /** Records complete in the ring. Advanced by who holds the append lock. */
  readonly appended: Cursor;
  /** Bytes handed to the kernel. Advanced by who holds the write lock. */
  readonly written: Cursor;
  /** Bytes on the device. Advanced by who holds the sync lock. */
  readonly flushed: Cursor;
  /** Queue and index entries exist up to here. Advanced by ReputMessageService. */
  readonly dispatched: Cursor;
  /** Bytes that enough slaves hold. Advanced by GroupTransferService. */
  readonly replicated: Cursor;
  /** First byte of the oldest commit-log file. Advanced by retention. */
  readonly logStart: Cursor;
  /** Store time of the newest record in milliseconds since 1970. Advanced by who holds the append lock. */
  readonly storeTimestamp: Cursor;
  /** Start of the newest file that exists on disk. Advanced by who prepares files. */
  readonly preparedFile: Cursor;
  /** When the write that is under way began, milliseconds since 1970; 0 when none is. */
  readonly busySince: Cursor;
  /** First position that the ring holds in this epoch; below it only the file has the bytes. Moved under both locks. */
  readonly ringFloor: Cursor;
  /** Blocks of the device are taken up to here, as zeros behind the records. Advanced by who holds the write lock. */
  readonly zeroed: Cursor;
  /** Serialises appenders. */
  readonly appendLock: SharedLock;
  /** Serialises writers. */
  readonly writeLock: SharedLock;
  /** Serialises syncs. */
  readonly syncLock: SharedLock;
  /** Rung when `written` advanced. */
  readonly writtenBell: Doorbell;
  /** Rung when a sync is wanted; {@link askSync} does. */
  readonly flushBell: Doorbell;
  /** Rung when the next file should be prepared. */
  readonly prepareBell: Doorbell;
  readonly #control: Int32Array;
  readonly #parked: Int32Array;
  /** Who moved the append cursors last, and how many appenders there were. */
  readonly #appender: Int32Array;
  readonly #syncAsks: Int32Array;
  readonly #status: Int32Array;
  readonly #buffer: SharedArrayBuffer;

  /**
   * Attaches to a log's shared memory.
   *
   * @throws {RegionMismatchError} when the buffers are not of this layout
   */
  constructor(buffers: LogMemoryBuffers) {
    this.buffers = buffers;
    const capacity = attachRegion(buffers.control, MAGIC, LAYOUT_VERSION);
    if (capacity !== buffers.ringBytes) {
      throw new RangeError(`Cannot attach log memory: ring is ${buffers.ringBytes} bytes, descriptor says ${capacity}`);
    }
    const buffer = buffers.control;
    this.#buffer = buffer;
    this.#control = new Int32Array(buffer);
    this.#status = new Int32Array(buffer, STATUS, 1);
    this.#parked = new Int32Array(buffer, PARKED, 1);
    this.#appender = new Int32Array(buffer, APPENDER, 2);
    this.#syncAsks = new Int32Array(buffer, SYNC_ASKS, 1);
    this.ringBytes = buffers.ringBytes;
    this.ring = new Uint8Array(buffers.ring);
    this.ringView = new DataView(buffers.ring);
    this.reserved = new Cursor(buffer, RESERVED);
    this.appended = new Cursor(buffer, APPENDED);
    this.written = new Cursor(buffer, WRITTEN);
    this.flushed = new Cursor(buffer, FLUSHED);
    this.dispatched = new Cursor(buffer, DISPATCHED);
    this.replicated = new Cursor(buffer, REPLICATED);
    this.logStart = new Cursor(buffer, LOG_START);
    this.storeTimestamp = new Cursor(buffer, STORE_TIMESTAMP);
    this.preparedFile = new Cursor(buffer, PREPARED_FILE);
    this.busySince = new Cursor(buffer, BUSY_SINCE);
    this.ringFloor = new Cursor(buffer, RING_FLOOR);
    this.zeroed = new Cursor(buffer, ZEROED);
    this.appendLock = new SharedLock(buffer, APPEND_LOCK, { name: "append", patienceMs: LOCK_PATIENCE_MS });
    this.writeLock = new SharedLock(buffer, WRITE_LOCK, { name: "write", patienceMs: LOCK_PATIENCE_MS * 4 });
    this.syncLock = new SharedLock(buffer, SYNC_LOCK, { name: "sync", patienceMs: SYNC_PATIENCE_MS });
    this.writtenBell = new Doorbell(buffer, WRITTEN_BELL);
    this.flushBell = new Doorbell(buffer, FLUSH_BELL);
    this.prepareBell = new Doorbell(buffer, PREPARE_BELL);
  }

  /** Bell of waiter `index`, a thread that sleeps for several reasons: flushed bytes, replicated bytes, tokens. */
  waiterBell(index: number): Doorbell {
    if (index < 0 || index >= WAITERS_MAX) throw new RangeError(`No waiter bell ${index}: there are ${WAITERS_MAX}`);
    return new Doorbell(this.#buffer, at(FIRST_WAITER_BELL + index));
  }

  /**
   * Pulls that are parked. PullRequestHoldService stores it before it looks at a queue again; ReputMessageService reads it after it published an
   * offset: so one of the two always sees the other, and while nobody waits nobody has to be woken.
   */
  get parkedPulls(): number {
    return Atomics.load(this.#parked, 0);
  }

  /** Stores {@link parkedPulls}. Only PullRequestHoldService. */
  set parkedPulls(count: number) {
    Atomics.store(this.#parked, 0, count);
  }

  /** How often a sync was asked for; it wraps around. FlushCommitLogService reads it before it reads `written`. */
  get syncAsks(): number {
    return Atomics.load(this.#syncAsks, 0);
  }

  /** Asks FlushCommitLogService for a sync of what is written by now. Who syncs by itself does not ask. */
  askSync(): void {
    this.flushBell.willRing();
    Atomics.add(this.#syncAsks, 0, 1);
    this.flushBell.ringAsSaid();
  }

  /** Number of a new appender, from 1; it names it to {@link takeAppend}. */
  newAppender(): number {
    return Atomics.add(this.#appender, 1, 1) + 1;
  }

  /**
   * Under the append lock, before `appended` or `reserved` move: says who moves them now.
   *
   * @param appender its number; 0 for whoever is no appender
   * @returns whether it moved them last too, so that they stand where it left them
   */
  takeAppend(appender: number): boolean {
    if (this.#appender[0] === appender) return true;
    this.#appender[0] = appender;
    return false;
  }

  /** What the log can do now. */
  get status(): LogStatusValue {
    return Atomics.load(this.#status, 0) as LogStatusValue;
  }

  /** Changes what the log can do. A read-only log stays read-only, and what is closing becomes nothing else any more. */
  setStatus(status: LogStatusValue): void {
    let known = this.status;
    while (known !== LogStatus.ReadOnly && (known !== LogStatus.Closing || status === LogStatus.ReadOnly)) {
      const found = Atomics.compareExchange(this.#status, 0, known, status) as LogStatusValue;
      if (found === known) return;
      known = found;
    }
  }

  /** Changes what the log can do if it is as expected. @returns whether it was */
  exchangeStatus(expected: LogStatusValue, status: LogStatusValue): boolean {
    return Atomics.compareExchange(this.#status, 0, expected, status) === expected;
  }

  /** Rises when the ring was voided: copies that were taken from it under an older epoch are worth nothing. */
  get epoch(): number {
    return readEpoch(this.#control);
  }

  /** Voids the ring; call it under both locks. */
  raiseEpoch(): number {
    return raiseEpoch(this.#control);
  }

  /** Sets every cursor to the end of the log that recovery found. Before other threads attach. */
  reset(
    position: {
      logStart: number;
      logEnd: number;
      flushed: number;
      dispatched: number;
      /** The end of the log when left out. */
      replicated?: number;
      storeTimestamp: number;
    },
  ): void {
    this.logStart.store(position.logStart);
    this.reserved.store(position.logEnd);
    this.appended.store(position.logEnd);
    this.written.store(position.logEnd);
    this.flushed.store(position.flushed);
    this.dispatched.store(position.dispatched);
    this.replicated.store(position.replicated ?? position.logEnd);
    this.storeTimestamp.store(position.storeTimestamp);
    // What lies below the end was written by an earlier process: readers take it from the file.
    this.raiseEpoch();
    this.ringFloor.store(position.logEnd);
  }

  /**
   * Asserts the order of the cursors.
   *
   * @throws {Error} that names the two cursors and their values
   */
  check(): void {
    const flushed = this.flushed.load();
    const dispatched = this.dispatched.load();
    const replicated = this.replicated.load();
    const writtenLow = this.written.load();
    const appendedLow = this.appended.load();
    const reservedLow = this.reserved.load();
    const writtenHigh = this.written.load();
    order("flushed", flushed, "written", writtenLow);
    order("dispatched", dispatched, "written", writtenLow);
    order("replicated", replicated, "written", writtenLow);
    order("written", writtenLow, "appended", appendedLow);
    order("appended", appendedLow, "reserved", reservedLow);
    order("reserved", reservedLow, "written + capacity", writtenHigh + this.ringBytes);
  }
}

function order(lowName: string, low: number, highName: string, high: number): void {
  if (low > high) throw new Error(`Cursors out of order: ${lowName} is ${low}, ${highName} is ${high}`);
}

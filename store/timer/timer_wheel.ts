/**
 * The wheel: which timer-log units fall due in which slot of time.
 *
 * ```
 *   i64 slot time / precision | i64 first log position | i64 last log position | i32 count | i32 magic      32 bytes a slot
 * ```
 *
 * Owns: the file, and slots that are changed and not written yet. Reads: the slots it is asked for; the file is never held as a whole.
 * Never: shortens the file. Two times share a slot when they are a turn of the wheel apart; the slot's time says which one it holds.
 *
 * Source: apache/rocketmq store/timer/TimerWheel.java, Slot.java
 */
import type { Disk, DiskFile } from "../file/disk.ts";
import { StoreError } from "../errors.ts";

/** Bytes of a slot. Source: apache/rocketmq store/timer/Slot.java SIZE */
export const SLOT_BYTES = 32;

/** Slots of half a turn: seven days of seconds. Source: apache/rocketmq store/timer/TimerMessageStore.java TIMER_WHEEL_TTL_DAY, DAY_SECS */
export const HALF_TURN_SLOTS = 7 * 24 * 3600;

/** Slots of the wheel. Source: apache/rocketmq store/timer/TimerWheel.java wheelLength */
export const WHEEL_SLOTS: number = 2 * HALF_TURN_SLOTS;

/** Position that means no unit. */
export const NO_POSITION = -1;

/** Slots read at once by a search. */
const BLOCK_SLOTS = 2048;

/** A slot that holds units. */
export interface WheelSlot {
  /** Time of the slot, milliseconds since 1970, a multiple of the precision. */
  readonly timeMs: number;
  /** Timer-log position of the unit that came first. */
  readonly first: number;
  /** Timer-log position of the unit that came last; each unit names the one before it. */
  readonly last: number;
  /** Messages less recalls. */
  readonly count: number;
  /** Kept as it is. */
  readonly magic: number;
}

/** The wheel's file. */
export class TimerWheel {
  /** Whether the file was made now. */
  readonly isNew: boolean;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #precisionMs: number;
  readonly #changed = new Map<number, WheelSlot>();
  readonly #one = new Uint8Array(SLOT_BYTES);
  #block: Uint8Array | undefined;
  #isUnsynced = false;

  private constructor(disk: Disk, path: string, file: DiskFile, precisionMs: number, isNew: boolean) {
    this.isNew = isNew;
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#precisionMs = precisionMs;
  }

  /** Path of the wheel in a store. Source: apache/rocketmq store/timer/TimerMessageStore.java getTimerWheelPath */
  static pathIn(root: string): string {
    return `${root}/timerwheel`;
  }

  /**
   * Opens the wheel; a new one is sparse.
   *
   * @param disk where; @param path of the file; @param precisionMs milliseconds of a slot
   * @throws {StoreError} `FILE_FORMAT` when the file has another size
   */
  static open(disk: Disk, path: string, precisionMs: number): TimerWheel {
    const file = disk.open(path, "create");
    const bytes = file.bytes();
    if (bytes !== 0 && bytes !== WHEEL_SLOTS * SLOT_BYTES) {
      file.close();
      throw new StoreError(
        "FILE_FORMAT",
        `Cannot open timer wheel "${path}": it has ${bytes} bytes, expected are ${WHEEL_SLOTS * SLOT_BYTES}`,
        { path },
      );
    }
    if (bytes === 0) file.truncate(WHEEL_SLOTS * SLOT_BYTES);
    return new TimerWheel(disk, path, file, precisionMs, bytes === 0);
  }

  /** The slot of a time, or undefined when it holds nothing of that time. */
  get(timeMs: number): WheelSlot | undefined {
    const index = this.#index(timeMs);
    const changed = this.#changed.get(index);
    if (changed === undefined) {
      this.#file.read(this.#one, 0, SLOT_BYTES, index * SLOT_BYTES);
      return this.#of(this.#decode(this.#one, 0), timeMs);
    }
    return this.#of(changed, timeMs);
  }

  /** Replaces the slot of a time; {@link flush} writes it. */
  put(slot: WheelSlot): void {
    this.#changed.set(this.#index(slot.timeMs), slot);
  }

  /** Writes what was put. @throws {DiskError} when the disk refuses; what was not written is kept and written by the next call */
  flush(): void {
    for (const [index, slot] of this.#changed) {
      this.#write(index, slot);
      this.#changed.delete(index);
    }
  }

  /** Blocks until what was written is on the device. */
  sync(): void {
    if (this.#isUnsynced) this.#file.syncData();
    this.#isUnsynced = false;
  }

  /** As {@link sync}, but the thread goes on while the device works. */
  async syncLater(): Promise<void> {
    if (!this.#isUnsynced) return;
    this.#isUnsynced = false;
    try {
      await this.#disk.syncLater(this.#path);
    } catch (error) {
      this.#isUnsynced = true;
      throw error;
    }
  }

  /** The earliest slot that holds something, from a time on and before another. Written slots only. */
  next(fromMs: number, untilMs: number): WheelSlot | undefined {
    const precision = this.#precisionMs;
    const block = this.#block ??= new Uint8Array(BLOCK_SLOTS * SLOT_BYTES);
    const view = new DataView(block.buffer);
    let unit = Math.floor(fromMs / precision);
    const end = Math.min(Math.ceil(untilMs / precision), unit + WHEEL_SLOTS);
    while (unit < end) {
      const index = unit % WHEEL_SLOTS;
      const count = Math.min(BLOCK_SLOTS, end - unit, WHEEL_SLOTS - index);
      this.#file.read(block, 0, count * SLOT_BYTES, index * SLOT_BYTES);
      for (let i = 0; i < count; i++) {
        // Most slots hold nothing of this turn: their time alone says so.
        if (view.getUint32(i * SLOT_BYTES) * 2 ** 32 + view.getUint32(i * SLOT_BYTES + 4) !== unit + i) continue;
        const slot = this.#of(this.#decode(block, i * SLOT_BYTES), (unit + i) * precision);
        if (slot !== undefined) return slot;
      }
      unit += count;
    }
    return undefined;
  }

  /** Looks at every slot that holds something from a time on, within one turn. Written slots only. */
  forEach(fromMs: number, visit: (slot: WheelSlot) => void): void {
    const end = fromMs + WHEEL_SLOTS * this.#precisionMs;
    for (
      let slot = this.next(fromMs, end);
      slot !== undefined;
      slot = this.next(slot.timeMs + this.#precisionMs, end)
    ) {
      visit(slot);
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #index(timeMs: number): number {
    return Math.floor(timeMs / this.#precisionMs) % WHEEL_SLOTS;
  }

  #of(slot: WheelSlot, timeMs: number): WheelSlot | undefined {
    const isOfTime = slot.timeMs === Math.floor(timeMs / this.#precisionMs) * this.#precisionMs;
    return isOfTime && slot.timeMs > 0 && slot.last >= 0 ? slot : undefined;
  }

  #decode(bytes: Uint8Array, at: number): WheelSlot {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, SLOT_BYTES);
    return {
      timeMs: Number(view.getBigInt64(0)) * this.#precisionMs,
      first: Number(view.getBigInt64(8)),
      last: Number(view.getBigInt64(16)),
      count: view.getInt32(24),
      magic: view.getInt32(28),
    };
  }

  #write(index: number, slot: WheelSlot): void {
    const view = new DataView(this.#one.buffer);
    view.setBigInt64(0, BigInt(slot.timeMs / this.#precisionMs));
    view.setBigInt64(8, BigInt(slot.first));
    view.setBigInt64(16, BigInt(slot.last));
    view.setInt32(24, slot.count);
    view.setInt32(28, slot.magic);
    this.#isUnsynced = true;
    this.#file.write(this.#one, 0, SLOT_BYTES, index * SLOT_BYTES);
  }
}

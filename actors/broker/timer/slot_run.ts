/**
 * A slot on its way out of the wheel: which of its units are worked off, and which of its messages are recalled.
 *
 * Owns: the place within the slot. Reads: units and their records. Never: appends anything.
 */
import type { OutgoingRecord } from "../log_outlet.ts";
import type { StoredTimer } from "../../../store/timer/timer_message.ts";
import { isRecalled } from "../../../store/timer/timer_message.ts";
import { TimerMagic, type TimerUnit } from "../../../store/timer/timer_log.ts";
import type { TimerStore } from "../../../store/timer/timer_store.ts";
import type { WheelSlot } from "../../../store/timer/timer_wheel.ts";

/** A message that goes out. */
export interface Outgoing {
  readonly record: OutgoingRecord;
  readonly timer: StoredTimer;
  /** Place of its unit in the slot. */
  readonly index: number;
  readonly isRoll: boolean;
}

/** A unit and its message. */
export interface SlotItem {
  readonly index: number;
  readonly unit: TimerUnit;
  /** undefined when the record is gone, or is no timer message. */
  readonly timer: StoredTimer | undefined;
}

/** A slot on its way out. */
export class SlotRun {
  readonly slot: WheelSlot;
  readonly #store: TimerStore;
  readonly #read: (unit: TimerUnit) => StoredTimer | undefined;
  readonly #units: readonly number[];
  /** Keys of recalls with the topic of the message that they mean. */
  readonly #recalls = new Map<string, string>();
  readonly #matched = new Set<string>();
  #next = 0;

  /** @param store that the slot is of; @param slot to work off; @param read the message of a unit */
  constructor(store: TimerStore, slot: WheelSlot, read: (unit: TimerUnit) => StoredTimer | undefined) {
    this.slot = slot;
    this.#store = store;
    this.#read = read;
    this.#units = store.unitsOf(slot);
    for (const position of this.#units) this.#noteRecall(position);
  }

  /** Whether all of the slot is worked off. */
  get isDone(): boolean {
    return this.#next >= this.#units.length;
  }

  /** Units that the slot has. */
  get length(): number {
    return this.#units.length;
  }

  /** Topics of recalls that met no message. */
  get unmatched(): string[] {
    return [...this.#recalls].filter(([key]) => !this.#matched.has(key)).map(([, topic]) => topic);
  }

  /** The next units that are no recalls, with their messages. */
  items(count: number): { readonly items: SlotItem[]; readonly end: number } {
    const end = Math.min(this.#units.length, this.#next + count);
    const items: SlotItem[] = [];
    for (let index = this.#next; index < end; index++) {
      const unit = this.#store.log.read(this.#units[index]!);
      if (unit !== undefined && !isRecall(unit)) items.push({ index, unit, timer: this.#read(unit) });
    }
    return { items, end };
  }

  /** Whether the message is recalled; a recall meets all copies of it. */
  takeRecalled(timer: StoredTimer): boolean {
    if (this.#recalls.size === 0) return false;
    const key = isRecalled(timer, this.#recalls);
    if (key !== undefined) this.#matched.add(key);
    return key !== undefined;
  }

  /** All before this unit is worked off. */
  moveTo(index: number): void {
    this.#next = index;
  }

  #noteRecall(position: number): void {
    const unit = this.#store.log.read(position);
    if (unit === undefined || !isRecall(unit)) return;
    const timer = this.#read(unit);
    if (timer?.recalls !== undefined) this.#recalls.set(timer.recalls, timer.realTopic);
  }
}

/** A recall that is rolled goes on like a message. */
function isRecall({ magic }: TimerUnit): boolean {
  return (magic & TimerMagic.Delete) !== 0 && (magic & TimerMagic.Roll) === 0;
}

/**
 * A slot on its way out of the wheel: which of its units are worked off, and which of its messages are recalled.
 *
 * Owns: the order of delivery and the place within the slot. Reads: units and their records. Never: appends anything.
 */
import type { OutgoingRecord } from "../log_outlet.ts";
import type { StoredTimer } from "../../../store/timer/timer_message.ts";
import { deliverTimeOf, isRecalled } from "../../../store/timer/timer_message.ts";
import { TimerMagic } from "../../../store/timer/timer_log.ts";
import type { TimerStore } from "../../../store/timer/timer_store.ts";
import { SlotUnits, type UnitParts } from "./slot_units.ts";
import { NO_POSITION, type WheelSlot } from "../../../store/timer/timer_wheel.ts";

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
  readonly unit: UnitParts;
  /** undefined when the record is gone, or is no timer message. */
  readonly timer: StoredTimer | undefined;
}

/** Reads the message of a unit. */
export type ReadTimer = (unit: UnitParts) => StoredTimer | undefined;

/** A slot on its way out. It may be looked at before it is over, and {@link extend} takes what comes until then. */
export class SlotRun {
  readonly #store: TimerStore;
  readonly #read: ReadTimer;
  readonly #units = new SlotUnits();
  /** Keys of recalls with the topic of the message that they mean. */
  readonly #recalls = new Map<string, string>();
  readonly #matched = new Set<string>();
  #slot: WheelSlot;
  #known = NO_POSITION;
  #next = 0;

  /** @param store that the slot is of; @param slot to work off; @param read the message of a unit */
  constructor(store: TimerStore, slot: WheelSlot, read: ReadTimer) {
    this.#slot = slot;
    this.#store = store;
    this.#read = read;
  }

  /** The slot as it was when it was looked at last. */
  get slot(): WheelSlot {
    return this.#slot;
  }

  /** Whether all of the slot is worked off. */
  get isDone(): boolean {
    return this.#next >= this.#units.length;
  }

  /** Topics of recalls that met no message. */
  get unmatched(): string[] {
    return [...this.#recalls].filter(([key]) => !this.#matched.has(key)).map(([, topic]) => topic);
  }

  /** Takes the units that came to the slot, and puts all of them in order: the earliest time of delivery first. Nothing may be worked off yet. */
  extend(slot: WheelSlot): void {
    this.#slot = slot;
    if (slot.last === this.#known) return;
    const positions = this.#store.unitsOf(slot, this.#known);
    this.#known = slot.last;
    for (const position of positions) this.#take(position);
    this.#units.sort();
  }

  /** The next messages. */
  items(count: number): { readonly items: SlotItem[]; readonly end: number } {
    const end = Math.min(this.#units.length, this.#next + count);
    const items: SlotItem[] = [];
    for (let index = this.#next; index < end; index++) {
      const unit = this.#units.at(index);
      items.push({ index, unit, timer: this.#read(unit) });
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

  #take(position: number): void {
    const unit = this.#store.log.read(position);
    if (unit === undefined) return;
    const timer = this.#read(unit);
    if (!isRecall(unit)) {
      this.#units.add(unit, timer === undefined ? 0 : deliverTimeOf(timer) ?? 0);
    } else if (timer?.recalls !== undefined) {
      this.#recalls.set(timer.recalls, timer.realTopic);
    }
  }
}

/** A recall that is rolled goes on like a message. */
function isRecall({ magic }: UnitParts): boolean {
  return (magic & TimerMagic.Delete) !== 0 && (magic & TimerMagic.Roll) === 0;
}

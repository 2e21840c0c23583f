/**
 * The units of a slot in their order of delivery, in columns of numbers: a slot may have a million of them.
 *
 * Owns: the columns. Reads: nothing. Never: looks at a file.
 */
import type { TimerUnit } from "../../../store/timer/timer_log.ts";

/** What delivery needs of a unit. */
export type UnitParts = Pick<TimerUnit, "magic" | "enqueueMs" | "recordPosition" | "recordBytes">;

/** Units of a slot. */
export class SlotUnits {
  readonly #magic: number[] = [];
  readonly #enqueueMs: number[] = [];
  readonly #recordPosition: number[] = [];
  readonly #recordBytes: number[] = [];
  readonly #deliverMs: number[] = [];
  #order: Uint32Array = new Uint32Array(0);

  /** Units that are here. */
  get length(): number {
    return this.#magic.length;
  }

  /** Adds a unit behind the others. @param deliverMs when its message was to be delivered, milliseconds since 1970 */
  add(unit: UnitParts, deliverMs: number): void {
    this.#magic.push(unit.magic);
    this.#enqueueMs.push(unit.enqueueMs);
    this.#recordPosition.push(unit.recordPosition);
    this.#recordBytes.push(unit.recordBytes);
    this.#deliverMs.push(deliverMs);
  }

  /** Puts the earliest first; of two with the same time the one that was added first. */
  sort(): void {
    const deliverMs = this.#deliverMs;
    this.#order = Uint32Array.from(deliverMs, (_, index) => index);
    this.#order.sort((a, b) => deliverMs[a]! - deliverMs[b]! || a - b);
  }

  /** The unit at a place of the order. */
  at(place: number): UnitParts {
    const index = this.#order[place]!;
    return {
      magic: this.#magic[index]!,
      enqueueMs: this.#enqueueMs[index]!,
      recordPosition: this.#recordPosition[index]!,
      recordBytes: this.#recordBytes[index]!,
    };
  }
}

/** A timer store over a commit log that is only a table of messages. */
import type { Disk } from "../../../store/file/disk.ts";
import { TimerMagic } from "../../../store/timer/timer_log.ts";
import type { TimerStore, TimerStoreOptions, WheelRequest } from "../../../store/timer/timer_store.ts";

/** A time on the border of a second, milliseconds since 1970. */
export const START_MS = 1_795_254_802_000;

/** Bytes of a record of the made-up log. */
export const RECORD_BYTES = 100;

/** How a store is opened; a small roll window and small files, so that a test reaches their ends. */
export function timerOptions(disk: Disk, more: Partial<TimerStoreOptions> = {}): TimerStoreOptions {
  return {
    disk,
    root: "/store",
    config: "/store/config",
    logFileBytes: 52 * 10 + 30,
    precisionMs: 1000,
    rollWindowSlots: 60,
    commitLogEnd: 1_000_000,
    queueOffsetAt: (position) => position / RECORD_BYTES,
    nowMs: START_MS,
    ...more,
  };
}

/** The message at an offset of the timer queue. */
export function request(offset: number, outMs: number, more: Partial<WheelRequest> = {}): WheelRequest {
  return {
    outMs,
    recordPosition: offset * RECORD_BYTES,
    recordBytes: RECORD_BYTES,
    realTopic: "Orders",
    isRecall: false,
    ...more,
  };
}

/** Offsets that a store gives out of its slots up to a time, in order, with `r` for those that are rolled and `d` for recalls. */
export function drain(store: TimerStore, untilMs: number): string[] {
  const out: string[] = [];
  for (;;) {
    const slot = store.wheel.next(store.readTimeMs, untilMs);
    if (slot === undefined) return out;
    for (const position of store.unitsOf(slot)) {
      const { recordPosition, magic } = store.log.read(position)!;
      const marks = `${(magic & TimerMagic.Roll) === 0 ? "" : "r"}${(magic & TimerMagic.Delete) === 0 ? "" : "d"}`;
      out.push(`${recordPosition / RECORD_BYTES}${marks}`);
    }
    store.moveReadTime(slot.timeMs + 1000);
  }
}

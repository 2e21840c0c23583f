/**
 * Delay levels: how long a message of each level waits.
 *
 * Owns: the reading of `messageDelayLevel`.
 * Reads: nothing.
 * Never: schedules; it is a table.
 * Source: apache/rocketmq store MessageStoreConfig messageDelayLevel, broker ScheduleMessageService parseDelayLevel
 */

/** Levels when nothing else is configured. Source: apache/rocketmq store MessageStoreConfig messageDelayLevel */
export const DELAY_LEVELS_DEFAULT = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/** Wait of a level that the table does not have, ms. Source: apache/rocketmq broker ScheduleMessageService computeDeliverTimestamp */
export const DELAY_OF_UNKNOWN_LEVEL_MS = 1000;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a table of levels.
 *
 * @param text waits separated by spaces, each a number and one of s, m, h, d
 * @returns the wait of each level in ms; level 1 is at index 0
 * @throws {RangeError} when a wait cannot be read
 */
export function parseDelayLevels(text: string): number[] {
  return text.trim().split(/\s+/).map((word) => {
    const unitMs = UNIT_MS[word.slice(-1)];
    const count = word.slice(0, -1);
    if (unitMs === undefined || !/^\d+$/.test(count)) throw new RangeError(`Cannot read delay level "${word}"`);
    return Number(count) * unitMs;
  });
}

/**
 * The time of delivery of a message.
 *
 * @param level level as stored, clipped to the largest of the table; at least 1
 * @param storeTimestampMs store time in ms
 */
export function deliverTimestampMs(levels: readonly number[], level: number, storeTimestampMs: number): number {
  return storeTimestampMs + (levels[Math.min(level, levels.length) - 1] ?? DELAY_OF_UNKNOWN_LEVEL_MS);
}

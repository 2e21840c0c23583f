/**
 * Unique message ids (UNIQ_KEY), as the Java client makes them: the tools read the sending time out of them.
 *
 * ```text
 * hex, upper case   | address 4 or 16 | process id 2 | salt 4 | ms since the month began 4 | counter 2 |
 * ```
 * Owns: salt and counter. Reads: the clock. Never does: IO.
 * Source: apache/rocketmq common/message/MessageClientIDSetter.java createUniqID
 */

import type { Clock } from "../../store/clock.ts";

/** What makes ids of one process different from those of others. */
export interface UniqueIdSeed {
  /** Address of this machine, 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** Process id; its low 16 bits count. */
  readonly pid: number;
  /** Any 32-bit number, random for each process. */
  readonly salt: number;
}

/** A clock step back of less than this counts as zero, in milliseconds. Source: MessageClientIDSetter.java createUniqID */
const CLOCK_STEP_BACK_MS_MAX = 1_000_000;

/** Makes unique message ids. */
export class UniqueIdMaker {
  readonly #prefix: string;
  readonly #clock: Clock;
  #monthStartMs = 0;
  #nextMonthStartMs = 0;
  #counter = 0;
  #timeMs = NaN;
  #timeText = "";

  /**
   * @param seed address, process id, salt
   * @param clock wall clock
   */
  constructor(seed: UniqueIdSeed, clock: Clock) {
    this.#prefix = hexOf(seed.address) + hex(seed.pid & 0xffff, 4) + hex(seed.salt >>> 0, 8);
    this.#clock = clock;
    this.#setMonth(clock.nowMs());
  }

  /** @returns the next id, 32 or 56 hexadecimal digits */
  next(): string {
    const nowMs = this.#clock.nowMs();
    if (nowMs !== this.#timeMs) this.#setTime(nowMs);
    const count = this.#counter;
    this.#counter = (count + 1) & 0xffff;
    return this.#timeText + HEX_OF_BYTE[count >> 8]! + HEX_OF_BYTE[count & 0xff]!;
  }

  /** Ids of one millisecond differ in the counter only. */
  #setTime(nowMs: number): void {
    if (nowMs >= this.#nextMonthStartMs) this.#setMonth(nowMs);
    let diffMs = nowMs - this.#monthStartMs;
    if (diffMs < 0 && diffMs > -CLOCK_STEP_BACK_MS_MAX) diffMs = 0;
    this.#timeMs = nowMs;
    this.#timeText = this.#prefix + hex(diffMs >>> 0, 8);
  }

  #setMonth(nowMs: number): void {
    const now = new Date(nowMs);
    this.#monthStartMs = new Date(now.getFullYear(), now.getMonth(), 1).getTime();
    this.#nextMonthStartMs = new Date(now.getFullYear(), now.getMonth() + 1, 1).getTime();
  }
}

/**
 * When an id was made, as far as it says: the month is taken from the clock.
 * Source: apache/rocketmq common/message/MessageClientIDSetter.java getNearlyTimeFromID
 *
 * @param id a unique id
 * @param nowMs wall clock, in milliseconds
 * @returns milliseconds since 1970
 */
export function timeOfUniqueId(id: string, nowMs: number): number {
  const start = id.length === 56 ? 44 : 20;
  const spanMs = Number.parseInt(id.slice(start, start + 8), 16);
  const now = new Date(nowMs);
  const month = new Date(now.getFullYear(), now.getMonth(), 1).getTime();
  if (month + spanMs < nowMs) return month + spanMs;
  return new Date(now.getFullYear(), now.getMonth() - 1, 1).getTime() + spanMs;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) => hex(byte, 2));

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX_OF_BYTE[byte];
  return text;
}

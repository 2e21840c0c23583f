/**
 * Property CRC: a checksum over a whole record, kept as its last property.
 *
 * Owns: the form of the property. Reads: nothing.
 * Never: looks for the property elsewhere than at the end, where the broker writes it.
 *
 * ```
 *   … properties …  __CRC32# 0x01 dddddddddd 0x02        20 bytes; ten decimal digits, the lowest first
 *   └──────────── covered by the CRC-32, 31 bits ──┘
 * ```
 *
 * Covered is everything before those 20 bytes. Without it (RocketMQ's default) a record's checksum covers its body only: lengths, magic and
 * position are checked against each other, and nothing covers queue id, flag, queue offset, system flag, times, hosts, reconsume times,
 * prepared position, topic and properties.
 * Source: apache/rocketmq store CommitLog CRC32_RESERVED_LEN, common MessageDecoder createCrc32
 */
import { bodyCrc } from "../protocol/crc32.ts";

const NAME = "__CRC32#\u0001";
const DIGITS = 10;
const SEPARATOR = 0x02;
const DIGIT_0 = 0x30;
const OLD_CRC = new RegExp(`(^|\u0002)${NAME}[0-9]{${DIGITS}}\u0002$`);
const NAME_BYTES: Uint8Array = new TextEncoder().encode(NAME);

/** Bytes of the property. Source: apache/rocketmq store CommitLog CRC32_RESERVED_LEN */
export const PROPERTY_CRC_BYTES: number = NAME.length + DIGITS + 1;

/**
 * Properties with room for the checksum at their end, in place of one that they have there.
 *
 * @param text stored properties
 * @param isSeparated true to put a separator between where one is missing, as for single messages; batches get none
 */
export function withCrcRoom(text: string, isSeparated: boolean): string {
  const own = text.slice(0, OLD_CRC.test(text) ? -PROPERTY_CRC_BYTES : undefined);
  const separator = isSeparated && own !== "" && !own.endsWith("\u0002") ? "\u0002" : "";
  return `${own}${separator}${NAME}${"0".repeat(DIGITS)}\u0002`;
}

/** Fills the checksum in. The record must have room for it, and be whole otherwise. */
export function sealPropertyCrc(record: Uint8Array): void {
  const covered = record.length - PROPERTY_CRC_BYTES;
  let crc = bodyCrc(record.subarray(0, covered));
  for (let digit = 0; digit < DIGITS; digit++) {
    record[covered + NAME.length + digit] = DIGIT_0 + crc % 10;
    crc = Math.floor(crc / 10);
  }
}

/**
 * Compares the checksum of a record with what the record holds.
 *
 * @param bytes that hold the record
 * @param start first byte of the record
 * @param end byte behind it
 * @returns undefined when the record has no checksum
 */
export function isPropertyCrcRight(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  const covered = end - PROPERTY_CRC_BYTES;
  if (covered < start || bytes[end - 1] !== SEPARATOR) return undefined;
  for (let at = 0; at < NAME.length; at++) if (bytes[covered + at] !== NAME_BYTES[at]) return undefined;
  let crc = 0;
  for (let digit = DIGITS - 1; digit >= 0; digit--) {
    const value = bytes[covered + NAME.length + digit]! - DIGIT_0;
    if (value < 0 || value > 9) return undefined;
    crc = crc * 10 + value;
  }
  return crc === bodyCrc(bytes.subarray(start, covered));
}

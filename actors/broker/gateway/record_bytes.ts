// hot
/**
 * What the short paths of sends share: the fixed parts of a v1 record, and how bytes get into the log ring.
 *
 * Source: apache/rocketmq store MessageExtEncoder.encode
 */

/** Magic of a v1 record. Source: apache/rocketmq common MessageDecoder.MESSAGE_MAGIC_CODE */
export const RECORD_MAGIC = 0xdaa320a7 | 0;

/** Bytes of a v1 record without hosts, body, topic and properties. */
export const RECORD_FIXED_BYTES = 75;

/** System flags that the short paths store as they are: compressed, multi-tags, compression type. */
export const PLAIN_SYS_FLAGS = 0x703;

/** System flags that tell where a transaction stands. */
export const TRANSACTION_SYS_FLAGS = 0xc;

/** System flag: the producer's address is one of IPv6. */
export const BORN_HOST_V6 = 0x10;

/** System flag: the broker's address is one of IPv6. */
export const STORE_HOST_V6 = 0x20;

/** Longest bytes that are copied one by one; from there on a block copy is faster. */
const FEW_BYTES = 96;

/** Writes a number below 2^53 as eight bytes. */
export function putLong(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

/** Copies bytes of an array, the first ones unless `start` says where they begin. @returns byte behind the copy */
export function putBytes(into: Uint8Array, at: number, from: Uint8Array, bytes: number, start = 0): number {
  if (bytes > FEW_BYTES) {
    into.set(from.subarray(start, start + bytes), at);
  } else {
    for (let i = 0; i < bytes; i++) into[at + i] = from[start + i]!;
  }
  return at + bytes;
}

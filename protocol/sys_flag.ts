/**
 * System flag of a message (`sysFlag` of a send request and of a stored record) and of a topic.
 *
 * Owns the bits.
 *
 * ```
 * bit   10 9 8   7      6       5          4         3 2      1      0
 *      codec   inner  unwrap  storeHost  bornHost  transac  multi  compressed
 *              batch          is IPv6    is IPv6   tion     tags
 * ```
 *
 * @module
 */

/** Bits of a message's system flag. Source: apache/rocketmq common/sysflag/MessageSysFlag.java MessageSysFlag. */
export const SysFlag = {
  /** The body is compressed; the codec bits tell how. */
  COMPRESSED: 0x1,
  /** TAGS holds several tags; RocketMQ itself hashes the whole string. */
  MULTI_TAGS: 0x2,
  /** Mask of the transaction bits. */
  TRANSACTION_MASK: 0xc,
  /** A half message. */
  TRANSACTION_PREPARED: 0x4,
  /** A half message that was committed. */
  TRANSACTION_COMMIT: 0x8,
  /** A half message that was rolled back. */
  TRANSACTION_ROLLBACK: 0xc,
  /** The born host has 16 address bytes. */
  BORN_HOST_V6: 0x10,
  /** The store host has 16 address bytes. */
  STORE_HOST_V6: 0x20,
  /** The body is an inner batch that consumers have to unwrap. */
  NEED_UNWRAP: 0x40,
  /** The record is an inner batch. */
  INNER_BATCH: 0x80,
  /** Mask of the codec bits; they mean something only when COMPRESSED is set, and 0 means ZLIB then. */
  COMPRESSION_MASK: 0x700,
  /** LZ4 frame format. */
  COMPRESSION_LZ4: 0x100,
  /** Zstandard frame. */
  COMPRESSION_ZSTD: 0x200,
  /** zlib stream (RFC 1950). */
  COMPRESSION_ZLIB: 0x300,
} as const;

/** Bits of a topic's system flag. Source: apache/rocketmq common/sysflag/TopicSysFlag.java TopicSysFlag. */
export const TopicSysFlag = {
  /** The topic belongs to a unit. */
  UNIT: 0x1,
  /** The topic has subscribers of a unit. */
  UNIT_SUB: 0x2,
} as const;

/** How a body is compressed. */
export type CompressionCodec = "none" | "lz4" | "zstd" | "zlib";

/**
 * Reads the transaction bits.
 *
 * @param sysFlag Message system flag
 * @returns 0, TRANSACTION_PREPARED, TRANSACTION_COMMIT or TRANSACTION_ROLLBACK
 */
export function transactionBits(sysFlag: number): number {
  return sysFlag & SysFlag.TRANSACTION_MASK;
}

/**
 * Replaces the transaction bits.
 *
 * @param sysFlag Message system flag
 * @param bits 0 or one of the TRANSACTION values
 * @returns The new flag
 */
export function withTransactionBits(sysFlag: number, bits: number): number {
  return (sysFlag & ~SysFlag.TRANSACTION_MASK) | bits;
}

/**
 * Tells how a body is compressed.
 *
 * @param sysFlag Message system flag
 * @returns The codec; "zlib" for the flag of old clients that set no codec bits; `undefined` for unknown codec bits
 */
export function compressionOf(sysFlag: number): CompressionCodec | undefined {
  if ((sysFlag & SysFlag.COMPRESSED) === 0) return "none";
  switch (sysFlag & SysFlag.COMPRESSION_MASK) {
    case 0:
    case SysFlag.COMPRESSION_ZLIB:
      return "zlib";
    case SysFlag.COMPRESSION_LZ4:
      return "lz4";
    case SysFlag.COMPRESSION_ZSTD:
      return "zstd";
    default:
      return undefined;
  }
}

/**
 * Marks a body as compressed.
 *
 * @param sysFlag Message system flag
 * @param codec How the body is compressed
 * @returns The new flag; "none" clears all compression bits
 */
export function withCompression(sysFlag: number, codec: CompressionCodec): number {
  const clear = sysFlag & ~(SysFlag.COMPRESSED | SysFlag.COMPRESSION_MASK);
  switch (codec) {
    case "none":
      return clear;
    case "lz4":
      return clear | SysFlag.COMPRESSED | SysFlag.COMPRESSION_LZ4;
    case "zstd":
      return clear | SysFlag.COMPRESSED | SysFlag.COMPRESSION_ZSTD;
    case "zlib":
      return clear | SysFlag.COMPRESSED | SysFlag.COMPRESSION_ZLIB;
  }
}

/**
 * Compression of message bodies: the sysFlag bits and the three formats.
 *
 * Owns: the mapping between bits and formats. Reads: node:zlib. Never does: IO.
 */

import * as zlib from "node:zlib";
import { ClientError, messageOf } from "../errors.ts";
import { compressLz4Frame, decompressLz4Frame } from "./lz4_frame.ts";

/** A compression of message bodies. */
export type CompressionType = "ZLIB" | "LZ4" | "ZSTD";

/** sysFlag bit: the body is compressed. Source: common/sysflag/MessageSysFlag.java COMPRESSED_FLAG */
export const COMPRESSED_BIT = 0x1;
/** sysFlag bits of the format. Source: common/sysflag/MessageSysFlag.java COMPRESSION_TYPE_COMPARATOR */
const TYPE_MASK = 0x700;
/** Source: common/compression/CompressionType.java and MessageSysFlag.java LZ4_TYPE, ZSTD_TYPE, ZLIB_TYPE */
const TYPE_BITS: Readonly<Record<CompressionType, number>> = { LZ4: 0x100, ZSTD: 0x200, ZLIB: 0x300 };
/** Largest decompressed body accepted, in bytes: a body of 4 MiB with room for brokers configured larger. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @param body plain body
 * @param type format
 * @param level 1 to 9, as zlib counts
 * @returns compressed body and its sysFlag bits
 * @throws {ClientError} COMPRESSION when the runtime lacks the format
 */
export function compressBody(
  body: Uint8Array,
  type: CompressionType,
  level: number,
): { body: Uint8Array; sysFlag: number } {
  const sysFlag = COMPRESSED_BIT | TYPE_BITS[type];
  switch (type) {
    case "ZLIB":
      return { body: plain(zlib.deflateSync(body, { level })), sysFlag };
    case "LZ4":
      return { body: compressLz4Frame(body), sysFlag };
    case "ZSTD":
      if (typeof zlib.zstdCompressSync !== "function") {
        throw new ClientError("COMPRESSION", "Cannot compress body: this runtime has no ZSTD in node:zlib");
      }
      return { body: plain(zlib.zstdCompressSync(body)), sysFlag };
  }
}

/**
 * @param body stored body
 * @param sysFlag bits of the record
 * @returns plain body; the input itself when it is not compressed
 * @throws {ClientError} COMPRESSION when it is malformed or the format unknown
 */
export function decompressBody(body: Uint8Array, sysFlag: number): Uint8Array {
  if ((sysFlag & COMPRESSED_BIT) === 0) return body;
  try {
    switch (sysFlag & TYPE_MASK) {
      case 0:
      case TYPE_BITS.ZLIB:
        return plain(zlib.inflateSync(body, { maxOutputLength: BODY_BYTES_MAX }));
      case TYPE_BITS.LZ4:
        return decompressLz4Frame(body, BODY_BYTES_MAX);
      case TYPE_BITS.ZSTD:
        return plain(zlib.zstdDecompressSync(body, { maxOutputLength: BODY_BYTES_MAX }));
      default:
        throw new RangeError(`type bits are 0x${(sysFlag & TYPE_MASK).toString(16)}`);
    }
  } catch (cause) {
    throw new ClientError("COMPRESSION", `Cannot decompress body: ${messageOf(cause)}`, { cause });
  }
}

/** A Uint8Array of its own memory range, without Buffer's methods. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

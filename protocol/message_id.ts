/**
 * Message ids.
 *
 * - The *offset id* names a place: store host and position in its commit log, 32 hexadecimal digits, 56 with IPv6.
 * - The *unique id* is made by the producer and travels as property UNIQ_KEY, also 32 or 56 digits.
 *
 * ```
 * offset id   address 4|16 │ i32 port │ i64 commit-log offset
 * unique id   address 4|16 │ u16 process id │ i32 hash │ i32 ms since the first of the month, local time │ u16 counter
 * ```
 *
 * Owns both layouts. It keeps no counter and asks no clock; the producer does.
 *
 * Source: apache/rocketmq common/message/MessageDecoder.java createMessageId, MessageClientIDSetter.java createUniqID.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { decodeHex, encodeHex } from "./hex.ts";
import { HOST_V4_BYTES, HOST_V6_BYTES } from "./host.ts";
import { readInt, readLong, readShort, writeInt, writeLong, writeShort } from "./java_number.ts";

const OFFSET_BYTES = 8;
const UNIQUE_TAIL_BYTES = 12;

/** What an offset id names. */
export interface OffsetMessageId {
  /** Store host, 8 or 20 bytes. */
  readonly host: Uint8Array;
  /** Position in the commit log. */
  readonly offset: number;
}

/**
 * Encodes an offset id.
 *
 * @param host Store host, 8 or 20 bytes
 * @param offset Position in the commit log
 * @returns 32 or 56 upper-case digits
 * @throws {ProtocolError} HOST_MALFORMED when the host has another size
 */
export function encodeOffsetMessageId(host: Uint8Array, offset: number): string {
  if (host.length !== HOST_V4_BYTES && host.length !== HOST_V6_BYTES) {
    throw new ProtocolError("HOST_MALFORMED", `Cannot encode message id: host has ${host.length} bytes`, {
      need: HOST_V4_BYTES,
      have: host.length,
    });
  }
  const bytes = new Uint8Array(host.length + OFFSET_BYTES);
  bytes.set(host);
  writeLong(bytes, host.length, offset);
  return encodeHex(bytes);
}

/**
 * Decodes an offset id.
 *
 * @param text 32 or 56 digits
 * @returns Host and position
 * @throws {ProtocolError} MESSAGE_ID_MALFORMED when it is something else
 */
export function decodeOffsetMessageId(text: string): OffsetMessageId {
  const bytes = idBytes(text);
  const hostBytes = bytes.length - OFFSET_BYTES;
  return { host: bytes.subarray(0, hostBytes), offset: readLong(bytes, hostBytes) };
}

/** What a unique id is made of. */
export interface UniqueId {
  /** Address of the producer, 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** Process id; its low 16 bits count. */
  readonly processId: number;
  /** A number that tells producers in one process apart; Java takes the hash of a class loader. */
  readonly hash: number;
  /** Time since {@linkcode monthStartMs}, ms; its low 32 bits count. */
  readonly elapsedMs: number;
  /** Running number; its low 16 bits count. */
  readonly counter: number;
}

/**
 * Encodes a unique id.
 *
 * @param id What it is made of
 * @returns 32 or 56 upper-case digits
 */
export function encodeUniqueId(id: UniqueId): string {
  const bytes = new Uint8Array(id.address.length + UNIQUE_TAIL_BYTES);
  bytes.set(id.address);
  writeShort(bytes, id.address.length, id.processId);
  writeInt(bytes, id.address.length + 2, id.hash);
  writeInt(bytes, id.address.length + 6, id.elapsedMs);
  writeShort(bytes, id.address.length + 10, id.counter);
  return encodeHex(bytes);
}

/**
 * Decodes a unique id.
 *
 * @param text 32 or 56 digits
 * @returns What it is made of
 * @throws {ProtocolError} MESSAGE_ID_MALFORMED when it is something else
 */
export function decodeUniqueId(text: string): UniqueId {
  const bytes = idBytes(text);
  const addressBytes = bytes.length - UNIQUE_TAIL_BYTES;
  return {
    address: bytes.subarray(0, addressBytes),
    processId: readShort(bytes, addressBytes) & 0xffff,
    hash: readInt(bytes, addressBytes + 2),
    elapsedMs: readInt(bytes, addressBytes + 6) >>> 0,
    counter: readShort(bytes, addressBytes + 10) & 0xffff,
  };
}

/**
 * The origin of a unique id's time: midnight of the first of the month, in the local time zone as in Java.
 *
 * @param nowMs Time, ms since 1970
 * @returns Start of its month, ms since 1970
 */
export function monthStartMs(nowMs: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), 1).getTime();
}

/**
 * Works out when a unique id was made, provided that it is younger than a month.
 *
 * @param id The id
 * @param nowMs Present time, ms since 1970
 * @returns Time of the id, ms since 1970
 */
export function uniqueIdTimeMs(id: UniqueId, nowMs: number): number {
  const thisMonth = monthStartMs(nowMs);
  if (thisMonth + id.elapsedMs < nowMs) return thisMonth + id.elapsedMs;
  return monthStartMs(thisMonth - 1) + id.elapsedMs;
}

function idBytes(text: string): Uint8Array {
  const bytes = decodeHex(text);
  if (bytes === undefined || (bytes.length !== 16 && bytes.length !== 28)) {
    throw new ProtocolError("MESSAGE_ID_MALFORMED", `Cannot decode message id: "${text.slice(0, 64)}" is none`);
  }
  return bytes;
}

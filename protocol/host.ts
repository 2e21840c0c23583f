/**
 * Hosts as they lie in records and message ids: 4 or 16 address bytes, then the port as an i32.
 *
 * Owns the bytes and the text `ip:port`. Name resolution happens elsewhere; only numeric addresses are taken.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { readInt, writeInt } from "./java_number.ts";

/** Bytes of a host with an IPv4 address. Source: apache/rocketmq common/message/MessageExt.java socketAddress2ByteBuffer. */
export const HOST_V4_BYTES = 8;

/** Bytes of a host with an IPv6 address. Source: apache/rocketmq common/message/MessageExt.java socketAddress2ByteBuffer. */
export const HOST_V6_BYTES = 20;

const PORT_BYTES = 4;

/**
 * Encodes a host.
 *
 * @param text `1.2.3.4:port`, `[::1]:port`, or a bare IPv6 address with `:port` behind its last colon
 * @returns 8 or 20 bytes
 * @throws {ProtocolError} HOST_MALFORMED when the address is not numeric or the port is no number
 */
export function encodeHost(text: string): Uint8Array {
  const colon = text.lastIndexOf(":");
  const port = Number(text.slice(colon + 1));
  if (colon <= 0 || colon === text.length - 1 || !Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw malformed(text, "port");
  }
  const address = encodeAddress(text.slice(0, colon).replace(/^\[|\]$/g, ""));
  const host = new Uint8Array(address.length + PORT_BYTES);
  host.set(address);
  writeInt(host, address.length, port);
  return host;
}

/**
 * Decodes a host.
 *
 * @param host 8 or 20 bytes
 * @returns `1.2.3.4:port` or `[2001:db8:0:0:0:0:0:1]:port`
 * @throws {ProtocolError} HOST_MALFORMED when there are neither 8 nor 20 bytes
 */
export function decodeHost(host: Uint8Array): string {
  if (host.length !== HOST_V4_BYTES && host.length !== HOST_V6_BYTES) {
    throw new ProtocolError("HOST_MALFORMED", `Cannot decode host: there are ${host.length} bytes`, {
      need: HOST_V4_BYTES,
      have: host.length,
    });
  }
  const address = decodeAddress(host.subarray(0, host.length - PORT_BYTES));
  const port = readInt(host, host.length - PORT_BYTES);
  return host.length === HOST_V4_BYTES ? `${address}:${port}` : `[${address}]:${port}`;
}

/**
 * Encodes a numeric address.
 *
 * @param text IPv4 with dots, or IPv6 with or without `::`, an IPv4 tail, or a zone (which is dropped)
 * @returns 4 or 16 bytes
 * @throws {ProtocolError} HOST_MALFORMED when it is neither
 */
export function encodeAddress(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(parseV4(text, text));
  const zone = text.indexOf("%");
  return encodeV6(zone < 0 ? text : text.slice(0, zone), text);
}

/**
 * Decodes an address.
 *
 * @param address 4 or 16 bytes
 * @returns IPv4 with dots, or IPv6 as eight groups
 */
export function decodeAddress(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  const groups: string[] = [];
  for (let index = 0; index + 1 < address.length; index += 2) {
    groups.push(((address[index]! << 8) | address[index + 1]!).toString(16));
  }
  return groups.join(":");
}

function parseV4(text: string, whole: string): number[] {
  const parts = text.split(".");
  const bytes = parts.map(Number);
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,3}$/.test(part)) || bytes.some((byte) => byte > 255)) {
    throw malformed(whole, "address");
  }
  return bytes;
}

function encodeV6(text: string, whole: string): Uint8Array {
  const halves = text.split("::");
  if (halves.length > 2) throw malformed(whole, "address");
  const head = groupBytes(halves[0] ?? "", whole, halves.length === 1);
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? "", whole, true) : [];
  const gap = 16 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 2) throw malformed(whole, "address");
  return Uint8Array.from([...head, ...new Array<number>(gap).fill(0), ...tail]);
}

/** Bytes of groups joined by colons; only the end of the address may be an IPv4 address. */
function groupBytes(text: string, whole: string, isEnd: boolean): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group, index, groups) => {
    if (isEnd && group.includes(".") && index === groups.length - 1) return parseV4(group, whole);
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) throw malformed(whole, "address");
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function malformed(text: string, part: string): ProtocolError {
  return new ProtocolError("HOST_MALFORMED", `Cannot encode host: ${part} of "${text.slice(0, 64)}" is not valid`);
}

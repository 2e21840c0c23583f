/**
 * Finds where values lie in JSON bytes, so that a large body can be decoded piece by piece instead of as one tree.
 *
 * Owns the brackets and strings of strict JSON. Reads nothing else: whoever decodes a piece finds what is wrong inside it.
 * Never guesses: quotes and comments that only lenient JSON has are refused, since brackets inside them would be miscounted.
 *
 * @module
 */
import { decodeUtf8 } from "./utf8.ts";

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/**
 * Takes one member of an object.
 *
 * @param key Its key
 * @param start First byte of its value
 * @param end Byte after its value
 * @returns False when it cannot take it, which ends the walk
 */
export type MemberTaker = (key: string, start: number, end: number) => boolean;

/**
 * Walks the members of an object. Values are not looked into, except for where they end.
 *
 * @param bytes JSON
 * @param start First byte of the object; white space may stand before it
 * @param end Byte after the object; white space may stand before it
 * @param take Takes each member, in the order of the text
 * @returns False when this is no object of strict JSON, or a member was not taken; some members may have been taken by then
 */
export function walkMembers(bytes: Uint8Array, start: number, end: number, take: MemberTaker): boolean {
  let at = skipSpace(bytes, start, end);
  if (bytes[at] !== BRACE_OPEN || at >= end) return false;
  at = skipSpace(bytes, at + 1, end);
  if (bytes[at] === BRACE_CLOSE && at < end) return skipSpace(bytes, at + 1, end) === end;
  for (;;) {
    const keyEnd = bytes[at] === QUOTE ? endOfString(bytes, at, end) : -1;
    const key = keyEnd < 0 ? undefined : keyOf(bytes, at, keyEnd);
    const colonAt = key === undefined ? end : skipSpace(bytes, keyEnd, end);
    if (key === undefined || colonAt >= end || bytes[colonAt] !== COLON) return false;
    const valueAt = skipSpace(bytes, colonAt + 1, end);
    const valueEnd = endOfValue(bytes, valueAt, end);
    if (valueEnd <= valueAt || !take(key, valueAt, valueEnd)) return false;
    at = skipSpace(bytes, valueEnd, end);
    if (at >= end) return false;
    if (bytes[at] === BRACE_CLOSE) return skipSpace(bytes, at + 1, end) === end;
    if (bytes[at] !== COMMA) return false;
    at = skipSpace(bytes, at + 1, end);
  }
}

/** The byte after the value that begins at `start`, or -1. */
function endOfValue(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const stringEnd = endOfString(bytes, at, end);
      if (stringEnd < 0) return -1;
      if (depth === 0) return stringEnd;
      at = stringEnd - 1;
    } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth++;
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
    else if (byte === APOSTROPHE || byte === SLASH) return -1;
  }
  return -1;
}

/** The byte after the string whose opening quote is at `start`, or -1. */
function endOfString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** Keys seldom have escapes. Undefined for one that strict JSON does not allow. */
function keyOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  const text = decodeUtf8(bytes, start, end);
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

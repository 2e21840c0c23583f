/**
 * Text of Java properties: configuration files and the bodies of requests 25, 26, 318, 319, 1009 and 1010.
 *
 * Reading follows the grammar of `java.util.Properties.load`:
 * - a line whose first character that is not white space is `#` or `!` is a comment; a blank line is skipped;
 * - an odd number of backslashes at the end of a line joins it with the next one, whose leading white space is dropped;
 * - the key ends at the first unescaped `=`, `:` or white space; white space around the separator is dropped;
 * - `\t`, `\n`, `\r`, `\f` and `\uXXXX` are escapes, a backslash before anything else is dropped;
 * - of two lines with the same key the later one holds.
 *
 * Writing follows RocketMQ and not Java: sorted `key=value` lines without any escape.
 * This module never reads a file and never decides what a key means.
 */

import { PropertiesError } from "./properties_error.ts";

/** Line ends and the white space that Java's reader knows: space, tab and form feed. */
const WHITE_SPACE = " \t\f";

const LETTER_ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

/**
 * Reads properties text.
 *
 * @param text The text, already decoded (Java's own reader takes Latin-1; files here are UTF-8).
 * @returns Keys in the order in which they first appear.
 * @throws {PropertiesError} when a `\u` escape has fewer than four hexadecimal digits.
 */
export function parseProperties(text: string): Map<string, string> {
  const table = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const keyEnd = endOfKey(line);
    const key = unescape(line.slice(0, keyEnd));
    table.set(key, unescape(line.slice(startOfValue(line, keyEnd))));
  }
  return table;
}

/**
 * Writes properties as RocketMQ does: one `key=value` line each, sorted by key in UTF-16 order, nothing escaped.
 *
 * @param table Keys and values; a value that holds a line end cannot be read back.
 * @returns The text; it ends with a line end unless the table is empty.
 */
export function formatProperties(table: ReadonlyMap<string, string>): string {
  let text = "";
  for (const key of [...table.keys()].sort(byCodeUnit)) text += `${key}=${table.get(key) ?? ""}\n`;
  return text;
}

function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Natural lines with comments and blanks removed and continuations joined. */
function* logicalLines(text: string): Generator<string> {
  let joined: string | undefined;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = trimStart(natural);
    if (joined === undefined && (line === "" || line[0] === "#" || line[0] === "!")) continue;
    const continues = endsWithOddBackslashes(line);
    joined = (joined ?? "") + (continues ? line.slice(0, -1) : line);
    if (continues) continue;
    yield joined;
    joined = undefined;
  }
  if (joined !== undefined) yield joined;
}

function trimStart(line: string): string {
  let start = 0;
  while (start < line.length && WHITE_SPACE.includes(line.charAt(start))) start++;
  return line.slice(start);
}

function endsWithOddBackslashes(line: string): boolean {
  let count = 0;
  while (count < line.length && line[line.length - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

function endOfKey(line: string): number {
  let position = 0;
  while (position < line.length) {
    const character = line.charAt(position);
    if (character === "=" || character === ":" || WHITE_SPACE.includes(character)) return position;
    position += character === "\\" ? 2 : 1;
  }
  return line.length;
}

/** White space, at most one separator, white space. */
function startOfValue(line: string, keyEnd: number): number {
  let position = keyEnd;
  while (position < line.length && WHITE_SPACE.includes(line.charAt(position))) position++;
  if (line[position] === "=" || line[position] === ":") position++;
  while (position < line.length && WHITE_SPACE.includes(line.charAt(position))) position++;
  return position;
}

function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  let result = "";
  for (let position = 0; position < text.length; position++) {
    const character = text.charAt(position);
    if (character !== "\\") {
      result += character;
      continue;
    }
    const letter = text.charAt(++position);
    if (letter !== "u") {
      result += LETTER_ESCAPES[letter] ?? letter;
      continue;
    }
    const digits = text.slice(position + 1, position + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw new PropertiesError(`Cannot read properties: bad escape "\\u${digits}"`);
    }
    result += String.fromCharCode(parseInt(digits, 16));
    position += 4;
  }
  return result;
}

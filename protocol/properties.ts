/**
 * The properties string of a message: `key 0x01 value 0x02` repeated.
 *
 * Owns that text and the names of RocketMQ's own properties (`PropertyName` in `property_name.ts`). Whether the last
 * 0x02 is written depends on the version of the writer: 4.9.1 to 5.1.4 leave it out, all others and the Go, Node and
 * C++ clients write it. The reader takes both; the writer writes it.
 *
 * Source: apache/rocketmq common/message/MessageDecoder.java string2messageProperties, messageProperties2String.
 *
 * @module
 */

/** Between key and value. Source: apache/rocketmq common/message/MessageDecoder.java NAME_VALUE_SEPARATOR. */
export const NAME_VALUE_SEPARATOR = "\u0001";

/** Behind each value. Source: apache/rocketmq common/message/MessageDecoder.java PROPERTY_SEPARATOR. */
export const PROPERTY_SEPARATOR = "\u0002";

/**
 * Decodes a properties string.
 *
 * @example
 * ```ts
 * import { decodeProperties } from "./mod.ts";
 *
 * console.log(decodeProperties("TAGS\u0001A\u0002KEYS\u0001k1 k2\u0002").get("KEYS")); // k1 k2
 * ```
 *
 * @param text The string; a piece without a key, without a value or without a separator is skipped, as Java does
 * @returns Values by key, in the order of the text; of two equal keys the later value holds
 */
export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  let start = 0;
  let middle = 0;
  while (start < text.length && middle >= 0) {
    const found = text.indexOf(PROPERTY_SEPARATOR, start);
    const end = found < 0 ? text.length : found;
    // Searched again only when passed: one search a piece would be quadratic for pieces without a separator.
    if (middle <= start) middle = text.indexOf(NAME_VALUE_SEPARATOR, start);
    if (middle > start && middle + 1 < end) properties.set(text.slice(start, middle), text.slice(middle + 1, end));
    start = end + 1;
  }
  return properties;
}

/**
 * Encodes properties.
 *
 * @param properties Values by key; neither may hold U+0001 or U+0002, and an empty value does not survive reading
 * @returns The string, with the last separator
 */
export function encodeProperties(properties: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [key, value] of properties) text += key + NAME_VALUE_SEPARATOR + value + PROPERTY_SEPARATOR;
  return text;
}

/**
 * Finds one property without decoding the others.
 *
 * @param text The properties string
 * @param name Key
 * @returns The value, or `undefined`
 */
export function findProperty(text: string, name: string): string | undefined {
  const sought = name + NAME_VALUE_SEPARATOR;
  let found: string | undefined;
  let start = 0;
  while (start < text.length) {
    const at = text.indexOf(PROPERTY_SEPARATOR, start);
    const end = at < 0 ? text.length : at;
    if (text.startsWith(sought, start) && start + sought.length < end) found = text.slice(start + sought.length, end);
    start = end + 1;
  }
  return found;
}

/**
 * Appends properties to a string that somebody else wrote, adding the separator that may be missing at its end.
 *
 * @param text The properties string; may be empty
 * @param properties What to append
 * @returns The longer string
 */
export function appendProperties(text: string, properties: ReadonlyMap<string, string>): string {
  if (properties.size === 0) return text;
  const joint = text === "" || text.endsWith(PROPERTY_SEPARATOR) ? "" : PROPERTY_SEPARATOR;
  return text + joint + encodeProperties(properties);
}

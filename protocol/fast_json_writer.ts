/**
 * Writer of fastjson's dialect.
 *
 * Owns the text form of every value in both dialects and the pretty form of RocketMQ's configuration files.
 *
 * | | `fastjson` | `standard` |
 * |---|---|---|
 * | integer keys of a Map | `{0:"a"}` | `{"0":"a"}` |
 * | order of a Map | as given | by key |
 * | object keys | `{{…}:…}` | `{{…}:…}`, because there is no other form |
 *
 * In both, the keys of plain objects are sorted and null values of objects are left out, because RocketMQ's beans are
 * written so. Text is escaped as `JSON.stringify` does it, which is also what fastjson 2 in RocketMQ 5.4 does.
 *
 * @module
 */
import { FastDouble, type FastInput, FastMap, FastText } from "./fast_value.ts";
import { ProtocolError } from "./errors.ts";
import { formatLong } from "./java_number.ts";
import { JSON_DEPTH_MAX } from "./limits.ts";

/** Which of the two texts to write. */
export type FastDialect = "fastjson" | "standard";

/** How to write. */
export interface StringifyOptions {
  /** Which of the two texts; "fastjson" when left out. */
  readonly dialect?: FastDialect;
  /** Tabs and line ends as in RocketMQ's configuration files. */
  readonly pretty?: boolean;
  /** Whether the keys of plain objects are sorted; true when left out. */
  readonly sortKeys?: boolean;
}

/**
 * Writes a value.
 *
 * @example One value in both dialects
 * ```ts
 * import { stringifyFastJson } from "./mod.ts";
 *
 * const value = { name: "b", addrs: new Map([[0, "127.0.0.1:10911"]]) };
 * console.log(stringifyFastJson(value)); // {"addrs":{0:"127.0.0.1:10911"},"name":"b"}
 * console.log(stringifyFastJson(value, { dialect: "standard" })); // {"addrs":{"0":"127.0.0.1:10911"},"name":"b"}
 * ```
 *
 * @param value The value; NaN and infinities are written as null
 * @param options How to write
 * @returns The text
 * @throws {ProtocolError} JSON_TOO_DEEP when the value is nested beyond the bound, which a cycle is
 */
export function stringifyFastJson(value: FastInput, options: StringifyOptions = {}): string {
  return new Writer(options).write(value, 0);
}

type Entry = readonly [key: string, value: FastInput];

class Writer {
  readonly #standard: boolean;
  readonly #pretty: boolean;
  readonly #sortKeys: boolean;

  constructor(options: StringifyOptions) {
    this.#standard = options.dialect === "standard";
    this.#pretty = options.pretty === true;
    this.#sortKeys = options.sortKeys !== false;
  }

  write(value: FastInput, depth: number): string {
    switch (typeof value) {
      case "string":
        return JSON.stringify(value);
      case "number":
        return writeNumber(value);
      case "boolean":
      case "bigint":
        return String(value);
      case "object":
        return value === null ? "null" : this.#writeObject(value, depth);
      default:
        return "null";
    }
  }

  #writeObject(value: FastInput & object, depth: number): string {
    if (depth >= JSON_DEPTH_MAX) {
      throw new ProtocolError("JSON_TOO_DEEP", `Cannot write JSON: nesting exceeds the limit of ${JSON_DEPTH_MAX}`);
    }
    if (Array.isArray(value)) return this.#writeList(value, depth);
    if (value instanceof FastText) return value.text;
    if (value instanceof FastDouble) return formatDouble(value.value);
    if (value instanceof Int32Array) return `[${value.join(",")}]`;
    return this.#writeEntries(this.#entriesOf(value, depth), depth);
  }

  #writeList(list: readonly FastInput[], depth: number): string {
    if (list.length === 0) return "[]";
    const items = list.map((item) => this.write(item, depth + 1));
    return `[${this.#line(depth + 1)}${items.join("," + this.#line(depth + 1))}${this.#line(depth)}]`;
  }

  #writeEntries(entries: readonly Entry[], depth: number): string {
    const parts: string[] = [];
    for (const [key, value] of entries) {
      if (value !== null && value !== undefined) parts.push(`${key}:${this.write(value, depth + 1)}`);
    }
    return `{${this.#line(depth + 1)}${parts.join("," + this.#line(depth + 1))}${this.#line(depth)}}`;
  }

  /** Entries with their keys as text, in the order in which they are written. */
  #entriesOf(value: object, depth: number): Entry[] {
    if (value instanceof FastMap) {
      return value.entries.map(([key, item]): Entry => [this.#writeKeyObject(key, depth), item]);
    }
    if (value instanceof Map) {
      const entries = [...value as ReadonlyMap<string | number, FastInput>];
      if (this.#standard) entries.sort(([left], [right]) => compare(left, right));
      return entries.map(([key, item]): Entry => [this.#writeKey(key), item]);
    }
    const keys = Object.keys(value);
    if (this.#sortKeys) keys.sort();
    const object = value as Readonly<Record<string, FastInput>>;
    return keys.map((key): Entry => [JSON.stringify(key), object[key]]);
  }

  #writeKey(key: string | number): string {
    if (typeof key === "string") return JSON.stringify(key);
    return this.#standard ? `"${formatLong(key)}"` : formatLong(key);
  }

  /** An object as key stays on one line even when the file is pretty-printed. */
  #writeKeyObject(key: FastInput, depth: number): string {
    return new Writer({ dialect: this.#standard ? "standard" : "fastjson", sortKeys: this.#sortKeys })
      .write(key, depth + 1);
  }

  #line(depth: number): string {
    return this.#pretty ? "\n" + "\t".repeat(depth) : "";
  }
}

function compare(left: string | number, right: string | number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return "null";
  return Number.isInteger(value) ? formatLong(value) : formatDouble(value);
}

/** A double as Java's `Double.toString` writes it: decimal within 10^-3 … 10^7, otherwise with an exponent. */
function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return "null";
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = "0", exponent = "0"] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : digits + ".0"}E${Number(exponent)}`;
}

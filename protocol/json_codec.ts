/**
 * Codecs of JSON bodies, built from small parts: a body type names its fields once and gets reader and writer together.
 *
 * Owns the leniency of reading, which is fastjson's: unknown keys are ignored, a missing primitive has its default,
 * numbers and booleans may be written as text. Whoever wants a field to be there says so with {@linkcode required}.
 *
 * @module
 */
import { HeaderError } from "./errors.ts";
import { parseFastJson } from "./fast_json_parser.ts";
import { type FastDialect, stringifyFastJson } from "./fast_json_writer.ts";
import { FastDouble, type FastInput, FastMap, type FastObject, type FastValue } from "./fast_value.ts";
import { parseLong } from "./java_number.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** Reads and writes one kind of JSON value. */
export interface JsonCodec<T> {
  /**
   * Reads the value.
   *
   * @param value The JSON value; `undefined` when the key is missing
   * @param path Where it stands, for errors
   * @returns The value
   * @throws {HeaderError} when it is of the wrong kind
   */
  read(value: FastValue | undefined, path: string): T;
  /**
   * Turns the value into what the JSON writer takes.
   *
   * @param value The value
   * @returns What the JSON writer takes; `undefined` leaves the key out
   */
  write(value: T): FastInput;
}

/** One codec for each field of `T`. */
export type BeanShape<T> = { readonly [K in keyof T]-?: JsonCodec<T[K]> };

/** A JSON body as it comes: bytes of a command, or text of a file. */
export type BodyInput = Uint8Array | string;

/**
 * Decodes a body.
 *
 * @param codec Codec of the body
 * @param body UTF-8 or text
 * @returns The value
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeBody<T>(codec: JsonCodec<T>, body: BodyInput): T {
  return codec.read(parseFastJson(typeof body === "string" ? body : decodeUtf8(body)), "");
}

/**
 * Encodes a body.
 *
 * @param codec Codec of the body
 * @param value The value
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeBody<T>(codec: JsonCodec<T>, value: T, dialect: FastDialect = "fastjson"): Uint8Array {
  return encodeUtf8(stringifyFastJson(codec.write(value), { dialect }));
}

/**
 * Writes the text of a configuration file: fastjson's dialect, pretty-printed.
 *
 * @param codec Codec of the file
 * @param value The value
 * @returns The text, without a line end behind it
 */
export function formatConfigFile<T>(codec: JsonCodec<T>, value: T): string {
  return stringifyFastJson(codec.write(value), { pretty: true });
}

function refuse(path: string, wanted: string, value: FastValue | undefined): never {
  const kind = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw new HeaderError("FIELD_MALFORMED", path, `Cannot decode body: "${path}" is ${kind}, wanted ${wanted}`);
}

function isAbsent(value: FastValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function readNumber(value: FastValue | undefined, path: string, absent: number): number {
  if (typeof value === "number") return value;
  if (isAbsent(value) || value === "") return absent;
  if (typeof value === "bigint") return Number(value);
  const number = typeof value === "string" ? Number(value) : NaN;
  return Number.isNaN(number) ? refuse(path, "a number", value) : number;
}

/**
 * A Java int or long. A fraction is cut off.
 *
 * @param absent Value of a missing key
 * @returns The codec
 */
export function whole(absent = 0): JsonCodec<number> {
  return {
    read: (value, path) =>
      typeof value === "string" && value !== ""
        ? parseLong(value) ?? refuse(path, "a whole number", value)
        : Math.trunc(readNumber(value, path, absent)),
    write: (value) => value,
  };
}

/**
 * A Java double.
 *
 * @param absent Value of a missing key
 * @returns The codec
 */
export function double(absent = 0): JsonCodec<number> {
  return { read: (value, path) => readNumber(value, path, absent), write: (value) => new FastDouble(value) };
}

/**
 * A Java boolean.
 *
 * @param absent Value of a missing key
 * @returns The codec
 */
export function flag(absent = false): JsonCodec<boolean> {
  return {
    read: (value, path) => {
      if (typeof value === "boolean") return value;
      if (isAbsent(value)) return absent;
      if (typeof value === "number") return value !== 0;
      if (typeof value === "string") return value.toLowerCase() === "true" || value === "1";
      return refuse(path, "a boolean", value);
    },
    write: (value) => value,
  };
}

/**
 * Text, or the name of an enum constant.
 *
 * @param absent Value of a missing key
 * @returns The codec
 */
export function text(absent = ""): JsonCodec<string> {
  return {
    read: (value, path) => {
      if (typeof value === "string") return value;
      if (isAbsent(value)) return absent;
      return typeof value === "object" ? refuse(path, "text", value) : String(value);
    },
    write: (value) => value,
  };
}

/**
 * The name of an enum constant out of a closed list.
 *
 * @param names The constants, in Java's order: a number is taken as the ordinal
 * @param absent Value of a missing or unknown name, as Java leaves the field at its default
 * @returns The codec
 */
export function oneOf<T extends string>(names: readonly T[], absent: T): JsonCodec<T> {
  return {
    read: (value, path) => {
      if (typeof value === "number") return names[value] ?? absent;
      if (isAbsent(value)) return absent;
      if (typeof value !== "string") return refuse(path, "a name", value);
      return names.find((name) => name === value) ?? absent;
    },
    write: (value) => value,
  };
}

/**
 * A field that may be missing.
 *
 * @param codec Codec of the value when it is there
 * @returns The codec; a missing key and null read as `undefined`, and `undefined` is not written
 */
export function optional<T>(codec: JsonCodec<T>): JsonCodec<T | undefined> {
  return {
    read: (value, path) => isAbsent(value) ? undefined : codec.read(value, path),
    write: (value) => value === undefined ? undefined : codec.write(value),
  };
}

/**
 * A field that must be there.
 *
 * @param codec Codec of the value
 * @returns The codec; reading throws FIELD_MISSING when the key is missing or null
 */
export function required<T>(codec: JsonCodec<T>): JsonCodec<T> {
  return {
    read: (value, path) => {
      if (!isAbsent(value)) return codec.read(value, path);
      throw new HeaderError("FIELD_MISSING", path, `Cannot decode body: "${path}" is missing`);
    },
    write: codec.write,
  };
}

/**
 * A list or set.
 *
 * @param item Codec of the items
 * @returns The codec; a missing key reads as an empty list
 */
export function list<T>(item: JsonCodec<T>): JsonCodec<readonly T[]> {
  return {
    read: (value, path) => {
      if (isAbsent(value)) return [];
      if (!Array.isArray(value)) return refuse(path, "a list", value);
      return value.map((entry, index) => item.read(entry, `${path}[${index}]`));
    },
    write: (value) => value.map((entry) => item.write(entry)),
  };
}

/**
 * A Java `int[]`: a list of numbers that stays on one line in a pretty-printed file.
 *
 * @returns The codec
 */
export function ints(): JsonCodec<readonly number[]> {
  const numbers = list(whole());
  return { read: numbers.read, write: (value) => Int32Array.from(value) };
}

/**
 * A map with text keys, in the order of the text.
 *
 * @param item Codec of the values
 * @returns The codec; a missing key reads as an empty map
 */
export function table<T>(item: JsonCodec<T>): JsonCodec<ReadonlyMap<string, T>> {
  return {
    read: (value, path) => {
      const result = new Map<string, T>();
      for (const [key, entry] of entriesOf(value, path)) {
        result.set(String(key), item.read(entry, `${path}.${key}`));
      }
      return result;
    },
    write: (value) => new Map([...value].map(([key, entry]) => [key, item.write(entry)])),
  };
}

/**
 * A map with integer keys.
 *
 * @param item Codec of the values
 * @returns The codec; keys are read with or without quotes
 */
export function numberTable<T>(item: JsonCodec<T>): JsonCodec<ReadonlyMap<number, T>> {
  return {
    read: (value, path) => {
      const result = new Map<number, T>();
      for (const [key, entry] of entriesOf(value, path)) {
        const number = typeof key === "number" ? key : parseLong(key);
        if (number === undefined) refuse(`${path}.${key}`, "an integer key", key);
        else result.set(number, item.read(entry, `${path}.${key}`));
      }
      return result;
    },
    write: (value) => new Map([...value].map(([key, entry]) => [key, item.write(entry)])),
  };
}

/** Key and value of each entry of an object or integer-keyed map. */
function entriesOf(value: FastValue | undefined, path: string): Iterable<[string | number, FastValue]> {
  if (isAbsent(value)) return [];
  if (value instanceof Map) return value;
  return Object.entries(asObject(value, path));
}

/** One entry of a map whose keys are objects. */
export type Pair<K, V> = readonly [key: K, value: V];

/**
 * A map whose keys are objects, as a list of entries, because JavaScript compares objects by identity.
 *
 * @param key Codec of the keys
 * @param item Codec of the values
 * @returns The codec
 */
export function objectTable<K, V>(key: JsonCodec<K>, item: JsonCodec<V>): JsonCodec<readonly Pair<K, V>[]> {
  return {
    read: (value, path) => {
      if (isAbsent(value)) return [];
      if (value instanceof FastMap) {
        return value.entries.map(([left, right], index): Pair<K, V> => [
          key.read(left as FastValue, `${path}{${index}}`),
          item.read(right as FastValue, `${path}[${index}]`),
        ]);
      }
      // An object key may also arrive as a string that holds its JSON: Java clients write offsets.json so.
      return Object.entries(asObject(value, path)).map(([left, right]): Pair<K, V> => [
        key.read(parseFastJson(left), `${path}{${left}}`),
        item.read(right, `${path}[${left}]`),
      ]);
    },
    write: (value) => new FastMap(value.map(([left, right]) => [key.write(left), item.write(right)])),
  };
}

function asObject(value: FastValue, path: string): FastObject {
  if (typeof value !== "object" || value === null) return refuse(path, "an object", value);
  if (Array.isArray(value) || value instanceof FastMap) return refuse(path, "an object", value as FastValue);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [String(key), entry]));
  return value;
}

/**
 * A bean: an object with known fields.
 *
 * @param shape One codec for each field
 * @returns The codec; fields that read as `undefined` are left out of the value
 */
export function bean<T extends object>(shape: BeanShape<T>): JsonCodec<T> {
  const fields = Object.keys(shape) as (keyof T & string)[];
  return {
    read: (value, path) => {
      const object = isAbsent(value) ? refuse(path, "an object", value) : asObject(value, path);
      const result: Partial<T> = {};
      for (const field of fields) {
        const read = shape[field].read(object[field], path === "" ? field : `${path}.${field}`);
        if (read !== undefined) result[field] = read;
      }
      return result as T;
    },
    write: (value) => {
      const object: Record<string, FastInput> = {};
      for (const field of fields) object[field] = shape[field].write(value[field]);
      return object;
    },
  };
}

/**
 * A bean whose field has an older name that is still read.
 *
 * @param codec Codec of the bean
 * @param names Old name to present name; the present one wins when both are there
 * @returns The codec
 */
export function withOldNames<T>(codec: JsonCodec<T>, names: Readonly<Record<string, string>>): JsonCodec<T> {
  return {
    read: (value, path) => {
      if (isAbsent(value)) return codec.read(value, path);
      const renamed: FastObject = Object.assign(Object.create(null), asObject(value, path));
      for (const [old, present] of Object.entries(names)) {
        if (renamed[present] === undefined && renamed[old] !== undefined) renamed[present] = renamed[old];
      }
      return codec.read(renamed, path);
    },
    write: codec.write,
  };
}

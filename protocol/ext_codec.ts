/**
 * Codecs of custom header fields, built from small parts: a header type names its fields once and gets reader and
 * writer together.
 *
 * Owns how Java writes field values: `String.valueOf` of numbers and booleans, absent for null. Unknown fields are
 * ignored. Fields that RocketMQ marks as required are required here: a header without them is refused.
 *
 * @module
 */
import type { ExtFields } from "./command.ts";
import { HeaderError } from "./errors.ts";
import { formatLong, parseLong } from "./java_number.ts";

/** Reads and writes one field. */
export interface ExtField<T> {
  /** Name on the wire when it is not the name of the property. */
  readonly wire?: string;
  /**
   * Reads the field.
   *
   * @param value Text of the field; `undefined` when it is missing
   * @param name Name on the wire, for errors
   * @returns The value
   * @throws {HeaderError} when it is missing though required, or malformed
   */
  read(value: string | undefined, name: string): T;
  /**
   * Writes the field.
   *
   * @param value The value
   * @returns Its text; `undefined` leaves the field out
   */
  write(value: T): string | undefined;
}

/** Reads and writes a header. */
export interface ExtCodec<T> {
  /**
   * Reads the header.
   *
   * @param ext Custom header fields
   * @returns The header
   * @throws {HeaderError} when a field is missing though required, or malformed
   */
  decode(ext: ExtFields): T;
  /**
   * Writes the header.
   *
   * @param header The header
   * @returns Custom header fields
   */
  encode(header: T): ExtFields;
}

/** One field codec for each property of `T`. */
export type ExtShape<T> = { readonly [K in keyof T]-?: ExtField<T[K]> };

/**
 * Builds the codec of a header.
 *
 * @param shape One field codec for each property
 * @returns The codec; properties that read as `undefined` are left out of the value
 */
export function extCodec<T extends object>(shape: ExtShape<T>): ExtCodec<T> {
  const fields = (Object.keys(shape) as (keyof T & string)[]).map((name) => ({
    name,
    wire: shape[name].wire ?? name,
    field: shape[name],
  }));
  return {
    decode: (ext) => {
      const header: Partial<T> = {};
      for (const { name, wire, field } of fields) {
        const value = field.read(Object.hasOwn(ext, wire) ? ext[wire] : undefined, wire);
        if (value !== undefined) header[name] = value;
      }
      return header as T;
    },
    encode: (header) => {
      const ext: ExtFields = {};
      for (const { name, wire, field } of fields) {
        const value = field.write(header[name]);
        if (value !== undefined) ext[wire] = value;
      }
      return ext;
    },
  };
}

function missing(name: string): never {
  throw new HeaderError("FIELD_MISSING", name, `Cannot decode header: field "${name}" is missing`);
}

function malformed(name: string, value: string, wanted: string): never {
  const shown = value.slice(0, 64);
  throw new HeaderError(
    "FIELD_MALFORMED",
    name,
    `Cannot decode header: field "${name}" is "${shown}", wanted ${wanted}`,
  );
}

function parseInt32(value: string, name: string): number {
  const number = parseLong(value);
  return number !== undefined && (number | 0) === number ? number : malformed(name, value, "a 32-bit number");
}

function parseInt64(value: string, name: string): number {
  return parseLong(value) ?? malformed(name, value, "a 64-bit number");
}

function parseFlag(value: string): boolean {
  return value.toLowerCase() === "true";
}

/**
 * Text.
 *
 * @param absent Value of a missing field; without it the field is required
 * @returns The field
 */
export function textField(absent?: string): ExtField<string> {
  return { read: (value, name) => value ?? absent ?? missing(name), write: (value) => value };
}

/**
 * Text that may be missing.
 *
 * @returns The field
 */
export function optionalText(): ExtField<string | undefined> {
  return { read: (value) => value, write: (value) => value };
}

/** A field whose text goes through `parse`; empty text counts as missing. */
function parsed<T>(
  parse: (value: string, name: string) => T,
  format: (value: T) => string,
  absent: T | undefined,
): ExtField<T> {
  return {
    read: (value, name) => value === undefined || value === "" ? absent ?? missing(name) : parse(value, name),
    write: format,
  };
}

function optionallyParsed<T>(
  parse: (value: string, name: string) => T,
  format: (value: T) => string,
): ExtField<T | undefined> {
  return {
    read: (value, name) => value === undefined || value === "" ? undefined : parse(value, name),
    write: (value) => value === undefined ? undefined : format(value),
  };
}

/**
 * A Java int.
 *
 * @param absent Value of a missing field; without it the field is required
 * @returns The field
 */
export function intField(absent?: number): ExtField<number> {
  return parsed(parseInt32, formatLong, absent);
}

/**
 * A Java int that may be missing.
 *
 * @returns The field
 */
export function optionalInt(): ExtField<number | undefined> {
  return optionallyParsed(parseInt32, formatLong);
}

/**
 * A Java long.
 *
 * @param absent Value of a missing field; without it the field is required
 * @returns The field
 */
export function longField(absent?: number): ExtField<number> {
  return parsed(parseInt64, formatLong, absent);
}

/**
 * A Java long that may be missing.
 *
 * @returns The field
 */
export function optionalLong(): ExtField<number | undefined> {
  return optionallyParsed(parseInt64, formatLong);
}

/**
 * A Java boolean: "true" in any case is true, everything else false.
 *
 * @param absent Value of a missing field; without it the field is required
 * @returns The field
 */
export function flagField(absent?: boolean): ExtField<boolean> {
  return parsed(parseFlag, String, absent);
}

/**
 * A Java boolean that may be missing.
 *
 * @returns The field
 */
export function optionalFlag(): ExtField<boolean | undefined> {
  return optionallyParsed(parseFlag, String);
}

/**
 * Gives a field another name on the wire.
 *
 * @param wire Name on the wire
 * @param field The field
 * @returns The field under that name
 */
export function named<T>(wire: string, field: ExtField<T>): ExtField<T> {
  return { ...field, wire };
}

/**
 * Unknown fields of configuration files: what a newer RocketMQ wrote and this code does not know stays in the file.
 *
 * Owns: how the tree that is about to be written takes over fields of the tree that was read.
 * Reads: nothing.
 * Never: brings back an entry of a table; only fields of objects that are still there are kept.
 */
import { type FastInput, FastMap, type FastObject, type FastValue } from "../protocol/fast_json.ts";

/**
 * Adds to a tree the fields that it lacks and the read tree had.
 *
 * @param written what the code would write: plain objects are beans, maps are tables
 * @param read what the file held, or undefined when there was none
 * @returns the tree to write
 */
export function keepUnknownFields(written: FastInput, read: FastValue | undefined): FastInput {
  if (!isObject(read)) return written;
  if (written instanceof Map) {
    const table = new Map<string | number, FastInput>();
    for (const [key, value] of written as ReadonlyMap<string | number, FastInput>) {
      table.set(key, keepUnknownFields(value, read[String(key)]));
    }
    return table as ReadonlyMap<string, FastInput>;
  }
  if (!isBean(written)) return written;
  const bean: Record<string, FastInput> = {};
  for (const [key, value] of Object.entries(read)) {
    if (!Object.hasOwn(written, key)) bean[key] = value as FastInput;
  }
  for (const [key, value] of Object.entries(written)) bean[key] = keepUnknownFields(value, read[key]);
  return bean;
}

function isObject(value: FastValue | undefined): value is FastObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map) &&
    !(value instanceof FastMap);
}

function isBean(value: FastInput): value is { readonly [key: string]: FastInput } {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

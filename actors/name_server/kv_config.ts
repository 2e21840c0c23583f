/**
 * Key-value configuration by namespace, kept in `kvConfig.json` in RocketMQ's form: `{"configTable":{"ns":{"key":"value"}}}`.
 *
 * Owns: the table and its file. Reads: the file, once. Never: answers that a value is kept before it is on the device.
 *
 * A change writes the file before it shows: what was there goes to `<file>.bak`, the new text to `<file>.tmp`, which then takes
 * the name. A namespace stays when its last key is deleted, as in RocketMQ, also across a restart.
 */

import { type FastValue, parseFastJson, stringifyFastJson } from "../../protocol/fast_json.ts";
import { StoreError } from "../../store/errors.ts";
import { directoryOf, type Disk } from "../../store/file/disk.ts";

/**
 * Namespace of the queue order of topics.
 * Source: apache/rocketmq common NamesrvUtil.NAMESPACE_ORDER_TOPIC_CONFIG.
 */
export const ORDER_TOPIC_NAMESPACE = "ORDER_TOPIC_CONFIG";

/** Characters of all namespaces, keys and values together; a namespace must fit into one answer. A word of ours. */
export const KV_CHARACTERS_MAX = 4_194_304;

/** The table is full; deleting keys makes room. */
export class KvConfigFullError extends RangeError {
  override readonly name = "KvConfigFullError";
  /** Closed code of this error. */
  readonly code = "KV_CONFIG_FULL";
  /** The same request fails until something is deleted. */
  readonly retryable = false;
}

/** Key-value configuration on a disk. */
export class KvConfig {
  readonly #disk: Disk;
  readonly #path: string;
  #namespaces: ReadonlyMap<string, ReadonlyMap<string, string>>;
  #characters: number;

  /**
   * Reads the file; a missing or empty one is an empty table.
   *
   * @param disk Where the file is.
   * @param path Its path.
   * @throws {StoreError} `FILE_FORMAT` when the file is there and is not RocketMQ's form.
   * @throws {DiskError} when it cannot be read.
   */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#namespaces = disk.exists(path) ? decodeTable(path, disk.readFile(path)) : new Map();
    this.#characters = charactersOf(this.#namespaces);
  }

  /**
   * One value.
   *
   * @param namespace Its namespace.
   * @param key Its key.
   * @returns The value or undefined.
   */
  get(namespace: string, key: string): string | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /**
   * All values of a namespace.
   *
   * @param namespace The namespace.
   * @returns Key to value, or undefined when the namespace was never written.
   */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#namespaces.get(namespace);
  }

  /**
   * Sets a value and writes the file. Blocks for the disk.
   *
   * @param namespace Its namespace, made when missing.
   * @param key Its key.
   * @param value The value.
   * @throws {KvConfigFullError} when the table would pass its bound.
   * @throws {DiskError} when the file cannot be written; the table is then as before.
   */
  put(namespace: string, key: string, value: string): void {
    const table = new Map(this.#namespaces.get(namespace)).set(key, value);
    this.#replace(new Map(this.#namespaces).set(namespace, table));
  }

  /**
   * Forgets a value and writes the file. Blocks for the disk.
   *
   * @param namespace Its namespace; nothing happens but the writing when it is unknown.
   * @param key Its key.
   * @throws {DiskError} when the file cannot be written; the table is then as before.
   */
  delete(namespace: string, key: string): void {
    const table = new Map(this.#namespaces.get(namespace));
    table.delete(key);
    const known = this.#namespaces.has(namespace);
    this.#replace(known ? new Map(this.#namespaces).set(namespace, table) : this.#namespaces);
  }

  #replace(namespaces: ReadonlyMap<string, ReadonlyMap<string, string>>): void {
    const characters = charactersOf(namespaces);
    if (characters > KV_CHARACTERS_MAX && characters > this.#characters) {
      throw new KvConfigFullError(
        `Cannot keep value: table has ${characters} characters, limit is ${KV_CHARACTERS_MAX}`,
      );
    }
    const text = stringifyFastJson({ configTable: namespaces }, { dialect: "fastjson" });
    replaceFile(this.#disk, this.#path, new TextEncoder().encode(text));
    this.#namespaces = namespaces;
    this.#characters = characters;
  }
}

/**
 * Writes a file so that a crash leaves the old or the new content, and keeps the old one as `.bak`. Blocks for the disk.
 *
 * @param disk Where.
 * @param path The file; its directory is made.
 * @param bytes New content.
 * @throws {DiskError} when a step fails; the file then has its old content.
 */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const directory = directoryOf(path);
  disk.makeDirectory(directory);
  if (disk.exists(path)) disk.writeFile(`${path}.bak`, disk.readFile(path));
  disk.writeFile(`${path}.tmp`, bytes);
  disk.rename(`${path}.tmp`, path);
  disk.syncDirectory(directory);
}

function charactersOf(namespaces: ReadonlyMap<string, ReadonlyMap<string, string>>): number {
  let count = 0;
  for (const [namespace, table] of namespaces) {
    count += namespace.length;
    for (const [key, value] of table) count += key.length + value.length;
  }
  return count;
}

function decodeTable(path: string, bytes: Uint8Array): Map<string, Map<string, string>> {
  const namespaces = new Map<string, Map<string, string>>();
  if (bytes.length === 0) return namespaces;
  try {
    const configTable = fieldsOf(parseFastJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes))).get(
      "configTable",
    );
    for (const [namespace, table] of configTable === undefined || configTable === null ? [] : fieldsOf(configTable)) {
      const values = new Map<string, string>();
      for (const [key, value] of fieldsOf(table)) if (value !== null) values.set(key, String(value));
      namespaces.set(namespace, values);
    }
  } catch (cause) {
    throw new StoreError("FILE_FORMAT", `Cannot read "${path}": it is not a key-value configuration`, { path, cause });
  }
  return namespaces;
}

/** The fields of an object; fastjson leaves a key that is all digits unquoted only for number keys, so both forms occur. */
function fieldsOf(value: FastValue): Map<string, FastValue> {
  if (value instanceof Map) return new Map([...value].map(([key, field]) => [String(key), field]));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("Not an object");
  return new Map(Object.entries(value));
}

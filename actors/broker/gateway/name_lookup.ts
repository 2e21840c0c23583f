// hot
/**
 * Finds values by the bytes of a name as they stand in a frame, without making a string for each look-up.
 *
 * A value is resolved once by its name and then found by its bytes, until it is forgotten because the table that it
 * derives from changed. Names that resolve to nothing are not remembered, so the lookup is as bounded as that table.
 */
import { NameTable } from "../../../store/name_table.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Values by name. One for each thread and table. */
export class NameLookup<T> {
  readonly #resolve: (name: string) => T | undefined;
  readonly #table = new NameTable();
  /** By number in the table. */
  readonly #values: (T | undefined)[] = [];
  readonly #byName = new Map<string, T>();

  /** @param resolve gives the value of a name that was not looked up before, or undefined when there is none */
  constructor(resolve: (name: string) => T | undefined) {
    this.#resolve = resolve;
  }

  /** Values looked up so far and not forgotten. */
  values(): IterableIterator<T> {
    return this.#byName.values();
  }

  /** Forgets the values of these names. */
  forget(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#byName.delete(name)) this.#values[this.#table.remove(encoder.encode(name))] = undefined;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#table.clear();
    this.#values.length = 0;
    this.#byName.clear();
  }

  /** Finds a value by name. */
  byName(name: string): T | undefined {
    return this.#byName.get(name) ?? this.#add(name);
  }

  /** Finds a value by the UTF-8 bytes of its name: byte for byte, so that they can be stored as the name. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    let number = this.#table.find(bytes, start, end);
    if (number < 0) {
      if (this.byName(decoder.decode(bytes.subarray(start, end))) === undefined) return undefined;
      number = this.#table.find(bytes, start, end);
    }
    return number < 0 ? undefined : this.#values[number];
  }

  #add(name: string): T | undefined {
    const value = this.#resolve(name);
    if (value === undefined) return undefined;
    this.#byName.set(name, value);
    this.#values[this.#table.add(encoder.encode(name))] = value;
    return value;
  }
}

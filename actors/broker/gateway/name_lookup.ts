// hot
/**
 * Finds values by the bytes of a name as they stand in a frame, without making a string for each look-up.
 *
 * A value is resolved once by its name and then found by hash and comparison, until it is forgotten because the table that it
 * derives from changed. Names that resolve to nothing are not remembered, so the lookup is as bounded as that table.
 */

/** A value with the name's bytes that it was found by. */
interface Named<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Values by name. One for each thread and table. */
export class NameLookup<T> {
  readonly #resolve: (name: string) => T | undefined;
  readonly #byHash = new Map<number, Named<T>[]>();
  readonly #byName = new Map<string, Named<T>>();
  #last: Named<T> | undefined;

  /** @param resolve gives the value of a name that was not looked up before, or undefined when there is none */
  constructor(resolve: (name: string) => T | undefined) {
    this.#resolve = resolve;
  }

  /** Values looked up so far and not forgotten. */
  *values(): IterableIterator<T> {
    for (const named of this.#byName.values()) yield named.value;
  }

  /** Forgets the values of these names. */
  forget(names: Iterable<string>): void {
    for (const name of names) {
      const named = this.#byName.get(name);
      if (named === undefined) continue;
      this.#byName.delete(name);
      const hash = hashOf(named.bytes, 0, named.bytes.length);
      const rest = this.#byHash.get(hash)!.filter((other) => other !== named);
      if (rest.length === 0) this.#byHash.delete(hash);
      else this.#byHash.set(hash, rest);
      if (this.#last === named) this.#last = undefined;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#byHash.clear();
    this.#byName.clear();
    this.#last = undefined;
  }

  /** Finds a value by name. */
  byName(name: string): T | undefined {
    return this.#byName.get(name)?.value ?? this.#add(name);
  }

  /** Finds a value by the UTF-8 bytes of its name. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    const last = this.#last;
    if (last !== undefined && same(last.bytes, bytes, start, end)) return last.value;
    const list = this.#byHash.get(hashOf(bytes, start, end));
    if (list !== undefined) {
      for (let i = 0; i < list.length; i++) {
        const named = list[i]!;
        if (!same(named.bytes, bytes, start, end)) continue;
        this.#last = named;
        return named.value;
      }
    }
    return this.#add(decoder.decode(bytes.subarray(start, end)));
  }

  #add(name: string): T | undefined {
    const value = this.#resolve(name);
    if (value === undefined) return undefined;
    const named = { bytes: encoder.encode(name), value };
    const hash = hashOf(named.bytes, 0, named.bytes.length);
    const list = this.#byHash.get(hash);
    if (list === undefined) this.#byHash.set(hash, [named]);
    else list.push(named);
    this.#byName.set(name, named);
    this.#last = named;
    return value;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function same(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}

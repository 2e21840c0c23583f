// hot
/**
 * Numbers of names, found by the bytes of a name as they stand in a frame or a record.
 *
 * Owns: an open hash table in one piece of memory, and the bytes of the names in another. With thousands of names nothing of it is in a processor's cache, so
 * what counts is how many places a look-up touches: a row of the table and the name.
 * Never: makes an object or a string for a look-up.
 */

/** A row: hash, number plus one (0 in an empty row), where the name begins, how long it is. */
const ROW_WORDS = 4;
const NUMBER = 1;
const START = 2;
const LENGTH = 3;

const ROWS_AT_FIRST = 64;
const NAME_BYTES_AT_FIRST = 1024;

/** Names with their numbers: dense from 0, those of names taken out are given again. */
export class NameTable {
  #rows = new Int32Array(ROWS_AT_FIRST * ROW_WORDS);
  #mask = ROWS_AT_FIRST - 1;
  #names = new Uint8Array(NAME_BYTES_AT_FIRST);
  #namesEnd = 0;
  /** Row of the name found last, −1 for none. */
  #last = -1;
  #count = 0;
  readonly #free: number[] = [];

  /** How many names there are. */
  get count(): number {
    return this.#count;
  }

  /** The number of the name in these bytes, −1 when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const last = this.#last;
    if (last >= 0 && this.#isName(last, bytes, start, end)) return this.#rows[last + NUMBER]! - 1;
    const row = this.#seek(nameHash(bytes, start, end), bytes, start, end);
    const number = this.#rows[row + NUMBER]! - 1;
    if (number >= 0) this.#last = row;
    return number;
  }

  /** Adds a name that {@link find} does not find. @returns its number */
  add(name: Uint8Array): number {
    if ((this.#count + 1) * 2 > this.#mask + 1) this.#rebuild((this.#mask + 1) * 2);
    if (this.#namesEnd + name.length > this.#names.length) this.#packNames(name.length);
    const hash = nameHash(name, 0, name.length);
    const row = this.#seek(hash, name, 0, name.length);
    const number = this.#free.pop() ?? this.#count;
    this.#rows.set([hash, number + 1, this.#namesEnd, name.length], row);
    this.#names.set(name, this.#namesEnd);
    this.#namesEnd += name.length;
    this.#count += 1;
    return number;
  }

  /** Takes a name out. @returns the number that it had, −1 when it was not there */
  remove(name: Uint8Array): number {
    const row = this.#seek(nameHash(name, 0, name.length), name, 0, name.length);
    const number = this.#rows[row + NUMBER]! - 1;
    if (number < 0) return number;
    this.#rows.fill(0, row, row + ROW_WORDS);
    this.#closeGap(row);
    this.#free.push(number);
    this.#count -= 1;
    this.#last = -1;
    return number;
  }

  /** Takes all names out. */
  clear(): void {
    this.#rows = new Int32Array(ROWS_AT_FIRST * ROW_WORDS);
    this.#mask = ROWS_AT_FIRST - 1;
    this.#names = new Uint8Array(NAME_BYTES_AT_FIRST);
    this.#namesEnd = 0;
    this.#last = -1;
    this.#count = 0;
    this.#free.length = 0;
  }

  /** The row of a name, or the empty one where it would be. */
  #seek(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const rows = this.#rows;
    const mask = this.#mask;
    for (let place = hash & mask;; place = (place + 1) & mask) {
      const row = place * ROW_WORDS;
      if (rows[row + NUMBER] === 0) return row;
      if (rows[row] === hash && this.#isName(row, bytes, start, end)) return row;
    }
  }

  #isName(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const rows = this.#rows;
    const length = end - start;
    if (rows[row + LENGTH] !== length) return false;
    const names = this.#names;
    const name = rows[row + START]!;
    // Names of one kind differ at their ends.
    for (let i = length - 1; i >= 0; i--) if (names[name + i] !== bytes[start + i]) return false;
    return true;
  }

  /** Moves rows behind an emptied one forward that a look-up would not find any more. */
  #closeGap(emptied: number): void {
    const rows = this.#rows;
    const mask = this.#mask;
    let gap = emptied / ROW_WORDS;
    for (let place = (gap + 1) & mask; rows[place * ROW_WORDS + NUMBER] !== 0; place = (place + 1) & mask) {
      const home = rows[place * ROW_WORDS]! & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      rows.copyWithin(gap * ROW_WORDS, place * ROW_WORDS, (place + 1) * ROW_WORDS);
      rows.fill(0, place * ROW_WORDS, (place + 1) * ROW_WORDS);
      gap = place;
    }
  }

  #rebuild(places: number): void {
    const before = this.#rows;
    const rows = this.#rows = new Int32Array(places * ROW_WORDS);
    const mask = this.#mask = places - 1;
    this.#last = -1;
    for (let from = 0; from < before.length; from += ROW_WORDS) {
      if (before[from + NUMBER] === 0) continue;
      let place = before[from]! & mask;
      while (rows[place * ROW_WORDS + NUMBER] !== 0) place = (place + 1) & mask;
      rows.set(before.subarray(from, from + ROW_WORDS), place * ROW_WORDS);
    }
  }

  /** Leaves out the bytes of names that are gone, and makes room for at least `bytes` more. */
  #packNames(bytes: number): void {
    const rows = this.#rows;
    let live = 0;
    for (let row = 0; row < rows.length; row += ROW_WORDS) live += rows[row + LENGTH]!;
    const names = new Uint8Array(Math.max(NAME_BYTES_AT_FIRST, (live + bytes) * 2));
    let end = 0;
    for (let row = 0; row < rows.length; row += ROW_WORDS) {
      if (rows[row + NUMBER] === 0) continue;
      const start = rows[row + START]!;
      names.set(this.#names.subarray(start, start + rows[row + LENGTH]!), end);
      rows[row + START] = end;
      end += rows[row + LENGTH]!;
    }
    this.#names = names;
    this.#namesEnd = end;
  }
}

function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

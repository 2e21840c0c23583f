/**
 * Values of fastjson's dialect: what the reader returns and what the writer takes.
 *
 * Objects that the reader returns have no prototype, so a key such as `__proto__` or `constructor` is an ordinary key.
 *
 * @module
 */

/** An object whose keys are text. */
export interface FastObject {
  /** Value by key. */
  [key: string]: FastValue;
}

/**
 * What the reader returns. A whole number beyond ±2^53 is a `bigint`; an object with unquoted integer keys is a `Map`;
 * an object with object keys is a {@linkcode FastMap}; `{}` is an empty object.
 */
export type FastValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | FastValue[]
  | FastObject
  | Map<number, FastValue>
  | FastMap;

/**
 * What the writer takes: plain objects are beans (keys sorted, null and undefined left out), maps are tables (order
 * kept in the fastjson dialect), an `Int32Array` is a Java `int[]`, which stays on one line when pretty-printed.
 */
export type FastInput =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Int32Array
  | FastDouble
  | FastText
  | FastMap
  | readonly FastInput[]
  | ReadonlyMap<string, FastInput>
  | ReadonlyMap<number, FastInput>
  | { readonly [key: string]: FastInput };

/** A map whose keys are objects, in the order in which they were written. */
export class FastMap {
  /** Key and value of each entry. */
  readonly entries: readonly (readonly [FastInput, FastInput])[];

  /**
   * Wraps entries; the list is not copied.
   *
   * @param entries Key and value of each entry
   */
  constructor(entries: readonly (readonly [FastInput, FastInput])[]) {
    this.entries = entries;
  }
}

/** A number that Java holds as a double, so that a whole one is written with ".0". */
export class FastDouble {
  /** The number. */
  readonly value: number;

  /**
   * Wraps a number.
   *
   * @param value The number
   */
  constructor(value: number) {
    this.value = value;
  }
}

/** Text that was written before, in the dialect and at the depth at which it is put in now: what did not change need not be written again. */
export class FastText {
  /** The text. */
  readonly text: string;

  /**
   * Wraps a text.
   *
   * @param text The text
   */
  constructor(text: string) {
    this.text = text;
  }
}

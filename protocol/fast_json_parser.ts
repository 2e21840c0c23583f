/**
 * Reader of fastjson's dialect.
 *
 * Owns the grammar: JSON, and besides it object keys that are integers without quotes, names without quotes, strings in
 * single quotes, or objects; the escapes `\v`, `\'`, `\xHH` and `\0`–`\7`; raw control characters in strings. Anything
 * behind the value but white space is refused. Nesting is bounded, so hostile text costs an error and not the stack.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { FastMap, type FastObject, type FastValue } from "./fast_value.ts";
import { JSON_DEPTH_MAX } from "./limits.ts";

/**
 * Reads text.
 *
 * @example Keys that JSON does not have
 * ```ts
 * import { FastMap, parseFastJson } from "./mod.ts";
 *
 * console.log(parseFastJson(`{0:"127.0.0.1:10911"}`)); // Map(1) { 0 => "127.0.0.1:10911" }
 * console.log(parseFastJson(`{{"queueId":0}:5}`) instanceof FastMap); // true
 * ```
 *
 * @param text One value with white space around it
 * @returns The value
 * @throws {ProtocolError} JSON_MALFORMED or JSON_TOO_DEEP, with the position of the character
 */
export function parseFastJson(text: string): FastValue {
  return new Parser(text).whole();
}

const QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const MINUS = 0x2d;

/** Escapes of one letter or digit. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["F", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ...Array.from({ length: 8 }, (_, digit): [string, string] => [String(digit), String.fromCharCode(digit)]),
]);

class Parser {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): FastValue {
    const value = this.#value();
    this.#skipSpace();
    if (this.#position !== this.#text.length) this.#refuse("there is text behind the value");
    return value;
  }

  #value(): FastValue {
    this.#skipSpace();
    const unit = this.#text.charCodeAt(this.#position);
    switch (unit) {
      case BRACE_OPEN:
        return this.#nested(() => this.#object());
      case BRACKET_OPEN:
        return this.#nested(() => this.#array());
      case QUOTE:
      case SINGLE_QUOTE:
        return this.#string(unit);
      default:
        return unit === MINUS || isDigit(unit) ? this.#number() : this.#literal();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > JSON_DEPTH_MAX) {
      throw new ProtocolError("JSON_TOO_DEEP", `Cannot parse JSON: nesting exceeds the limit of ${JSON_DEPTH_MAX}`, {
        position: this.#position,
        need: this.#depth,
        have: JSON_DEPTH_MAX,
      });
    }
    const value = read();
    this.#depth--;
    return value;
  }

  #array(): FastValue[] {
    const values: FastValue[] = [];
    this.#position++;
    if (this.#accept(BRACKET_CLOSE)) return values;
    for (;;) {
      values.push(this.#value());
      if (this.#accept(BRACKET_CLOSE)) return values;
      this.#expect(COMMA, "',' or ']'");
    }
  }

  #object(): FastValue {
    const keys: FastValue[] = [];
    const values: FastValue[] = [];
    this.#position++;
    if (!this.#accept(BRACE_CLOSE)) {
      for (;;) {
        keys.push(this.#key());
        this.#expect(COLON, "':'");
        values.push(this.#value());
        if (this.#accept(BRACE_CLOSE)) break;
        this.#expect(COMMA, "',' or '}'");
      }
    }
    return build(keys, values);
  }

  #key(): FastValue {
    this.#skipSpace();
    const unit = this.#text.charCodeAt(this.#position);
    if (unit === QUOTE || unit === SINGLE_QUOTE) return this.#string(unit);
    if (unit === BRACE_OPEN) return this.#nested(() => this.#object());
    if (unit === MINUS || isDigit(unit)) return this.#number();
    return this.#name("a key");
  }

  /** `true`, `false`, `null`. */
  #literal(): boolean | null {
    const start = this.#position;
    const name = this.#name("a value");
    if (name === "true") return true;
    if (name === "false") return false;
    if (name === "null") return null;
    this.#position = start;
    return this.#refuse(`expected a value, found "${name.slice(0, 32)}"`);
  }

  #name(wanted: string): string {
    const start = this.#position;
    while (isNameUnit(this.#text.charCodeAt(this.#position))) this.#position++;
    if (this.#position === start) this.#refuse(`expected ${wanted}`);
    return this.#text.slice(start, this.#position);
  }

  #number(): number | bigint {
    const text = this.#text;
    const start = this.#position;
    let end = start;
    if (text.charCodeAt(end) === MINUS) end++;
    const digits = end;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end === digits) this.#refuse("expected a digit");
    const whole = end;
    if (text[end] === ".") {
      end++;
      while (isDigit(text.charCodeAt(end))) end++;
    }
    if (text[end] === "e" || text[end] === "E") {
      end++;
      if (text[end] === "+" || text[end] === "-") end++;
      const exponent = end;
      while (isDigit(text.charCodeAt(end))) end++;
      if (end === exponent) this.#refuse("expected a digit of the exponent");
    }
    this.#position = end;
    const value = Number(text.slice(start, end));
    if (end !== whole || Number.isSafeInteger(value)) return value;
    // Java's longs have 19 digits; converting an endless run of digits would take quadratic time.
    return end - start <= 20 ? BigInt(text.slice(start, end)) : value;
  }

  #string(quote: number): string {
    const text = this.#text;
    let start = ++this.#position;
    let result = "";
    for (let index = start; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit === quote) {
        this.#position = index + 1;
        return result + text.slice(start, index);
      }
      if (unit !== BACKSLASH) continue;
      result += text.slice(start, index);
      this.#position = index;
      result += this.#escape();
      start = this.#position;
      index = start - 1;
    }
    this.#position = text.length;
    return this.#refuse("the string does not end");
  }

  #escape(): string {
    const letter = this.#text[this.#position + 1] ?? "";
    const digits = letter === "u" ? 4 : letter === "x" ? 2 : 0;
    if (digits > 0) {
      const hex = this.#text.slice(this.#position + 2, this.#position + 2 + digits);
      if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) this.#refuse(`bad escape "\\${letter}${hex}"`);
      this.#position += 2 + digits;
      return String.fromCharCode(parseInt(hex, 16));
    }
    const unit = ESCAPES.get(letter);
    if (unit === undefined) return this.#refuse(`bad escape "\\${letter}"`);
    this.#position += 2;
    return unit;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#position))) this.#position++;
  }

  #accept(unit: number): boolean {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#position) !== unit) return false;
    this.#position++;
    return true;
  }

  #expect(unit: number, wanted: string): void {
    if (!this.#accept(unit)) this.#refuse(`expected ${wanted}`);
  }

  #refuse(state: string): never {
    throw new ProtocolError("JSON_MALFORMED", `Cannot parse JSON at position ${this.#position}: ${state}`, {
      position: this.#position,
    });
  }
}

/** Chooses the kind of an object by its keys. Of two equal keys the later value holds. */
function build(keys: FastValue[], values: FastValue[]): FastValue {
  if (keys.some((key) => typeof key === "object")) {
    return new FastMap(keys.map((key, index) => [key, values[index] ?? null]));
  }
  if (keys.length > 0 && keys.every((key) => typeof key === "number")) {
    return new Map(keys.map((key, index) => [key as number, values[index] ?? null]));
  }
  const object: FastObject = Object.create(null);
  for (let index = 0; index < keys.length; index++) object[String(keys[index])] = values[index] ?? null;
  return object;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09 || unit === 0x0c || unit === 0x08;
}

/** Letters, digits, `_` and `$`. */
function isNameUnit(unit: number): boolean {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(unit) || unit === 0x5f || unit === 0x24;
}

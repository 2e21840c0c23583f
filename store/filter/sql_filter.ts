/**
 * SQL92 filters: an expression compiled once, evaluated on the bytes of a record's properties.
 *
 * Owns: the grammar, and how properties are found in the bytes. Reads: nothing. Never: matches a message whose evaluation fails.
 *
 * Source: apache/rocketmq filter SelectorParser.jj, broker ExpressionMessageFilter.isMatchedByCommitLog
 */
import {
  andNode,
  asBoolean,
  betweenNode,
  constantNode,
  equalNode,
  inNode,
  isNullNode,
  negateNode,
  type Node,
  notNode,
  OperandError,
  orderNode,
  type OrderTest,
  orNode,
  propertyNode,
  type PropertySlots,
  type Result,
  textNode,
  type TextTest,
} from "./sql_nodes.ts";
import { FilterSyntaxError, type Token, type TokenKind, Tokens } from "./sql_tokens.ts";
import { parseDouble, parseInt64 } from "./sql_value.ts";

/** Characters of an expression at most, so that one that is nested without end ends as an error. */
export const EXPRESSION_CHARACTERS_MAX = 32_767;

/** Parentheses and signs in each other at most. */
const DEPTH_MAX = 256;

const NAME_END = 0x01;
const VALUE_END = 0x02;

const ORDERS: Readonly<Partial<Record<TokenKind, OrderTest>>> = {
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
};

const TEXTS: Readonly<Partial<Record<TokenKind, TextTest>>> = {
  CONTAINS: (value, search) => value.includes(search),
  STARTSWITH: (value, search) => value.startsWith(search),
  ENDSWITH: (value, search) => value.endsWith(search),
};

/** A compiled expression. */
export class SqlFilter {
  /** The expression. */
  readonly text: string;
  readonly #root: Node;
  readonly #names: readonly Uint8Array[];
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #decoder = new TextDecoder();
  #bytes: Uint8Array = new Uint8Array(0);

  /**
   * Compiles an expression.
   *
   * @throws {FilterSyntaxError} with the position, when it is none
   */
  constructor(text: string) {
    const parser = new Parser(text);
    this.text = text;
    this.#root = parser.parse();
    const encoder = new TextEncoder();
    this.#names = parser.names.map((name) => encoder.encode(name));
    this.#starts = new Int32Array(this.#names.length);
    this.#ends = new Int32Array(this.#names.length);
  }

  /**
   * Evaluates on properties.
   *
   * @param get the value of a property, null when there is none
   * @returns true, false, null, or `FAILED` where RocketMQ throws
   */
  evaluate(get: (name: string) => string | null): Result {
    const decoded = this.#names.map((name) => get(this.#decoder.decode(name)));
    return this.#root.evaluate((slot) => decoded[slot]!);
  }

  /** Whether the properties in a part of a record match; what fails does not. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    this.#find(bytes, start, end);
    return this.#root.evaluate(this.#slots) === true;
  }

  readonly #slots: PropertySlots = (slot) => {
    const start = this.#starts[slot]!;
    if (start < 0) return null;
    const end = this.#ends[slot]!;
    const bytes = this.#bytes;
    let text = "";
    for (let at = start; at < end; at++) {
      if (bytes[at]! >= 0x80) return this.#decoder.decode(bytes.slice(start, end));
      text += String.fromCharCode(bytes[at]!);
    }
    return text;
  };

  /** Where the values of the named properties lie. Of a property that is there twice the last one counts, as in a Java map. */
  #find(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#starts.fill(-1);
    for (let at = start; at < end;) {
      let nameEnd = at;
      while (nameEnd < end && bytes[nameEnd] !== NAME_END && bytes[nameEnd] !== VALUE_END) nameEnd++;
      let valueEnd = nameEnd;
      while (valueEnd < end && bytes[valueEnd] !== VALUE_END) valueEnd++;
      if (bytes[nameEnd] === NAME_END) {
        const slot = this.#slotOf(bytes, at, nameEnd);
        if (slot >= 0) {
          this.#starts[slot] = nameEnd + 1;
          this.#ends[slot] = valueEnd;
        }
      }
      at = valueEnd + 1;
    }
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const names = this.#names;
    for (let slot = 0; slot < names.length; slot++) {
      const name = names[slot]!;
      if (name.length !== end - start) continue;
      let same = 0;
      while (same < name.length && name[same] === bytes[start + same]) same++;
      if (same === name.length) return slot;
    }
    return -1;
  }
}

/** Grammar, one method for each level, loosest first. */
class Parser {
  /** Names of the properties, each at the number that its nodes have. */
  readonly names: string[] = [];
  readonly #tokens: Tokens;
  #ahead: Token[] = [];
  #depth = 0;

  constructor(text: string) {
    if (text.length > EXPRESSION_CHARACTERS_MAX) {
      throw new FilterSyntaxError("it is too long", EXPRESSION_CHARACTERS_MAX);
    }
    this.#tokens = new Tokens(text);
  }

  /** RocketMQ ends here without looking whether the text does; only what begins no word is an error behind the expression. */
  parse(): Node {
    const { position } = this.#peek();
    const root = this.#checked(position, () => asBoolean(this.#or()));
    this.#peek();
    return root;
  }

  #or(): Node {
    let left = this.#and();
    for (let at = this.#peek().position; this.#take("OR"); at = this.#peek().position) {
      const first = left;
      const second = this.#and();
      left = this.#checked(at, () => orNode(asBoolean(first), asBoolean(second)));
    }
    return left;
  }

  #and(): Node {
    let left = this.#equality();
    for (let at = this.#peek().position; this.#take("AND"); at = this.#peek().position) {
      const first = left;
      const second = this.#equality();
      left = this.#checked(at, () => andNode(asBoolean(first), asBoolean(second)));
    }
    return left;
  }

  #equality(): Node {
    let left = this.#comparison();
    for (;;) {
      const at = this.#peek().position;
      const first = left;
      if (this.#take("=")) {
        const second = this.#comparison();
        left = this.#checked(at, () => equalNode(first, second));
      } else if (this.#take("<>")) {
        const second = this.#comparison();
        left = this.#checked(at, () => notNode(equalNode(first, second)));
      } else if (this.#take("IS")) {
        const not = this.#take("NOT");
        this.#need("NULL");
        left = not ? notNode(isNullNode(first)) : isNullNode(first);
      } else return left;
    }
  }

  #comparison(): Node {
    let left = this.#unary();
    for (;;) {
      const next = this.#compared(left);
      if (next === undefined) return left;
      left = next;
    }
  }

  /** One comparison behind a value; undefined when there is none. */
  #compared(left: Node): Node | undefined {
    const { kind, position } = this.#peek();
    const order = ORDERS[kind];
    if (order !== undefined) {
      this.#next();
      const right = this.#unary();
      return this.#checked(position, () => orderNode(left, right, order));
    }
    const not = kind === "NOT";
    const word = not ? this.#peek(1).kind : kind;
    const test = TEXTS[word];
    if (test === undefined && word !== "BETWEEN" && word !== "IN") {
      if (not) throw unexpected(this.#peek());
      return undefined;
    }
    if (not) this.#next();
    this.#next();
    if (test !== undefined) return textNode(left, this.#string(), test, not);
    if (word === "IN") {
      const texts = this.#list();
      return this.#checked(position, () => inNode(left, texts, not));
    }
    const low = this.#unary();
    this.#need("AND");
    const high = this.#unary();
    return this.#checked(position, () => betweenNode(left, low, high, not));
  }

  #unary(): Node {
    if (++this.#depth > DEPTH_MAX) throw new FilterSyntaxError("it is nested too deeply", this.#peek().position);
    try {
      const { position } = this.#peek();
      if (this.#take("+")) return this.#unary();
      if (this.#take("-")) return negateNode(this.#unary());
      if (!this.#take("NOT")) return this.#primary();
      const node = this.#unary();
      return this.#checked(position, () => notNode(asBoolean(node)));
    } finally {
      this.#depth--;
    }
  }

  #primary(): Node {
    const token = this.#next();
    switch (token.kind) {
      case "string":
        return constantNode(unquote(token.text));
      case "decimal":
        return constantNode(decimalOf(token));
      case "float":
        return constantNode(floatOf(token));
      case "TRUE":
        return constantNode(true);
      case "FALSE":
        return constantNode(false);
      case "NULL":
        return constantNode(null);
      case "id":
        return propertyNode(this.#slot(token.text));
      case "(": {
        const inner = this.#or();
        this.#need(")");
        return inner;
      }
      default:
        throw unexpected(token);
    }
  }

  #slot(name: string): number {
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }

  #list(): string[] {
    this.#need("(");
    const texts = [this.#string()];
    while (this.#take(",")) texts.push(this.#string());
    this.#need(")");
    return texts;
  }

  #string(): string {
    const token = this.#next();
    if (token.kind !== "string") throw unexpected(token);
    return unquote(token.text);
  }

  #peek(far = 0): Token {
    while (this.#ahead.length <= far) this.#ahead.push(this.#tokens.next());
    return this.#ahead[far]!;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#ahead.shift();
    return token;
  }

  #take(kind: TokenKind): boolean {
    if (this.#peek().kind !== kind) return false;
    this.#next();
    return true;
  }

  #need(kind: TokenKind): void {
    const token = this.#next();
    if (token.kind !== kind) throw unexpected(token);
  }

  #checked(position: number, build: () => Node): Node {
    try {
      return build();
    } catch (error) {
      if (error instanceof OperandError) throw new FilterSyntaxError(error.message, position);
      throw error;
    }
  }
}

function unexpected({ kind, text, position }: Token): FilterSyntaxError {
  return new FilterSyntaxError(kind === "end" ? "it ends too early" : `"${text}" does not belong here`, position);
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'");
}

function decimalOf({ text, position }: Token): ReturnType<typeof numberOf> {
  const value = parseInt64(text.replace(/l$/i, ""));
  if (value === undefined) throw new FilterSyntaxError(`${text} is no 64-bit number`, position);
  return numberOf(value);
}

function numberOf(value: bigint): { kind: "int"; value: number } | { kind: "long"; value: bigint } {
  return BigInt.asIntN(32, value) === value ? { kind: "int", value: Number(value) } : { kind: "long", value };
}

function floatOf({ text, position }: Token): { kind: "double"; value: number } {
  const value = parseDouble(text);
  // RocketMQ takes the smallest positive double for the smallest double, and so refuses 0.0.
  if (value === undefined || value > Number.MAX_VALUE || value < Number.MIN_VALUE) {
    throw new FilterSyntaxError(`${text} is out of range`, position);
  }
  return { kind: "double", value };
}

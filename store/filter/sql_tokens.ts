/**
 * Words of a filter expression.
 *
 * Owns: what a token is. Reads: the text. Never: knows grammar.
 *
 * Source: apache/rocketmq filter SelectorParser.jj, its tokens
 */

/** An expression that is none, with where it stops to be one. */
export class FilterSyntaxError extends Error {
  override readonly name = "FilterSyntaxError";
  /** Closed code of this error. */
  readonly code = "FILTER_SYNTAX";
  /** The same text fails again. */
  readonly retryable = false;
  /** Index of the character at fault, from 0. */
  readonly position: number;

  /** @param text what is wrong; @param position where */
  constructor(text: string, position: number) {
    super(`Cannot read filter expression: ${text} at character ${position + 1}`);
    this.position = position;
  }
}

/** Kinds of tokens; keywords and operators are their own kind. */
export type TokenKind = "id" | "string" | "decimal" | "float" | "end" | Keyword | Operator;

const KEYWORDS = [
  "NOT",
  "AND",
  "OR",
  "BETWEEN",
  "IN",
  "TRUE",
  "FALSE",
  "NULL",
  "IS",
  "CONTAINS",
  "STARTSWITH",
  "ENDSWITH",
] as const;
type Keyword = typeof KEYWORDS[number];

const OPERATORS = ["<>", ">=", "<=", "=", ">", "<", "(", ")", ",", "+", "-"] as const;
type Operator = typeof OPERATORS[number];

/** One token. */
export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the text. */
  readonly text: string;
  readonly position: number;
}

const BLANKS = /[ \t\n\r\f]+/y;
const LINE_COMMENT = /--[^\n\r]*(?:\r\n|\n|\r)/y;
const BLOCK_COMMENT = /\/\*[^*]*\*(?:\*|[^*/][^*]*\*)*\//y;
const FLOAT = /(?:\d+\.\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)/iy;
const DECIMAL = /(?:0|[1-9]\d*)l?/iy;
const STRING = /'(?:''|[^'])*'/y;
const ID = /[a-z_$][a-z0-9_$]*/iy;

/** Reads one token after the other. */
export class Tokens {
  readonly #text: string;
  #at = 0;

  /** @param text the expression */
  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Reads the next token.
   *
   * @throws {FilterSyntaxError} when no token begins here
   */
  next(): Token {
    while (this.#match(BLANKS) !== "" || this.#match(LINE_COMMENT) !== "" || this.#match(BLOCK_COMMENT) !== "");
    const position = this.#at;
    if (position === this.#text.length) return { kind: "end", text: "", position };
    const word = this.#match(ID);
    if (word !== "") {
      const keyword = KEYWORDS.find((known) => known === word.toUpperCase());
      return { kind: keyword ?? "id", text: word, position };
    }
    for (const [kind, pattern] of [["float", FLOAT], ["decimal", DECIMAL], ["string", STRING]] as const) {
      const text = this.#match(pattern);
      if (text !== "") return { kind, text, position };
    }
    const operator = OPERATORS.find((known) => this.#text.startsWith(known, position));
    if (operator === undefined) throw new FilterSyntaxError(`"${this.#text[position]}" begins no word`, position);
    this.#at += operator.length;
    return { kind: operator, text: operator, position };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

/**
 * Compiled expressions of one thread.
 *
 * Owns: the expressions that were used last, good ones and bad ones. Reads: nothing. Never: grows beyond its bound.
 */
import { SqlFilter } from "./sql_filter.ts";
import { FilterSyntaxError } from "./sql_tokens.ts";

/** Expressions that are kept. Source: apache/rocketmq filter SelectorParser.PARSE_CACHE keeps 100 */
const EXPRESSIONS_MAX = 1_000;

/** A cache of compiled expressions. */
export class FilterCache {
  readonly #compiled = new Map<string, SqlFilter | FilterSyntaxError>();

  /** Compiles an expression or takes it from the cache. @returns the error when it is none */
  compile(text: string): SqlFilter | FilterSyntaxError {
    const known = this.#compiled.get(text);
    if (known !== undefined) {
      // What was used last goes to the end, the oldest is at the front.
      this.#compiled.delete(text);
      this.#compiled.set(text, known);
      return known;
    }
    const made = compile(text);
    this.#compiled.set(text, made);
    if (this.#compiled.size > EXPRESSIONS_MAX) this.#compiled.delete(this.#compiled.keys().next().value!);
    return made;
  }

  /** Whether a text is an expression. */
  isValid(text: string): boolean {
    return this.compile(text) instanceof SqlFilter;
  }
}

function compile(text: string): SqlFilter | FilterSyntaxError {
  try {
    return new SqlFilter(text);
  } catch (error) {
    if (error instanceof FilterSyntaxError) return error;
    throw error;
  }
}

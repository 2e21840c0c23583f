/**
 * Language codes: which client library speaks. A JSON header carries the name, a ROCKETMQ header the number.
 *
 * Owns the numbers and the two directions of look-up.
 *
 * @module
 */

/** Every language by name. Source: apache/rocketmq remoting/protocol/LanguageCode.java LanguageCode. */
export const LanguageCode = {
  /** Java, also claimed by the Node client `ali-ons`. */
  JAVA: 0,
  /** C++, and Python on top of it. */
  CPP: 1,
  /** .NET. */
  DOTNET: 2,
  /** Python. */
  PYTHON: 3,
  /** Delphi. */
  DELPHI: 4,
  /** Erlang. */
  ERLANG: 5,
  /** Ruby. */
  RUBY: 6,
  /** None of the others; also what an unknown name is read as. */
  OTHER: 7,
  /** HTTP gateway. */
  HTTP: 8,
  /** Go. */
  GO: 9,
  /** PHP. */
  PHP: 10,
  /** OpenMessaging. */
  OMS: 11,
  /** Rust. */
  RUST: 12,
  /** Node.js (5.x only). */
  NODE_JS: 13,
} as const;

/** One of the numbers of {@linkcode LanguageCode}. */
export type LanguageCode = typeof LanguageCode[keyof typeof LanguageCode];

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(LanguageCode).map(([name, code]) => [code, name]));
const CODES: ReadonlyMap<string, LanguageCode> = new Map(Object.entries(LanguageCode));

/**
 * Names a language for a JSON header.
 *
 * @param code Language code
 * @returns The name; "OTHER" when the code is unknown, because Java reads an unknown name as null
 */
export function languageName(code: number): string {
  return NAMES.get(code) ?? "OTHER";
}

/**
 * Reads the language name of a JSON header.
 *
 * @param name Name as on the wire
 * @returns The code; OTHER when the name is unknown
 */
export function languageOfName(name: string): LanguageCode {
  return CODES.get(name) ?? LanguageCode.OTHER;
}

/**
 * Values of filter expressions, and how Java compares them.
 *
 * Owns: numbers with their Java class, conversions of texts, comparison across classes. Reads: nothing. Never: throws; what Java would throw is FAILED.
 *
 * Source: apache/rocketmq filter ComparisonExpression.__compare, java.lang.Integer, Long, Double valueOf
 */

/** A number with the class that it has in Java. Properties are texts, so numbers come from the expression only. */
export type SqlNumber =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "long"; readonly value: bigint }
  | { readonly kind: "double"; readonly value: number };

/** What Java throws at: the message does not match. */
export const FAILED: unique symbol = Symbol("failed");

/** A value; null is what is missing. */
export type SqlValue = string | boolean | SqlNumber | null;

const WHOLE = /^[+-]?\d+$/;
const DECIMAL_FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/;
const NAMED_FLOAT = /^([+-]?)(NaN|Infinity)$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)[fFdD]?$/;
// Java trims what is not above a blank.
// deno-lint-ignore no-control-regex
const BLANKS_AROUND = /^[\u0000-\u0020]+|[\u0000-\u0020]+$/g;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/** A text as a Java int. */
export function parseInt32(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  const value = Number(text);
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value + 0 : undefined;
}

/** A text as a Java long. */
export function parseInt64(text: string): bigint | undefined {
  if (!WHOLE.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return value >= LONG_MIN && value <= LONG_MAX ? value : undefined;
}

/** A text as a Java double. */
export function parseDouble(text: string): number | undefined {
  const trimmed = text.replace(BLANKS_AROUND, "");
  if (DECIMAL_FLOAT.test(trimmed)) return Number(trimmed.replace(/[fFdD]$/, ""));
  const named = NAMED_FLOAT.exec(trimmed);
  if (named !== null) return Number(named[2]) * (named[1] === "-" ? -1 : 1);
  const hex = HEX_FLOAT.exec(trimmed);
  if (hex === null || (hex[2] === "" && hex[3] === "")) return undefined;
  const [, sign, whole = "", fraction = "", exponent] = hex;
  const digits = Number.parseInt(`0${whole}${fraction}`, 16);
  return (sign === "-" ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** Java's order of doubles: −0 before 0, NaN behind everything. */
function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (Object.is(left, right)) return 0;
  if (Number.isNaN(left)) return 1;
  if (Number.isNaN(right)) return -1;
  return Object.is(left, -0) ? -1 : 1;
}

function order<T extends string | bigint | boolean | number>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareNumbers(left: SqlNumber, right: SqlNumber): number {
  if (left.kind === "double" || right.kind === "double") {
    return compareDoubles(Number(left.value), Number(right.value));
  }
  return left.kind === "long" || right.kind === "long"
    ? order(BigInt(left.value), BigInt(right.value))
    : order(left.value, right.value);
}

/** A text as a number of a class. */
function convert(text: string, kind: SqlNumber["kind"]): SqlNumber | undefined {
  if (kind === "int") {
    const value = parseInt32(text);
    return value === undefined ? undefined : { kind, value };
  }
  if (kind === "long") {
    const value = parseInt64(text);
    return value === undefined ? undefined : { kind, value };
  }
  const value = parseDouble(text);
  return value === undefined ? undefined : { kind, value };
}

/**
 * Compares two values that are not null.
 *
 * @returns negative, 0 or positive, or FAILED where Java throws
 */
export function compareValues(
  left: string | boolean | SqlNumber,
  right: string | boolean | SqlNumber,
): number | typeof FAILED {
  if (typeof left === "string") {
    if (typeof right === "string") return order(left, right);
    if (typeof right === "boolean") return order(left.toLowerCase() === "true", right);
    const converted = convert(left, right.kind);
    return converted === undefined ? FAILED : compareNumbers(converted, right);
  }
  if (typeof left === "boolean") {
    if (typeof right === "boolean") return order(left, right);
    // RocketMQ casts the wrong side here, which fails.
    return typeof right === "string" ? FAILED : -1;
  }
  if (typeof right === "boolean") return -1;
  if (typeof right !== "string") return compareNumbers(left, right);
  const converted = convert(right, left.kind);
  return converted === undefined ? FAILED : compareNumbers(left, converted);
}

/** Negates a number as Java does, the smallest one staying as it is. */
export function negate(number: SqlNumber): SqlNumber {
  if (number.kind === "long") return { kind: "long", value: BigInt.asIntN(64, -number.value) };
  if (number.kind === "double") return { kind: "double", value: -number.value };
  return { kind: "int", value: (-number.value) | 0 };
}

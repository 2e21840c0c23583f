/**
 * Parts of a filter expression as functions: each is built once and called for each message.
 *
 * Owns: what each operator means, three-valued logic, and which operands RocketMQ refuses. Reads: properties by slot. Never: throws while it evaluates.
 *
 * Source: apache/rocketmq filter ComparisonExpression, LogicExpression, UnaryExpression
 */
import { compareValues, FAILED, negate, parseDouble, type SqlNumber, type SqlValue } from "./sql_value.ts";

/** Values of the properties that an expression names, by the number that it gave them; null for what a message lacks. */
export type PropertySlots = (slot: number) => string | null;

/** What an evaluation gives. */
export type Result = SqlValue | typeof FAILED;

/** A part of an expression. */
export interface Node {
  readonly evaluate: (properties: PropertySlots) => Result;
  /** Whether it always gives true, false or null. */
  readonly isBoolean: boolean;
  /** The value when it is written in the expression. */
  readonly constant?: SqlValue;
  /** The number of its property when it is one. */
  readonly slot?: number;
}

/** An operand that RocketMQ refuses. */
export class OperandError extends Error {
  override readonly name = "OperandError";
  /** Closed code of this error. */
  readonly code = "FILTER_OPERAND";
}

/** A value that is written in the expression. */
export function constantNode(value: SqlValue): Node {
  return { evaluate: () => value, isBoolean: typeof value === "boolean" || value === null, constant: value };
}

/** A property. */
export function propertyNode(slot: number): Node {
  return { evaluate: (properties) => properties(slot), isBoolean: false, slot };
}

function booleanNode(evaluate: Node["evaluate"]): Node {
  return { evaluate, isBoolean: true };
}

const isConstant = (node: Node): boolean => node.constant !== undefined;

/** Takes a property for true or false; it is a text and so never true. */
export function asBoolean(node: Node): Node {
  if (node.isBoolean) return node;
  if (node.slot === undefined) throw new OperandError("the expression does not result in a boolean value");
  return booleanNode((properties) => {
    const value = node.evaluate(properties);
    return value === null || value === FAILED ? value : value === true;
  });
}

/** OR of three values. */
export function orNode(left: Node, right: Node): Node {
  return booleanNode((properties) => {
    const first = left.evaluate(properties);
    if (first === true || first === FAILED) return first;
    const second = right.evaluate(properties);
    if (second === true || second === FAILED) return second;
    return first === null || second === null ? null : false;
  });
}

/** AND of three values. */
export function andNode(left: Node, right: Node): Node {
  return booleanNode((properties) => {
    const first = left.evaluate(properties);
    if (first === false || first === FAILED) return first;
    const second = right.evaluate(properties);
    if (second === false || second === FAILED) return second;
    return first === null || second === null ? null : true;
  });
}

/** NOT of three values. */
export function notNode(node: Node): Node {
  return booleanNode((properties) => {
    const value = node.evaluate(properties);
    return typeof value === "boolean" ? !value : value;
  });
}

/** Minus; of what is no number it is null. */
export function negateNode(node: Node): Node {
  return {
    isBoolean: false,
    evaluate: (properties) => {
      const value = node.evaluate(properties);
      if (value === FAILED) return FAILED;
      return value !== null && typeof value === "object" ? negate(value) : null;
    },
  };
}

/** IS NULL. */
export function isNullNode(node: Node): Node {
  return booleanNode((properties) => {
    const value = node.evaluate(properties);
    return value === FAILED ? FAILED : value === null;
  });
}

/** = */
export function equalNode(left: Node, right: Node): Node {
  for (const node of [left, right]) if (node.constant === null) throw new OperandError("NULL cannot be compared");
  if (isConstant(left) && isConstant(right) && left.isBoolean && !right.isBoolean) {
    throw new OperandError("a boolean cannot be compared with another value");
  }
  return booleanNode((properties) => {
    const first = left.evaluate(properties);
    const second = right.evaluate(properties);
    if (first === FAILED || second === FAILED) return FAILED;
    if (first === null) return second === null ? true : null;
    if (second === null) return false;
    const order = compareValues(first, second);
    return order === FAILED ? FAILED : order === 0;
  });
}

/** Which orders a comparison takes for true. */
export type OrderTest = (order: number) => boolean;

/** >, >=, <, <=. Texts are compared as numbers, or not at all. */
export function orderNode(left: Node, right: Node, test: OrderTest): Node {
  checkOrdered(left);
  checkOrdered(right);
  return booleanNode((properties) => {
    const first = left.evaluate(properties);
    if (first === null || first === FAILED) return first;
    const second = right.evaluate(properties);
    if (second === null || second === FAILED) return second;
    const order = typeof first === "string" && typeof second === "string"
      ? compareTexts(first, second)
      : compareValues(first, second);
    return order === FAILED ? FAILED : test(order);
  });
}

function compareTexts(left: string, right: string): number | typeof FAILED {
  const first = parseDouble(left);
  const second = parseDouble(right);
  if (first === undefined || second === undefined) return FAILED;
  return compareValues({ kind: "double", value: first }, { kind: "double", value: second });
}

function checkOrdered(node: Node): void {
  const isNumber = isConstant(node) && node.constant !== null && typeof node.constant === "object";
  if (isNumber) return;
  if (isConstant(node) || node.isBoolean) throw new OperandError("only numbers and properties have an order");
}

/** BETWEEN and NOT BETWEEN. */
export function betweenNode(node: Node, low: Node, high: Node, not: boolean): Node {
  if (not) return orNode(orderNode(node, low, isLess), orderNode(node, high, isGreater));
  checkRange(low, high);
  return andNode(orderNode(node, low, (order) => order >= 0), orderNode(node, high, (order) => order <= 0));
}

const isLess: OrderTest = (order) => order < 0;
const isGreater: OrderTest = (order) => order > 0;

function checkRange(low: Node, high: Node): void {
  if (low.constant === undefined || high.constant === undefined) return;
  if (low.constant === null || high.constant === null) throw new OperandError("values of BETWEEN cannot be NULL");
  const order = compareValues(high.constant, low.constant);
  if (order === FAILED || order < 0) throw new OperandError("the first value of BETWEEN must not be above the second");
}

/** IN and NOT IN. */
export function inNode(node: Node, texts: readonly string[], not: boolean): Node {
  if (node.slot === undefined) throw new OperandError("IN needs a property before it");
  const members = new Set(texts);
  return booleanNode((properties) => {
    const value = node.evaluate(properties);
    return typeof value === "string" ? members.has(value) !== not : null;
  });
}

/** How a text may lie in another. */
export type TextTest = (value: string, search: string) => boolean;

/** CONTAINS, STARTSWITH, ENDSWITH, and each with NOT: false for what is no text, and for the empty search. */
export function textNode(node: Node, search: string, test: TextTest, not: boolean): Node {
  return booleanNode((properties) => {
    if (search === "") return false;
    const value = node.evaluate(properties);
    if (value === FAILED) return FAILED;
    return typeof value === "string" ? test(value, search) !== not : false;
  });
}

/** Whether a value is a number. */
export function isNumber(value: SqlValue): value is SqlNumber {
  return value !== null && typeof value === "object";
}

/**
 * Attributes of topics: what `+key=value,-key` in a request does to those that a topic has.
 *
 * Owns: the known attributes with their values, and the rules of changing them.
 * Reads: nothing.
 * Never: changes a map in place.
 */

/** Refusal of a change; the message is the remark that RocketMQ answers with code 1. */
export class AttributeError extends TypeError {
  override readonly name = "AttributeError";
  /** Closed code of this error. */
  readonly code = "ATTRIBUTE_INVALID";
  /** The same change fails the same way. */
  readonly retryable = false;
}

interface Attribute {
  readonly changeable: boolean;
  /** @returns undefined when the value is good, else what is wrong */
  readonly fault: (value: string) => string | undefined;
}

function oneOf(values: readonly string[]): Attribute["fault"] {
  return (value) => values.includes(value) ? undefined : `value is not in set: [${values.join(", ")}]`;
}

/** Source: apache/rocketmq common TopicAttributes */
const TOPIC_ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map([
  ["queue.type", { changeable: false, fault: oneOf(["BatchCQ", "SimpleCQ"]) }],
  ["cleanup.policy", { changeable: false, fault: oneOf(["COMPACTION", "DELETE"]) }],
  ["message.type", {
    changeable: true,
    fault: oneOf(["UNSPECIFIED", "NORMAL", "FIFO", "DELAY", "TRANSACTION", "MIXED"]),
  }],
  ["reserve.time", { changeable: true, fault: reserveTimeFault }],
]);

function reserveTimeFault(value: string): string | undefined {
  if (!/^[+-]?\d+$/.test(value)) return `For input string: "${value}"`;
  return BigInt(value) < -1n || BigInt(value) > 9223372036854775807n
    ? "value is not in range(-1, 9223372036854775807)"
    : undefined;
}

/** Attribute that says which messages a topic takes. */
export const MESSAGE_TYPE_ATTRIBUTE = "message.type";

/**
 * Reads the text form of a change.
 *
 * @param text `+key1=value1,-key2`; empty and undefined are no change
 * @returns signed key → value (empty for a deletion)
 * @throws {AttributeError} when a part has no sign, or a key comes twice
 * Source: apache/rocketmq common AttributeParser.parseToMap
 */
export function parseAttributeChange(text: string | undefined): Map<string, string> {
  const change = new Map<string, string>();
  if (text === undefined || text === "") return change;
  for (const part of text.split(",")) {
    const [key = "", value = ""] = part.split("=");
    if (part.includes("=")) {
      if (!key.includes("+")) throw new AttributeError(`add/alter attribute format is wrong: ${key}`);
    } else if (!key.includes("-")) {
      throw new AttributeError(`delete attribute format is wrong: ${key}`);
    }
    if (change.has(key)) throw new AttributeError(`key duplication: ${key}`);
    change.set(key, value);
  }
  return change;
}

/**
 * Applies a change to the attributes of a topic.
 *
 * @param isNew whether the topic is being created
 * @param current attributes now
 * @param change signed key → value
 * @returns the attributes afterwards
 * @throws {AttributeError} when RocketMQ refuses the change
 * Source: apache/rocketmq common AttributeUtil.alterCurrentAttributes
 */
export function alterTopicAttributes(
  isNew: boolean,
  current: ReadonlyMap<string, string>,
  change: ReadonlyMap<string, string>,
): Map<string, string> {
  return alterAttributes(TOPIC_ATTRIBUTES, isNew, current, change);
}

/** As {@linkcode alterTopicAttributes}, for consumer groups, which know no attribute. */
export function alterGroupAttributes(
  isNew: boolean,
  current: ReadonlyMap<string, string>,
  change: ReadonlyMap<string, string>,
): Map<string, string> {
  return alterAttributes(new Map(), isNew, current, change);
}

function alterAttributes(
  known: ReadonlyMap<string, Attribute>,
  isNew: boolean,
  current: ReadonlyMap<string, string>,
  change: ReadonlyMap<string, string>,
): Map<string, string> {
  const seen = new Set<string>();
  const puts = new Map<string, string>();
  const deletes = new Set<string>();
  for (const [signed, value] of change) {
    const key = signed.slice(1);
    if (key === "" || key.includes("+") || key.includes("-")) throw new AttributeError("kv string format wrong.");
    if (seen.has(key)) throw new AttributeError(`alter duplication key. key: ${key}`);
    seen.add(key);
    if (signed.startsWith("+")) puts.set(key, value);
    else if (isNew) throw new AttributeError(`only add attribute is supported while creating topic. key: ${key}`);
    else if (!signed.startsWith("-")) throw new AttributeError(`wrong format key: ${key}`);
    else if (!current.has(key)) throw new AttributeError(`attempt to delete a nonexistent key: ${key}`);
    else deletes.add(key);
  }
  for (const [key, value] of puts) checkChange(known, key, value, isNew);
  for (const key of deletes) checkChange(known, key, undefined, isNew);
  const after = new Map([...current, ...puts]);
  for (const key of deletes) after.delete(key);
  return after;
}

function checkChange(
  known: ReadonlyMap<string, Attribute>,
  key: string,
  value: string | undefined,
  isNew: boolean,
): void {
  const attribute = known.get(key);
  if (attribute === undefined) throw new AttributeError(`unsupported key: ${key}`);
  if (!isNew && !attribute.changeable) {
    throw new AttributeError(`attempt to update an unchangeable attribute. key: ${key}`);
  }
  const fault = value === undefined ? undefined : attribute.fault(value);
  if (fault !== undefined) throw new AttributeError(fault);
}

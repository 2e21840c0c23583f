/**
 * Comparing an answer with a recorded one by value.
 *
 * Owns: which parts of an answer hold no value (order of sets and maps) and which are volatile.
 * Reads: nothing.
 * Never: masks a name, a code or a count.
 */
import { FastMap, type FastValue, parseFastJson } from "../../protocol/fast_json.ts";
import type { RemotingCommand } from "../../protocol/command.ts";

/** Lists that are sets in RocketMQ. */
const SETS: ReadonlySet<string> = new Set([
  "topicList",
  "groupList",
  "connectionSet",
  "consumerIdList",
  "lockOKMQSet",
  "consumeStatsList",
]);

/** Values that depend on the moment of the recording: masked to their type. */
const VOLATILE: ReadonlySet<string> = new Set([
  "dataVersion",
  "mappingDataVersion",
  "lastUpdateTimestamp",
  "consumeTps",
  "topicPutTps",
  "statsDay",
  "statsHour",
  "statsMinute",
  "masterCommitLogMaxOffset",
  "subVersion",
]);

/** An answer without what does not count. */
export interface Comparable {
  readonly code: number;
  readonly remark: string | undefined;
  readonly ext: Record<string, string>;
  readonly body: unknown;
}

/** Makes an answer comparable. */
export function comparable(answer: RemotingCommand): Comparable {
  return {
    code: answer.code,
    remark: answer.remark,
    ext: Object.fromEntries(Object.entries(answer.ext).sort(([left], [right]) => left < right ? -1 : 1)),
    body: answer.body.length === 0 ? "" : plain(bodyOf(answer.body), ""),
  };
}

function bodyOf(bytes: Uint8Array): FastValue {
  const text = new TextDecoder().decode(bytes);
  return text.startsWith("{") ? parseFastJson(text) : text;
}

function plain(value: unknown, key: string): unknown {
  if (VOLATILE.has(key)) return shapeOf(value);
  if (value instanceof FastMap) {
    return sorted(value.entries.map(([left, right]) => [plain(left, ""), plain(right, "")]));
  }
  if (value instanceof Map) return sorted([...value].map(([left, right]) => [left, plain(right, "")]));
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, ""));
    return SETS.has(key) || value.some(isClient) ? sorted(items) : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return sorted(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
}

/** Clients of a group come in the order of a hash table. */
function isClient(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "clientId");
}

function shapeOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.keys(value).sort().join(",");
}

function sorted(items: readonly unknown[]): unknown[] {
  return items.map((item) => [JSON.stringify(item), item] as const)
    .sort(([left], [right]) => left < right ? -1 : left > right ? 1 : 0).map(([, item]) => item);
}

/**
 * The order in which a Java HashMap gives its keys.
 *
 * Owns: the rule, so that tables which RocketMQ derives on every write (groupTopicMap) come out in the same order here.
 * Reads: nothing.
 * Never: matters to a reader; only byte-for-byte equality of files depends on it.
 */
import { javaStringHash } from "../protocol/java_hash.ts";

/** Share of the buckets that may be used before a table doubles. Source: java.util.HashMap DEFAULT_LOAD_FACTOR */
const LOAD_FACTOR = 0.75;

/**
 * Orders keys as a HashMap or HashSet of Strings iterates.
 *
 * @param keys keys in the order in which they were put
 * @param initialCapacity capacity that the table was made with, a power of two
 * @returns the keys by bucket; within one bucket as they were put
 */
export function javaHashOrder(keys: readonly string[], initialCapacity: number): string[] {
  let capacity = initialCapacity;
  while (keys.length > capacity * LOAD_FACTOR) capacity *= 2;
  return keys
    .map((key) => ({ key, bucket: bucketOf(key, capacity) }))
    .sort((left, right) => left.bucket - right.bucket)
    .map(({ key }) => key);
}

function bucketOf(key: string, capacity: number): number {
  const hash = javaStringHash(key);
  return ((hash ^ (hash >>> 16)) & (capacity - 1)) >>> 0;
}

/** The stores that a real Apache broker wrote, copied onto a test's disk, and what their manifests say. */
import { assert, assertEquals } from "@std/assert";
import { decodeIndexHeader, entryAt, type IndexShape } from "../../store/index_file.ts";
import type { Disk } from "../../store/file/disk.ts";

const GOLDEN = new URL("../golden/stores/", import.meta.url);

/** Names of the recorded stores. */
export type GoldenName = "store-clean" | "store-killed" | "store-timer";

/** Configuration of the broker that wrote a store. */
export const GOLDEN_CONFIG = {
  "store-clean": { logFileBytes: 262144, queueFileBytes: 6000, shape: { slots: 300, entries: 700 }, logEnd: 784034 },
  "store-killed": { logFileBytes: 262144, queueFileBytes: 6000, shape: { slots: 1000, entries: 4000 }, logEnd: 864803 },
  "store-timer": { logFileBytes: 262144, queueFileBytes: 6000, shape: { slots: 300, entries: 700 }, logEnd: 3475 },
} as const;

/** One line of manifest.jsonl. */
export interface ManifestMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly pulledFromQueueId: number;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeSize: number;
  readonly sysFlag: number;
  readonly flag: number;
  readonly bodyCRC: number;
  readonly bodyLength: number;
  readonly bodySha256: string;
  readonly offsetMsgId: string;
  readonly uniqKey?: string;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly bornTimestamp: number;
  readonly bornHost: string;
  readonly storeHost: string;
  readonly storeTimestamp: number;
  readonly tags?: string;
  readonly keys?: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** One line of manifest-queues.jsonl. */
export interface ManifestQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly earliestMsgStoreTime: number;
  readonly searchTimestamp: number;
  readonly searchOffset: number;
}

/** One line of manifest-keys.jsonl. */
export interface ManifestKey {
  readonly topic: string;
  readonly key: string;
  readonly begin: number;
  readonly maxNum: number;
  readonly commitLogOffsetsAsAnswered?: readonly number[];
  readonly indexLastUpdateTimestamp?: number;
  readonly error?: string;
}

/** Copies a store onto a disk, without its manifests. */
export function copyGolden(name: GoldenName, disk: Disk, root: string): void {
  const copy = (from: URL, to: string): void => {
    disk.makeDirectory(to);
    for (const entry of Deno.readDirSync(from)) {
      if (entry.name.startsWith("manifest")) continue;
      if (entry.isDirectory) copy(new URL(`${encodeURIComponent(entry.name)}/`, from), `${to}/${entry.name}`);
      else disk.writeFile(`${to}/${entry.name}`, Deno.readFileSync(new URL(encodeURIComponent(entry.name), from)));
    }
  };
  copy(new URL(`${name}/`, GOLDEN), root);
}

function lines<T>(name: GoldenName, file: string): T[] {
  const text = Deno.readTextFileSync(new URL(`${name}/${file}`, GOLDEN));
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Every message of a store. */
export const manifestMessages = (name: GoldenName): ManifestMessage[] => lines(name, "manifest.jsonl");

/** Every queue of a store. */
export const manifestQueues = (name: GoldenName): ManifestQueue[] => lines(name, "manifest-queues.jsonl");

/** The queries by key that were recorded. */
export const manifestKeys = (name: GoldenName): ManifestKey[] => lines(name, "manifest-keys.jsonl");

/** Paths of all files below a directory, relative to it, sorted. */
export function filesBelow(disk: Disk, root: string): string[] {
  const found: string[] = [];
  const walk = (path: string, prefix: string): void => {
    for (const name of disk.list(path)) {
      if (disk.stat(`${path}/${name}`)?.isDirectory === true) walk(`${path}/${name}`, `${prefix}${name}/`);
      else found.push(`${prefix}${name}`);
    }
  };
  if (disk.exists(root)) walk(root, "");
  return found;
}

/** Compares index files as far as they mean anything: header, slots, entries up to the count. */
export function assertSameIndex(actual: Uint8Array, expected: Uint8Array, shape: IndexShape, what: string): void {
  const end = entryAt(shape, decodeIndexHeader(expected).count);
  assertEquals(actual.length, expected.length, what);
  assertSameBytes(actual.subarray(0, end), expected.subarray(0, end), what);
}

/** Compares bytes without building a text of the difference. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assertEquals(actual.length, expected.length, what);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert(at < 0, `${what} differs at byte ${at}: ${actual[at]} instead of ${expected[at]}`);
}

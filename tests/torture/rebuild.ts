/**
 * Consume queues and indexes against those that the same broker rebuilds from the log alone.
 *
 * Owns: the rebuild (stop, copy, delete what is derived, start on the copy) and the comparison. Queue files are compared
 * byte by byte; index files by their entries, since their names are times and entries may be filed twice after a crash.
 * Reads: the store folder. Never: changes the original.
 *
 * @module
 */
import { until } from "../helpers/until.ts";
import { RawClient } from "../conformance/raw_client.ts";
import type { Target } from "../conformance/target.ts";

const QUEUE_UNIT_BYTES = 20;
const INDEX_HEADER_BYTES = 40;
const INDEX_SLOT_BYTES = 4;
const INDEX_ENTRY_BYTES = 20;
const INDEX_SLOTS = 20_000;
const FINDINGS_MAX = 20;

/**
 * Compares; the target must have been started with `maxHashSlotNum=20000`. Its broker runs on the rebuilt store afterwards.
 *
 * @param target The servers.
 * @returns One line for each difference, at most 20.
 */
export async function compareWithRebuild(target: Target): Promise<string[]> {
  await target.stopBroker();
  const original = `${target.dir}/store-original`;
  await copyFolder(target.storeDir, original);
  for (const derived of ["consumequeue", "index", "checkpoint"]) {
    await Deno.remove(`${target.storeDir}/${derived}`, { recursive: true });
  }
  // The abort mark makes the broker believe in a crash, so that it dispatches the log from its beginning.
  await Deno.writeFile(`${target.storeDir}/abort`, new Uint8Array(0));
  await target.startBroker();
  await until(() => isDispatched(target), { timeoutMs: 60_000, what: "the rebuild of the queues" });
  await target.stopBroker();
  return [
    ...await queueDifferences(`${original}/consumequeue`, `${target.storeDir}/consumequeue`),
    ...await indexDifferences(`${original}/index`, `${target.storeDir}/index`),
  ].slice(0, FINDINGS_MAX);
}

/** Whether the broker says that nothing of the log waits for dispatch. */
async function isDispatched(target: Target): Promise<boolean> {
  using broker = await RawClient.connect(target.broker);
  const answer = await broker.call(28);
  const { table } = JSON.parse(new TextDecoder().decode(answer.body)) as { table: Record<string, string> };
  return table.dispatchBehindBytes === "0";
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

async function queueDifferences(original: string, rebuilt: string): Promise<string[]> {
  const differences: string[] = [];
  const [before, after] = [await queueUnits(original), await queueUnits(rebuilt)];
  for (const queue of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(queue) ?? new Uint8Array(0), after.get(queue) ?? new Uint8Array(0)];
    if (a.length !== b.length) {
      differences.push(`${queue}: ${a.length / QUEUE_UNIT_BYTES} units, rebuilt ${b.length / QUEUE_UNIT_BYTES}`);
    }
    const at = a.findIndex((byte, index) => byte !== b[index]);
    if (at >= 0 && at < b.length) differences.push(`${queue}: unit ${Math.floor(at / QUEUE_UNIT_BYTES)} differs`);
  }
  return differences;
}

/** Units of every queue, "topic/queueId" to bytes, up to the last unit that is not empty. */
async function queueUnits(folder: string): Promise<Map<string, Uint8Array>> {
  const queues = new Map<string, Uint8Array>();
  for await (const topic of Deno.readDir(folder)) {
    if (!topic.isDirectory) continue;
    for await (const queue of Deno.readDir(`${folder}/${topic.name}`)) {
      const parts: Uint8Array[] = [];
      for (const name of await fileNames(`${folder}/${topic.name}/${queue.name}`)) {
        parts.push(await Deno.readFile(`${folder}/${topic.name}/${queue.name}/${name}`));
      }
      const units = withoutEmptyEnd(join(parts));
      if (units.length > 0) queues.set(`${topic.name}/${queue.name}`, units);
    }
  }
  return queues;
}

function withoutEmptyEnd(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length;
  // A unit whose size (at 8) is 0 was never written.
  while (end >= QUEUE_UNIT_BYTES && view.getInt32(end - QUEUE_UNIT_BYTES + 8) === 0) end -= QUEUE_UNIT_BYTES;
  return bytes.subarray(0, end);
}

async function indexDifferences(original: string, rebuilt: string): Promise<string[]> {
  const [before, after] = [await indexEntries(original), await indexEntries(rebuilt)];
  const differences: string[] = [];
  for (const entry of before) {
    if (!after.has(entry)) differences.push(`index entry ${entry} (hash@position) is not in the rebuilt index`);
  }
  for (const entry of after) {
    if (!before.has(entry)) differences.push(`index entry ${entry} (hash@position) is only in the rebuilt index`);
  }
  return differences;
}

async function indexEntries(folder: string): Promise<Set<string>> {
  const entries = new Set<string>();
  for (const name of await fileNames(folder)) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // The count in the header (at 36) starts at 1; entry 0 is never used.
    const count = view.getInt32(36);
    for (let index = 1; index < count; index++) {
      const at = INDEX_HEADER_BYTES + INDEX_SLOTS * INDEX_SLOT_BYTES + index * INDEX_ENTRY_BYTES;
      entries.add(`${view.getInt32(at)}@${view.getBigInt64(at + 4)}`);
    }
  }
  return entries;
}

async function fileNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) if (entry.isFile) names.push(entry.name);
  return names.sort();
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

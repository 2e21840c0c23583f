/**
 * Opens what a dispatcher writes to: topics and queues, when their first record comes.
 *
 * Owns: the numbers of the queues, dense from 0.
 * Reads: the end of a queue from its files, which recovery has put right before.
 * Never: makes a directory for a name that could lead out of the store.
 */
import { queueDirectory, UNIT_BYTES } from "./consume_queue.ts";
import { findQueueEnd, type QueueEnd } from "./consume_queue_bounds.ts";
import { ConsumeQueueReader } from "./consume_queue_reader.ts";
import { DispatchQueue } from "./dispatch_queue.ts";
import { hashOn } from "./dispatch_text.ts";
import { DispatchTopic } from "./dispatch_topics.ts";
import { directoryOf } from "./file/disk.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { SegmentSet } from "./file/segment_set.ts";
import type { QueueTable } from "./queue_table.ts";

/** Topic whose tags codes are times of delivery. Source: apache/rocketmq common TopicValidator RMQ_SYS_SCHEDULE_TOPIC */
export const SCHEDULE_TOPIC = "SCHEDULE_TOPIC_XXXX";

/** What stands between topic and key, and between topic and tags. Source: Apache RocketMQ 5.4.0, recorded index files */
const KEY_INFIX = new TextEncoder().encode("#");
const TAGS_INFIX = new TextEncoder().encode("#T#");

/** Options of {@link DispatchFiles}. */
export interface DispatchFilesOptions {
  /** Directory of all queues. */
  readonly root: string;
  /** Size of a queue's file in bytes, a multiple of the unit. */
  readonly fileBytes: number;
  /** Open files of this thread, to write. */
  readonly handles: HandleCache;
  /** Records of a topic below this position are not dispatched, because the topic was deleted behind them. */
  readonly deletedBelow?: (topic: string) => number;
  /** Where a queue ends, when that was found before; its files are not searched then. */
  readonly endOf?: (topic: string, queueId: number) => KnownEnd | undefined;
}

/** Where a queue ends. */
export type KnownEnd = Pick<QueueEnd, "max" | "maxPhysical">;

/** Opens topics and queues for a dispatcher. */
export class DispatchFiles {
  readonly #options: DispatchFilesOptions;
  #queueCount = 0;

  /** @param options directory, file size and open files */
  constructor(options: DispatchFilesOptions) {
    this.#options = options;
  }

  /** A topic by the bytes of its name, or undefined when that is not a name. */
  openTopic(bytes: Uint8Array, start: number, end: number): DispatchTopic | undefined {
    const nameBytes = bytes.slice(start, end);
    const name = new TextDecoder().decode(nameBytes);
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) return undefined;
    const nameHash = hashOn(0, nameBytes, 0, nameBytes.length);
    return new DispatchTopic({
      name,
      nameBytes,
      keySeed: hashOn(nameHash, KEY_INFIX, 0, KEY_INFIX.length),
      tagsSeed: hashOn(nameHash, TAGS_INFIX, 0, TAGS_INFIX.length),
      isSchedule: name === SCHEDULE_TOPIC,
      deletedBelow: this.#options.deletedBelow?.(name) ?? 0,
    });
  }

  /**
   * A queue at its end.
   *
   * @throws {StoreError} when its files are not what they must be
   * @throws {DiskError} when the disk refuses
   */
  openQueue(topic: string, queueId: number): DispatchQueue {
    const { root, fileBytes, handles, endOf } = this.#options;
    const end = endOf?.(topic, queueId) ??
      findQueueEnd(new ConsumeQueueReader({ root, topic, queueId, fileBytes, handles }));
    const directory = queueDirectory(root, topic, queueId);
    const files = SegmentSet.open({ directory, fileBytes, handles, syncNames: false });
    const index = this.#queueCount;
    this.#queueCount += 1;
    return new DispatchQueue(files, { index, nextOffset: end.max, maxPhysical: end.maxPhysical });
  }

  /**
   * Writes the tail of a slot, whose dispatcher ended before it did.
   *
   * @throws {StoreError} when the queue's files are not what they must be
   * @throws {DiskError} when the disk refuses
   */
  settleTail(topic: string, queueId: number, table: QueueTable, slot: number): void {
    const written = table.writtenOffset(slot);
    const units = table.maxOffset(slot) - written;
    if (units <= 0) return;
    const { root, fileBytes, handles } = this.#options;
    const bytes = new Uint8Array(units * UNIT_BYTES);
    table.copyTail(slot, written, units, bytes, 0);
    const directory = queueDirectory(root, topic, queueId);
    const files = SegmentSet.open({ directory, fileBytes, handles, syncNames: false });
    files.write(bytes, 0, bytes.length, written * UNIT_BYTES);
    table.setWrittenOffset(slot, written + units);
  }

  /** Adds the files that a queue wrote to since the last time, and the directories that got a file. */
  addDirtyPaths(queue: DispatchQueue, paths: string[], directories: Set<string>): void {
    const end = queue.nextOffset * UNIT_BYTES;
    for (let start = queue.files.startOf(queue.dirtyFrom); start < end; start += queue.files.fileBytes) {
      const segment = queue.files.fileAt(start);
      if (segment !== undefined) paths.push(segment.path);
    }
    if (queue.files.count !== queue.syncedFiles) {
      const { directory } = queue.files;
      directories.add(directory);
      directories.add(directoryOf(directory));
      directories.add(this.#options.root);
      queue.syncedFiles = queue.files.count;
    }
    queue.isDirty = false;
    queue.isListed = false;
  }

  /** Closes the files of a topic that was deleted: a handle that is left would be taken for that of a new file of the same name. */
  closeTopic(topic: string): void {
    this.#options.handles.forgetBelow(`${this.#options.root}/${topic}`);
  }
}

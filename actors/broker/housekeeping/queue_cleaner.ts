/**
 * Removes queue files whose records are gone from the log, queue by queue.
 *
 * Owns: the smallest offsets in the queue table; what groups miss, until it is asked for.
 * Reads: queue directories, also of topics that the broker does not have, and single units.
 * Never: removes the last file of a queue: Apache's request 306 does, and the queue's offsets then begin at 0 again behind its consumers.
 */
import { findQueueEnd } from "../../../store/consume_queue_bounds.ts";
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import { removeQueueFiles } from "../../../store/retention_files.ts";
import type { TopicView } from "../../../store/topic_view.ts";
import { type UnreadGroups, UnreadTotals } from "../../../store/unread_groups.ts";
import type { StoreHandles } from "../broker_init.ts";

/** Removes files of queues. */
export class QueueCleaner {
  readonly #store: StoreHandles;
  readonly #view: TopicView;
  #unread = new UnreadTotals();

  /** @param store files, opened to write; @param view topics, with the queue table */
  constructor(store: StoreHandles, view: TopicView) {
    this.#store = store;
    this.#view = view;
  }

  /** What groups miss since the last call, as a text; undefined when nobody misses anything. */
  takeUnread(): string | undefined {
    const { text } = this.#unread;
    this.#unread = new UnreadTotals();
    return text;
  }

  /** Topics that have a directory. */
  topicsOnDisk(): string[] {
    const { shape: { consumeQueue }, handles: { disk } } = this.#store;
    if (!disk.exists(consumeQueue)) return [];
    return disk.list(consumeQueue).filter((topic) => disk.stat(`${consumeQueue}/${topic}`)?.isDirectory === true);
  }

  /**
   * Goes through all queues, one for each step of the iteration.
   *
   * @param logMin first position of the log
   * @param groups committed offsets
   * @returns how many files of the queue were removed
   * @throws {DiskError} when the disk refuses
   */
  *clean(logMin: number, groups: UnreadGroups): Generator<number> {
    const { shape: { consumeQueue }, handles: { disk } } = this.#store;
    for (const topic of this.topicsOnDisk()) {
      for (const name of disk.exists(`${consumeQueue}/${topic}`) ? disk.list(`${consumeQueue}/${topic}`) : []) {
        if (/^\d{1,10}$/.test(name)) yield this.#queue(topic, Number(name), logMin, groups);
      }
    }
  }

  #queue(topic: string, queueId: number, logMin: number, groups: UnreadGroups): number {
    const { shape, handles } = this.#store;
    const slot = this.#view.get(topic)?.slots[queueId];
    const tail = this.#view.tailOf(topic, queueId);
    const queue = { root: shape.consumeQueue, fileBytes: shape.consumeQueueFileBytes, handles, topic, queueId, tail };
    const minOffset = slot === undefined ? 0 : this.#view.queues.minOffset(slot);
    const maxOffset = slot === undefined
      ? findQueueEnd(new ConsumeQueueReader(queue)).max
      : this.#view.queues.maxOffset(slot);
    const removed = removeQueueFiles({ ...queue, minOffset, maxOffset }, logMin);
    handles.forgetBelow(`${shape.consumeQueue}/${topic}/${queueId}`);
    if (slot !== undefined && removed.minOffset > minOffset && this.#view.get(topic)?.slots[queueId] === slot) {
      this.#view.queues.setMinOffset(slot, removed.minOffset);
      this.#unread.add(topic, groups.behind(topic, queueId, removed.minOffset));
    }
    return removed.files;
  }
}

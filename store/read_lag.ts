/**
 * How far behind the end of the commit log groups read.
 *
 * Owns: for each group and queue what its last pull that found something said.
 * Reads: nothing; the end of a queue is handed in.
 * Never: judges a group that has read its queue to the end, however old the last message was.
 *
 * Source: apache/rocketmq store BrokerStatsManager.recordDiskFallBehindSize, broker BrokerController.protectBroker
 */

/** Queues of groups at most; what would pass it is not watched. */
export const READ_LAGS_MAX = 1_000_000;

/** What the last pull of a group at a queue found. */
export interface ReadPosition {
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
  /** Offset behind the last message. */
  readonly nextOffset: number;
  /** Bytes of the commit log from that message to the end. */
  readonly behindBytes: number;
}

/** Read positions of one broker's groups. */
export class ReadLag {
  readonly #positions = new Map<string, ReadPosition>();
  readonly #limit: number;

  /** @param limit queues of groups at most */
  constructor(limit: number = READ_LAGS_MAX) {
    this.#limit = limit;
  }

  /** A pull found something. */
  record(position: ReadPosition): void {
    const key = `${position.queueId}@${position.topic}@${position.group}`;
    if (this.#positions.size >= this.#limit && !this.#positions.has(key)) return;
    this.#positions.set(key, position);
  }

  /**
   * Groups that read further behind than they may.
   *
   * @param behindBytesMax bytes that are still in order
   * @param endOf end of a queue
   * @returns each group once, with its largest lag in bytes
   */
  slowGroups(
    behindBytesMax: number,
    endOf: (topic: string, queueId: number) => number,
  ): ReadonlyMap<string, number> {
    const slow = new Map<string, number>();
    for (const { group, topic, queueId, nextOffset, behindBytes } of this.#positions.values()) {
      if (behindBytes <= behindBytesMax || nextOffset >= endOf(topic, queueId)) continue;
      slow.set(group, Math.max(behindBytes, slow.get(group) ?? 0));
    }
    return slow;
  }

  /** Forgets everything. */
  clear(): void {
    this.#positions.clear();
  }

  /** Forgets a group, which is judged anew by what it reads from now on. */
  forget(group: string): void {
    for (const [key, position] of this.#positions) if (position.group === group) this.#positions.delete(key);
  }
}

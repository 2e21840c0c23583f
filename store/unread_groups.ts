/**
 * Which consumer groups have not read what retention removes.
 *
 * Owns: the committed offsets as they were when it was made.
 * Reads: nothing.
 * Never: keeps anything from being removed: RocketMQ has no such setting. It only names who loses what.
 */
import type { ConsumerOffsetTable } from "../protocol/bodies/consumer_offsets.ts";
import { splitOffsetKey } from "./consumer_offsets.ts";

/** Groups named in one line at most. */
const GROUPS_TOLD_MAX = 20;

/** Committed offsets by topic. */
export class UnreadGroups {
  readonly #topics = new Map<string, { readonly group: string; readonly offsets: ReadonlyMap<number, number> }[]>();

  /** @param table what `config/consumerOffset.json` says */
  constructor(table: Pick<ConsumerOffsetTable, "offsetTable">) {
    for (const [key, offsets] of table.offsetTable) {
      const split = splitOffsetKey(key);
      if (split === undefined) continue;
      const known = this.#topics.get(split.topic);
      if (known === undefined) this.#topics.set(split.topic, [{ group: split.group, offsets }]);
      else known.push({ group: split.group, offsets });
    }
  }

  /**
   * The groups that would still have read something of a queue before an offset.
   *
   * @param minOffset smallest offset that is left
   * @returns groups with the number of messages that they miss, most first
   */
  behind(topic: string, queueId: number, minOffset: number): { readonly group: string; readonly unread: number }[] {
    const found: { group: string; unread: number }[] = [];
    for (const { group, offsets } of this.#topics.get(topic) ?? []) {
      const offset = offsets.get(queueId);
      if (offset !== undefined && offset < minOffset) found.push({ group, unread: minOffset - offset });
    }
    return found.sort((a, b) => b.unread - a.unread);
  }
}

/** What groups miss, added up over queues, as a line for the log. */
export class UnreadTotals {
  readonly #groups = new Map<string, number>();

  /** Adds what groups miss of a queue. */
  add(topic: string, behind: readonly { readonly group: string; readonly unread: number }[]): void {
    for (const { group, unread } of behind) {
      const key = `${group} (${topic})`;
      this.#groups.set(key, (this.#groups.get(key) ?? 0) + unread);
    }
  }

  /** The line, undefined when nobody misses anything. */
  get text(): string | undefined {
    if (this.#groups.size === 0) return undefined;
    const all = [...this.#groups].sort((a, b) => b[1] - a[1]);
    const told = all.slice(0, GROUPS_TOLD_MAX).map(([name, unread]) => `${name}: ${unread}`).join(", ");
    const more = all.length > GROUPS_TOLD_MAX ? ` and ${all.length - GROUPS_TOLD_MAX} more` : "";
    return `messages are removed that groups have not read: ${told}${more}`;
  }
}

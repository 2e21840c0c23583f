/**
 * Expressions of consumer groups by topic: which one is in force, since when, and whether its group is gone.
 *
 * Owns: the filters, the rule which of two versions of a client wins, when a dead one is forgotten.
 * Reads: the wall clock that the caller hands in.
 * Never: evaluates. Whoever pulls compiles the expression for itself.
 *
 * A group that leaves marks its filters dead and keeps them for a while, so that a member that comes back within that time goes on with the one it had. A filter
 * that was read from the file is dead until a heartbeat says otherwise.
 *
 * Source: apache/rocketmq broker ConsumerFilterManager
 */
import type { ConsumerFilterData, TopicFilters } from "../../protocol/bodies/consumer_filters.ts";
import { ExpressionType } from "../../protocol/subscription.ts";
import { bloomDataOf, type BloomShape, isBloomDataOf } from "./bloom_filter.ts";
import { FilterCache } from "./filter_cache.ts";

/** Filters of one broker at most; what would pass it is not registered, and its pulls are refused. */
export const FILTERS_MAX = 200_000;

/** A filter that was read counts as left so long ago. Milliseconds. Source: apache/rocketmq broker ConsumerFilterManager.decode */
const LEFT_BEFORE_LOAD_MS = 30_000;

/** A subscription as far as filters are concerned. */
export interface FilterSubscription {
  readonly topic: string;
  readonly subString: string;
  readonly expressionType: string;
  /** Version that the client gave it, milliseconds. */
  readonly subVersion: number;
}

/** A filter in force. */
export interface FilterInForce {
  readonly expression: string;
  readonly clientVersion: number;
}

type Filter = { -readonly [K in keyof Omit<ConsumerFilterData, "dead">]: ConsumerFilterData[K] };

/** The filters of one broker. */
export class ConsumerFilters {
  readonly #topics = new Map<string, Map<string, Filter>>();
  readonly #topicsOfGroup = new Map<string, Set<string>>();
  readonly #compiled = new FilterCache();
  readonly #shape: BloomShape;
  readonly #limit: number;
  #size = 0;
  #dirty = false;

  /**
   * @param shape of the bloom filter whose bits each filter gets
   * @param limit filters at most
   */
  constructor(shape: BloomShape, limit: number = FILTERS_MAX) {
    this.#shape = shape;
    this.#limit = limit;
  }

  /** Whether something changed since {@link markSaved}. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** What is here is in the file. */
  markSaved(): void {
    this.#dirty = false;
  }

  /** The filter of a group on a topic, dead or not. */
  get(topic: string, group: string): FilterInForce | undefined {
    return this.#topics.get(topic)?.get(group);
  }

  /**
   * Takes what a heartbeat subscribes to. Filters of the group on other topics die.
   *
   * @param subscriptions every subscription of the group, also those by tags
   */
  register(group: string, subscriptions: readonly FilterSubscription[], nowMs: number): void {
    for (const subscription of subscriptions) this.#register(group, subscription, nowMs);
    if (!this.#topicsOfGroup.has(group)) return;
    const wanted = new Set(subscriptions.map(({ topic }) => topic));
    this.#kill(group, nowMs, (topic) => !wanted.has(topic));
  }

  /** The last member of a group is gone. */
  unregister(group: string, nowMs: number): void {
    this.#kill(group, nowMs, () => true);
  }

  /** Forgets filters that have been dead for `keepMs` or longer. */
  clean(nowMs: number, keepMs: number): void {
    for (const filters of this.#topics.values()) {
      for (const filter of filters.values()) {
        if (isDead(filter) && nowMs - filter.deadTime >= keepMs) this.#remove(filter);
      }
    }
  }

  /**
   * Takes over the filters of a file. When the bits of one of them are of another shape, none is.
   *
   * @returns whether they were taken
   */
  load(topics: Iterable<TopicFilters>, nowMs: number): boolean {
    const filters = [...topics].flatMap(({ groupFilterData }) => [...groupFilterData.values()]);
    if (filters.some(({ bloomFilterData }) => !isBloomDataOf(this.#shape, bloomFilterData))) return false;
    for (const { dead: _, ...filter } of filters) {
      if (!this.#compiled.isValid(filter.expression)) continue;
      const deadTime = filter.deadTime === 0 ? Math.max(filter.bornTime, nowMs - LEFT_BEFORE_LOAD_MS) : filter.deadTime;
      this.#put({ ...filter, deadTime });
    }
    this.#dirty = false;
    return true;
  }

  /** All filters by topic, as the file holds them. */
  entries(): ReadonlyMap<string, TopicFilters> {
    const all = new Map<string, TopicFilters>();
    for (const [topic, filters] of this.#topics) {
      const groupFilterData = new Map(
        [...filters].map(([group, filter]): [string, ConsumerFilterData] => [
          group,
          { ...filter, dead: isDead(filter) },
        ]),
      );
      all.set(topic, { topic, groupFilterData });
    }
    return all;
  }

  #register(group: string, subscription: FilterSubscription, nowMs: number): void {
    const { topic, subString, expressionType, subVersion } = subscription;
    if (expressionType === "" || expressionType === ExpressionType.TAG || subString === "") return;
    const old = this.#topics.get(topic)?.get(group);
    if (old === undefined) {
      if (this.#isUsable(subscription) && this.#size < this.#limit) this.#put(this.#make(group, subscription, nowMs));
      return;
    }
    if (subVersion < old.clientVersion) return;
    if (subVersion === old.clientVersion || !this.#differs(old, group, subscription)) {
      if (old.clientVersion === subVersion && !isDead(old)) return;
      old.clientVersion = subVersion;
      if (isDead(old)) old.deadTime = 0;
      this.#dirty = true;
      return;
    }
    if (this.#isUsable(subscription)) this.#put(this.#make(group, subscription, nowMs));
    else this.#remove(old);
  }

  #differs(old: Filter, group: string, { topic, subString, expressionType }: FilterSubscription): boolean {
    if (old.expression !== subString || old.expressionType !== expressionType) return true;
    const bits = bloomDataOf(this.#shape, `${group}#${topic}`).bitPos;
    return old.bloomFilterData?.bitPos.join() !== bits.join();
  }

  #isUsable({ expressionType, subString }: FilterSubscription): boolean {
    return expressionType === ExpressionType.SQL92 && this.#compiled.isValid(subString);
  }

  #make(group: string, { topic, subString, expressionType, subVersion }: FilterSubscription, nowMs: number): Filter {
    return {
      bloomFilterData: bloomDataOf(this.#shape, `${group}#${topic}`),
      bornTime: nowMs,
      clientVersion: subVersion,
      consumerGroup: group,
      deadTime: 0,
      expression: subString,
      expressionType,
      topic,
    };
  }

  #kill(group: string, nowMs: number, isMeant: (topic: string) => boolean): void {
    for (const topic of this.#topicsOfGroup.get(group) ?? []) {
      const filter = this.#topics.get(topic)?.get(group);
      if (filter === undefined || isDead(filter) || !isMeant(topic)) continue;
      filter.deadTime = nowMs;
      this.#dirty = true;
    }
  }

  #put(filter: Filter): void {
    let filters = this.#topics.get(filter.topic);
    if (filters === undefined) this.#topics.set(filter.topic, filters = new Map());
    const { topic, consumerGroup } = filter;
    if (!filters.has(consumerGroup)) this.#size++;
    filters.set(consumerGroup, filter);
    let topics = this.#topicsOfGroup.get(consumerGroup);
    if (topics === undefined) this.#topicsOfGroup.set(consumerGroup, topics = new Set());
    topics.add(topic);
    this.#dirty = true;
  }

  #remove({ topic, consumerGroup }: Filter): void {
    const filters = this.#topics.get(topic);
    if (filters === undefined || !filters.delete(consumerGroup)) return;
    this.#size--;
    this.#dirty = true;
    if (filters.size === 0) this.#topics.delete(topic);
    const topics = this.#topicsOfGroup.get(consumerGroup);
    topics?.delete(topic);
    if (topics?.size === 0) this.#topicsOfGroup.delete(consumerGroup);
  }
}

/** Source: apache/rocketmq broker ConsumerFilterData.isDead */
function isDead({ bornTime, deadTime }: Filter): boolean {
  return deadTime >= bornTime;
}

/**
 * CONSISTENT_HASH: members on a ring of MD5 positions, each queue to the next member clockwise.
 */

import { createHash } from "node:crypto";
import { type MessageQueue, queueText } from "../message_queue.ts";
import {
  type AllocateMessageQueueStrategy,
  type AllocationInput,
  checkAllocationInput,
  type StrategyPlan,
} from "./strategy.ts";

/** Gives a text its place on the ring. */
export type RingHash = (text: string) => number;

/** Source: apache/rocketmq client/consumer/rebalance/AllocateMessageQueueConsistentHash.java constructor */
const VIRTUAL_NODES_DEFAULT = 10;

/** Moves few queues when members come and go. */
export class AllocateMessageQueueConsistentHash implements AllocateMessageQueueStrategy {
  /** "CONSISTENT_HASH". */
  readonly name = "CONSISTENT_HASH";
  /** Description for a worker; absent with a hash of the application. */
  readonly plan?: StrategyPlan;
  readonly #virtualNodeCount: number;
  readonly #hash: RingHash;

  /**
   * Makes the strategy.
   *
   * @param virtualNodeCount positions of each member on the ring
   * @param hash place on the ring; default the first four bytes of MD5, unsigned
   * @throws {RangeError} when the count is negative
   */
  constructor(virtualNodeCount: number = VIRTUAL_NODES_DEFAULT, hash?: RingHash) {
    if (virtualNodeCount < 0) {
      throw new RangeError(`Cannot build the ring: virtualNodeCount is ${virtualNodeCount}, it must not be negative`);
    }
    this.#virtualNodeCount = virtualNodeCount;
    this.#hash = hash ?? md5Place;
    if (hash === undefined) this.plan = { kind: "CONSISTENT_HASH", virtualNodeCount };
  }

  /**
   * Source: apache/rocketmq common/consistenthash/ConsistentHashRouter.java addNode, routeNode
   *
   * @param input group, member, queues, members
   * @returns the queues whose next place on the ring is this member's
   * @throws {RangeError} when the input is unusable
   */
  allocate(input: AllocationInput): MessageQueue[] {
    if (!checkAllocationInput(input)) return [];
    const owners = new Map<number, string>();
    const added = new Map<string, number>();
    for (const cid of input.cidAll) {
      const first = added.get(cid) ?? 0;
      for (let i = 0; i < this.#virtualNodeCount; i++) owners.set(this.#hash(`${cid}-${first + i}`), cid);
      added.set(cid, first + this.#virtualNodeCount);
    }
    const places = [...owners.keys()].sort((a, b) => a - b);
    if (places.length === 0) return [];
    return input.mqAll.filter((queue) => {
      const place = places[firstAtOrAfter(places, this.#hash(queueText(queue)))] ?? places[0];
      return place !== undefined && owners.get(place) === input.currentCid;
    });
  }
}

function firstAtOrAfter(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function md5Place(text: string): number {
  return createHash("md5").update(text, "utf8").digest().readUInt32BE(0);
}

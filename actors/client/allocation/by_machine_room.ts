/**
 * MACHINE_ROOM and MACHINE_ROOM_NEARBY: queues by the room their broker stands in.
 */

import { type MessageQueue, queueText } from "../message_queue.ts";
import {
  type AllocateMessageQueueStrategy,
  type AllocationInput,
  checkAllocationInput,
  type StrategyPlan,
} from "./strategy.ts";

/** Only queues of brokers named `room@name` whose room is configured; equal blocks, the rest one each from the tail. */
export class AllocateMessageQueueByMachineRoom implements AllocateMessageQueueStrategy {
  /** "MACHINE_ROOM". */
  readonly name = "MACHINE_ROOM";
  /** Description for a worker. */
  readonly plan: StrategyPlan;
  readonly #rooms: ReadonlySet<string>;

  /**
   * Makes the strategy.
   *
   * @param consumeridcs the rooms whose queues may be consumed
   */
  constructor(consumeridcs: Iterable<string>) {
    this.#rooms = new Set(consumeridcs);
    this.plan = { kind: "MACHINE_ROOM", consumeridcs: [...this.#rooms] };
  }

  /**
   * Source: apache/rocketmq client/consumer/rebalance/AllocateMessageQueueByMachineRoom.java allocate
   *
   * @param input group, member, queues, members
   * @returns the member's queues
   * @throws {RangeError} when the input is unusable
   */
  allocate(input: AllocationInput): MessageQueue[] {
    if (!checkAllocationInput(input)) return [];
    const index = input.cidAll.indexOf(input.currentCid);
    const eligible = input.mqAll.filter((queue) => {
      const parts = splitLikeJava(queue.brokerName);
      return parts.length === 2 && this.#rooms.has(parts[0] ?? "");
    });
    const members = input.cidAll.length;
    const share = Math.floor(eligible.length / members);
    const rest = eligible.length % members;
    const result = eligible.slice(share * index, share * index + share);
    const extra = eligible[index + share * members];
    if (rest > index && extra !== undefined) result.push(extra);
    return result;
  }
}

/** Java's `split("@")`: empty pieces at the end do not count. */
function splitLikeJava(text: string): string[] {
  const parts = text.split("@");
  while (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  return parts;
}

/** Says where brokers and members stand. */
export interface MachineRoomResolver {
  /** Room of the queue's broker; must not be empty. */
  brokerDeployIn(queue: MessageQueue): string;
  /** Room of a member; must not be empty. */
  consumerDeployIn(clientId: string): string;
}

/** My room's queues among my room's members by an inner strategy; rooms without members are shared by all. */
export class AllocateMachineRoomNearby implements AllocateMessageQueueStrategy {
  /** "MACHINE_ROOM_NEARBY-" and the inner name. */
  readonly name: string;
  readonly #inner: AllocateMessageQueueStrategy;
  readonly #resolver: MachineRoomResolver;

  /**
   * Makes the strategy.
   *
   * @param inner strategy used inside a room
   * @param resolver where brokers and members stand
   */
  constructor(inner: AllocateMessageQueueStrategy, resolver: MachineRoomResolver) {
    this.#inner = inner;
    this.#resolver = resolver;
    this.name = `MACHINE_ROOM_NEARBY-${inner.name}`;
  }

  /**
   * Source: apache/rocketmq client/consumer/rebalance/AllocateMachineRoomNearby.java allocate
   *
   * @param input group, member, queues, members
   * @returns the member's queues: its own room first, then rooms without members in order of their names
   * @throws {RangeError} when the input is unusable or a room is empty
   */
  allocate(input: AllocationInput): MessageQueue[] {
    if (!checkAllocationInput(input)) return [];
    const queuesByRoom = groupBy(input.mqAll, (queue) => this.#resolver.brokerDeployIn(queue), queueText);
    const membersByRoom = groupBy(input.cidAll, (cid) => this.#resolver.consumerDeployIn(cid), (cid) => cid);
    const mine = this.#resolver.consumerDeployIn(input.currentCid);
    const result: MessageQueue[] = [];
    const near = queuesByRoom.get(mine);
    if (near !== undefined) {
      result.push(...this.#inner.allocate({ ...input, mqAll: near, cidAll: membersByRoom.get(mine) ?? [] }));
    }
    for (const room of [...queuesByRoom.keys()].sort()) {
      if (room === mine || membersByRoom.has(room)) continue;
      result.push(...this.#inner.allocate({ ...input, mqAll: queuesByRoom.get(room) ?? [] }));
    }
    return result;
  }
}

function groupBy<T>(items: readonly T[], roomOf: (item: T) => string, text: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const room = roomOf(item);
    if (room.length === 0) throw new RangeError(`Cannot allocate queues: machine room of ${text(item)} is empty`);
    const group = groups.get(room);
    if (group === undefined) groups.set(room, [item]);
    else group.push(item);
  }
  return groups;
}

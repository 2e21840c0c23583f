/**
 * Which topic has which queues on which broker name, and the mappings of static topics.
 *
 * Owns: topic → broker name → shape, and topic → broker name → mapping.
 * Reads: nothing. Never: knows addresses, clusters or time; `RouteTables` joins them.
 *
 * Invariant: a topic is in the table only while at least one broker name has it.
 */

import type { TopicQueueMappingInfo } from "../../protocol/topic_queue_mapping.ts";
import { assert } from "../../store/assert.ts";
import { QueueShapes, sameShape } from "./queue_shapes.ts";
import {
  PERM_READ_WRITE,
  PERM_WRITE,
  type QueueMapping,
  type QueueShape,
  TOPIC_FLAG_UNIT,
  TOPIC_FLAG_UNIT_SUB,
} from "./route_types.ts";

/** Topic tables. Every change reports its topic. */
export class TopicQueues {
  readonly #topics = new Map<string, Map<string, QueueShape>>();
  readonly #mappings = new Map<string, Map<string, TopicQueueMappingInfo>>();
  readonly #shapes = new QueueShapes();
  readonly #changed: (topic: string) => void;

  /** @param changed Told of every topic whose queues or mappings change. */
  constructor(changed: (topic: string) => void) {
    this.#changed = changed;
  }

  /** Topics known. */
  get size(): number {
    return this.#topics.size;
  }

  /**
   * All topic names, oldest first. Allocates a list.
   *
   * @returns The names.
   */
  names(): string[] {
    return [...this.#topics.keys()];
  }

  /**
   * The queues of a topic.
   *
   * @param topic Its name.
   * @returns Broker name to shape, or undefined when nobody has the topic.
   */
  queuesOf(topic: string): ReadonlyMap<string, QueueShape> | undefined {
    return this.#topics.get(topic);
  }

  /**
   * The mappings of a static topic.
   *
   * @param topic Its name.
   * @returns Broker name to mapping, or undefined when the topic is not static.
   */
  mappingsOf(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    return this.#mappings.get(topic);
  }

  /**
   * Sets the queues of a topic on a broker name.
   *
   * @param topic The topic.
   * @param brokerName The broker name.
   * @param shape Its queues.
   * @param perm Permission instead of the one in `shape`.
   */
  set(topic: string, brokerName: string, shape: QueueShape, perm: number = shape.perm): void {
    const fresh = this.#shapes.intern(shape, perm);
    const queues = this.#topics.get(topic);
    if (queues === undefined) {
      this.#topics.set(topic, new Map([[brokerName, fresh]]));
    } else {
      const known = queues.get(brokerName);
      if (known !== undefined && sameShape(known, fresh)) return;
      queues.set(brokerName, fresh);
    }
    this.#changed(topic);
  }

  /**
   * Sets the mapping of a static topic on the broker that the mapping names.
   *
   * @param mapping The mapping.
   */
  setMapping(mapping: QueueMapping): void {
    const table = this.#mappings.get(mapping.topic);
    if (table === undefined) this.#mappings.set(mapping.topic, new Map([[mapping.brokerName, mapping.info]]));
    else table.set(mapping.brokerName, mapping.info);
    this.#changed(mapping.topic);
  }

  /**
   * Forgets a topic, or only its queues on some broker names. Mappings stay: the next registration may not bring them again.
   *
   * @param topic The topic.
   * @param brokerNames Broker names that lose it; all of them when left out.
   */
  delete(topic: string, brokerNames?: Iterable<string>): void {
    const queues = this.#topics.get(topic);
    if (queues === undefined) return;
    const before = queues.size;
    if (brokerNames === undefined) queues.clear();
    else for (const brokerName of brokerNames) queues.delete(brokerName);
    if (queues.size === 0) this.#topics.delete(topic);
    if (queues.size !== before) this.#changed(topic);
  }

  /**
   * Deletes the topics of a broker name that a registration did not bring.
   *
   * @param brokerName The broker name.
   * @param kept Topics that stay.
   */
  deleteOthers(brokerName: string, kept: ReadonlySet<string>): void {
    for (const [topic, queues] of this.#topics) {
      if (queues.has(brokerName) && !kept.has(topic)) this.delete(topic, [brokerName]);
    }
  }

  /**
   * A broker name is gone with all its replicas. Topics and mappings that nobody else has go with it.
   *
   * @param brokerName The broker name.
   */
  removeBroker(brokerName: string): void {
    for (const [topic, queues] of this.#topics) {
      if (!queues.delete(brokerName)) continue;
      if (queues.size === 0) {
        this.#topics.delete(topic);
        this.#mappings.delete(topic);
      }
      this.#changed(topic);
    }
  }

  /**
   * Clears the write permission of all topics of a broker name.
   *
   * @param brokerName The broker name.
   * @returns Topics that the broker name has.
   * Source: apache/rocketmq namesrv RouteInfoManager.operateWritePermOfBroker.
   */
  wipeWritePermission(brokerName: string): number {
    return this.#setPermission(brokerName, (perm) => perm & ~PERM_WRITE);
  }

  /**
   * Sets the permission of all topics of a broker name to read and write, whatever it was.
   *
   * @param brokerName The broker name.
   * @returns Topics that the broker name has.
   * Source: apache/rocketmq namesrv RouteInfoManager.operateWritePermOfBroker.
   */
  addWritePermission(brokerName: string): number {
    return this.#setPermission(brokerName, () => PERM_READ_WRITE);
  }

  /**
   * Topics of some broker names.
   *
   * @param brokerNames The broker names.
   * @returns Topic names, each once.
   */
  namesOn(brokerNames: ReadonlySet<string>): string[] {
    const names: string[] = [];
    for (const [topic, queues] of this.#topics) {
      for (const brokerName of queues.keys()) {
        if (!brokerNames.has(brokerName)) continue;
        names.push(topic);
        break;
      }
    }
    return names;
  }

  /**
   * Topics by their unit flags; the flags of the first broker name count, as in RocketMQ.
   *
   * @param wanted Which list: `unit`, `unit-sub`, or `unit-sub-only` (the second without the first).
   * @returns Topic names.
   */
  namesByUnit(wanted: "unit" | "unit-sub" | "unit-sub-only"): string[] {
    const names: string[] = [];
    for (const [topic, queues] of this.#topics) {
      const first = queues.values().next().value;
      if (first === undefined) continue;
      const unit = (first.topicSysFlag & TOPIC_FLAG_UNIT) !== 0;
      const unitSub = (first.topicSysFlag & TOPIC_FLAG_UNIT_SUB) !== 0;
      if (wanted === "unit" ? unit : unitSub && !(wanted === "unit-sub-only" && unit)) names.push(topic);
    }
    return names;
  }

  /**
   * Asserts that no topic is without queues and that every broker name is known.
   *
   * @param isKnown Whether a broker name exists.
   */
  check(isKnown: (brokerName: string) => boolean): void {
    for (const [topic, queues] of this.#topics) {
      if (queues.size === 0) assert(false, `Topic "${topic}" has no queues`);
      for (const brokerName of queues.keys()) {
        if (!isKnown(brokerName)) assert(false, `Topic "${topic}" names unknown broker "${brokerName}"`);
      }
    }
  }

  #setPermission(brokerName: string, permOf: (perm: number) => number): number {
    let count = 0;
    for (const [topic, queues] of this.#topics) {
      const shape = queues.get(brokerName);
      if (shape === undefined) continue;
      count++;
      const perm = permOf(shape.perm);
      if (perm === shape.perm) continue;
      queues.set(brokerName, this.#shapes.intern(shape, perm));
      this.#changed(topic);
    }
    return count;
  }
}

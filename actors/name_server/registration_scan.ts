/**
 * Reads the JSON of a registration topic by topic.
 *
 * Owns: the step from bytes to topics. Reads: the body. Never: builds the tree of the whole body. A table of a hundred thousand
 * topics is 16 MiB of JSON and three hundred as objects, which a collector that thinks the machine is large leaves lying about
 * for several registrations; of one topic it is a few hundred bytes that are gone with the next short collection.
 */

import type { FastValue } from "../../protocol/fast_value.ts";
import { parseFastJson } from "../../protocol/fast_json.ts";
import { walkMembers } from "../../protocol/json_extent.ts";
import { type RegisterBrokerBody, registerBrokerBodyJson } from "../../protocol/register_broker.ts";
import { topicConfigJson } from "../../protocol/topic_config.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { TopicShape } from "./route_types.ts";

/** A registration whose topics were read apart from the rest. */
export interface ScannedRegistration {
  readonly topics: readonly TopicShape[];
  /** Everything else; its topic table is empty. */
  readonly rest: RegisterBrokerBody;
}

/** Names of the two members that lead to the topics. Source: apache/rocketmq remoting/protocol/body/RegisterBrokerBody.java */
const WRAPPER_FIELD = "topicConfigSerializeWrapper";
const TABLE_FIELD = "topicConfigTable";

/**
 * Reads a registration of version 37 or later.
 *
 * @param body JSON.
 * @returns The registration, or undefined when the JSON is not strict enough for this way: the lenient reader takes it then.
 * @throws {ProtocolError} when a field is wrong.
 */
export function scanRegistration(body: Uint8Array): ScannedRegistration | undefined {
  const topics: TopicShape[] = [];
  const outer: Record<string, FastValue> = {};
  const wrapper: Record<string, FastValue> = {};
  const isTaken = walkMembers(body, 0, body.length, (field, start, end) => {
    if (Object.hasOwn(outer, field)) return false;
    if (field !== WRAPPER_FIELD) return keep(outer, field, body, start, end);
    outer[field] = wrapper;
    return walkMembers(body, start, end, (inner, innerStart, innerEnd) => {
      if (Object.hasOwn(wrapper, inner)) return false;
      if (inner !== TABLE_FIELD) return keep(wrapper, inner, body, innerStart, innerEnd);
      wrapper[inner] = {};
      return walkMembers(body, innerStart, innerEnd, (topic, topicStart, topicEnd) => {
        const shape = shapeOf(topic, body, topicStart, topicEnd);
        if (shape !== undefined) topics.push(shape);
        return shape !== undefined;
      });
    });
  });
  return isTaken ? { topics, rest: registerBrokerBodyJson.read(outer, "") } : undefined;
}

/** Numbers of the rest may be longer than a double holds, which the lenient reader knows. */
function keep(into: Record<string, FastValue>, field: string, body: Uint8Array, start: number, end: number): boolean {
  into[field] = parseFastJson(decodeUtf8(body, start, end));
  return true;
}

/** The platform's parser takes a third of the time of the lenient one. */
function shapeOf(topic: string, body: Uint8Array, start: number, end: number): TopicShape | undefined {
  let value: FastValue;
  try {
    value = JSON.parse(decodeUtf8(body, start, end)) as FastValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const config = topicConfigJson.read(value, `${WRAPPER_FIELD}.${TABLE_FIELD}.${topic}`);
  const { topicName, readQueueNums, writeQueueNums, perm, topicSysFlag } = config;
  return { topicName, readQueueNums, writeQueueNums, perm, topicSysFlag };
}
